// Reads what the runtime has of one pod. What ended does not change any more, so its details are asked for once.
import { type ContainerStatus, RuntimeError } from "../../runtime/index.ts";
import type { KubeletContext } from "../context.ts";
import {
  hashAnnotation,
  restartCountAnnotation,
  terminationMessagePathAnnotation,
  terminationMessagePolicyAnnotation,
} from "../labels.ts";
import type { ObservedContainer, ObservedPod } from "../observed.ts";

export interface Observer {
  observe(podUid: string): Promise<ObservedPod>;
  forget(podUid: string): void;
}

export function createObserver(context: KubeletContext): Observer {
  const ended = new Map<string, Map<string, ObservedContainer>>();
  /** Addresses outlive the sandbox: what has ended still tells where it was. */
  const addresses = new Map<string, readonly string[]>();
  return {
    async observe(podUid) {
      const { runtime } = context;
      const [sandboxes, containers] = await Promise.all([
        runtime.listPodSandboxes({ podUid }),
        runtime.listContainers({ podUid }),
      ]);
      const known = ended.get(podUid) ?? new Map<string, ObservedContainer>();
      const details = await Promise.all(
        containers.map(
          async ({ id }) =>
            known.get(id) ?? absentIsUndefined(runtime.containerStatus(id).then((status) => enriched(context, status))),
        ),
      );
      const states = await Promise.all(sandboxes.map(({ id }) => absentIsUndefined(runtime.podSandboxStatus(id))));
      const found = details.filter((each) => each !== undefined).sort(newestFirst);
      const finished = found.filter((each) => each.state === "exited");
      if (finished.length > 0) ended.set(podUid, new Map(finished.map((each) => [each.id, each])));
      else ended.delete(podUid);
      const newest = states.filter((each) => each !== undefined).sort(newestFirst);
      const ready = newest.find((each) => each.state === "ready");
      if (ready !== undefined && ready.ips.length > 0) addresses.set(podUid, ready.ips);
      const ips = ready?.ips ?? addresses.get(podUid) ?? [];
      return { uid: podUid, ips, sandboxes: newest, containers: found };
    },
    forget(podUid) {
      ended.delete(podUid);
      addresses.delete(podUid);
    },
  };
}

/**
 * By what was counted, then by what the clock said: a machine whose clock was set back would take its old, dead sandbox for
 * the newest, and make another, for ever. Attempts grow for the sandboxes of a pod and for the containers of one name.
 */
export const newestFirst = (
  a: { readonly attempt: number; readonly createdAtMs: number },
  b: { readonly attempt: number; readonly createdAtMs: number },
): number => b.attempt - a.attempt || b.createdAtMs - a.createdAtMs;

/** Removed between the list and the question. */
async function absentIsUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

async function enriched(context: KubeletContext, status: ContainerStatus): Promise<ObservedContainer> {
  const restartCount = Number(status.annotations[restartCountAnnotation] ?? status.attempt);
  const base = { ...status, attempt: restartCount, hash: status.annotations[hashAnnotation] };
  if (status.state !== "exited" || !context.config.materializePods) return base;
  const said = await terminationMessage(context, status);
  if (said === "") return base;
  return { ...base, message: status.message === "" ? said : `${status.message}: ${said}` };
}

const longestMessage = 4096;
const longestLogTail = 2048;
const mostLogLines = 80;

async function terminationMessage(context: KubeletContext, status: ContainerStatus): Promise<string> {
  const { files } = context.host;
  const path = status.annotations[terminationMessagePathAnnotation];
  const mount = path === undefined ? undefined : status.mounts.find((each) => each.containerPath === path);
  if (mount !== undefined) {
    const stat = await files.stat(mount.hostPath);
    if (stat?.type === "file" && stat.size > 0) {
      const bytes = await files.readAt(mount.hostPath, Math.max(0, stat.size - longestMessage), longestMessage);
      return new TextDecoder().decode(bytes);
    }
  }
  const fallback =
    status.annotations[terminationMessagePolicyAnnotation] === "FallbackToLogsOnError" &&
    status.exitCode !== 0 &&
    status.reason !== "ContainerCannotRun";
  if (!fallback) return "";
  const stat = await files.stat(status.logPath);
  if (stat === undefined) return "";
  // The log holds a stamp of some 45 characters in front of every line: read enough to have the tail without them.
  const window = longestLogTail + mostLogLines * 64;
  const text = new TextDecoder().decode(await files.readAt(status.logPath, Math.max(0, stat.size - window), window));
  const lines = text.split("\n").filter((line) => line !== "");
  const content = lines
    .slice(-mostLogLines)
    .map((line) => /^\S+ (?:stdout|stderr) ([FP])(?::\S*)? (.*)$/.exec(line))
    .filter((match) => match !== null)
    .map((match) => match[2] + (match[1] === "F" ? "\n" : ""))
    .join("");
  return content.slice(-longestLogTail);
}
