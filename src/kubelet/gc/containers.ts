// Dead containers and sandboxes that nobody needs any more. Upstream: kuberuntime_gc.go. The choice is a plain function.

import type { Container, PodSandbox } from "../../runtime/index.ts";
import type { KubeletContext } from "../context.ts";
import { containerNameLabel, podUidLabel } from "../labels.ts";
import { newestFirst } from "../sync/observe.ts";

export interface GarbageInput {
  readonly containers: readonly Container[];
  readonly sandboxes: readonly PodSandbox[];
  /** Dead containers kept for each container of a pod: their logs are what `--previous` shows. */
  readonly keep: number;
}

export interface Garbage {
  readonly containers: readonly string[];
  readonly sandboxes: readonly string[];
}

/** Of each container the newest dead ones stay; of each pod the newest sandbox, and any that has containers. */
export function garbage({ containers, sandboxes, keep }: GarbageInput): Garbage {
  const dead = new Map<string, Container[]>();
  for (const each of containers) {
    if (each.state === "running") continue;
    const key = `${each.labels[podUidLabel]}/${each.labels[containerNameLabel]}`;
    dead.set(key, [...(dead.get(key) ?? []), each]);
  }
  const removed = [...dead.values()]
    .flatMap((list) => list.sort(newestFirst).slice(keep))
    .filter((each) => each.state === "exited");
  const gone = new Set(removed.map((each) => each.id));
  const used = new Set(containers.filter((each) => !gone.has(each.id)).map((each) => each.sandboxId));
  const byPod = new Map<string, PodSandbox[]>();
  for (const each of sandboxes) byPod.set(each.uid, [...(byPod.get(each.uid) ?? []), each]);
  const old = [...byPod.values()]
    .flatMap((list) => list.sort(newestFirst).slice(1))
    .filter((each) => each.state === "notReady" && !used.has(each.id));
  return { containers: [...gone], sandboxes: old.map((each) => each.id) };
}

export async function collectContainers(context: KubeletContext): Promise<void> {
  const { runtime, config } = context;
  const [containers, sandboxes] = await Promise.all([runtime.listContainers(), runtime.listPodSandboxes()]);
  const found = garbage({ containers, sandboxes, keep: config.maxContainersPerPod });
  /** What cannot be removed keeps nothing else. */
  const attempt = (id: string, work: () => Promise<void>): Promise<void> =>
    work().catch((error: unknown) => context.log.warn("what ended is not removed from the runtime", { id, error }));
  for (const id of found.containers)
    await attempt(id, async () => {
      const { logPath } = await runtime.containerStatus(id);
      await runtime.removeContainer(id);
      if (config.materializePods) await context.host.files.remove(logPath);
    });
  for (const id of found.sandboxes) await attempt(id, () => runtime.removePodSandbox(id));
}
