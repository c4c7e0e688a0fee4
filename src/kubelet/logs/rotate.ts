// Keeps log files of running containers small. Upstream: pkg/kubelet/logs/container_log_manager.go: `0.log.20260102-030405.gz` beside `0.log`.
import type { KubeletContext } from "../context.ts";

export interface RotationPlan {
  /** Oldest first. */
  readonly remove: readonly string[];
  readonly compress: readonly string[];
}

/** What to do with the rotated files of one log before the next rotation, so that at most `maxFiles` with the present one remain. */
export function rotationPlan(rotated: readonly string[], maxFiles: number): RotationPlan {
  const unfinished = rotated.filter((each) => each.endsWith(".tmp"));
  const whole = rotated.filter((each) => !each.endsWith(".tmp")).sort();
  const excess = Math.max(0, whole.length - Math.max(0, maxFiles - 2));
  const kept = whole.slice(excess);
  return { remove: [...unfinished, ...whole.slice(0, excess)], compress: kept.filter((each) => !each.endsWith(".gz")) };
}

const stampOf = (nowMs: number): string =>
  new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");

/** A log that cannot be rotated, e.g. since its container has just ended, keeps none of the others. */
export async function rotateLogs(context: KubeletContext): Promise<void> {
  for (const { id } of await context.runtime.listContainers({ state: "running" }))
    await rotateLog(context, id).catch((error: unknown) =>
      context.log.warn("a log is not rotated", { container: id, error }),
    );
}

async function rotateLog({ runtime, host, config, clock }: KubeletContext, id: string): Promise<void> {
  const { logPath } = await runtime.containerStatus(id);
  const stat = await host.files.stat(logPath);
  if (stat === undefined || stat.size < config.containerLogMaxSizeBytes) return;
  const slash = logPath.lastIndexOf("/");
  const [directory, name] = [logPath.slice(0, slash), logPath.slice(slash + 1)];
  const rotated = (await host.files.list(directory)).filter((each) => each.startsWith(`${name}.`));
  const plan = rotationPlan(rotated, config.containerLogMaxFiles);
  for (const each of plan.remove) await host.files.remove(`${directory}/${each}`);
  for (const each of plan.compress) await host.compress(`${directory}/${each}`);
  const aside = `${logPath}.${stampOf(clock.now())}`;
  await host.files.rename(logPath, aside);
  try {
    await runtime.reopenContainerLog(id);
  } catch (error) {
    // The container still writes to the file that was moved: put it back, or what it says is lost.
    await host.files.rename(aside, logPath);
    throw error;
  }
}
