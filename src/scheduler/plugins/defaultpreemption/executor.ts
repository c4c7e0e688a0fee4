// Makes room behind the scheduling loop: marks and deletes the victims, the last one alone, so that its deletion is the event that
// brings the waiting pod back. Upstream: framework/preemption executor (asynchronous preemption, KEP-4832).
import type { Pod } from "../../../api/index.ts";
import { isNotFound } from "../../../machinery/index.ts";
import type { Candidate } from "../../framework.ts";
import type { Handle } from "../../handle.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";

export interface Executor {
  start(preemptor: Pod, candidate: Candidate): void;
  /** Is room still being made for this pod? */
  isRunning(uid: string): boolean;
}

export function createExecutor(handle: Handle): Executor {
  const running = new Map<string, Preemption>();
  const isSeen = ({ namespace, name, uid }: PodInfo): boolean => {
    const now = handle.listers.pods.get(namespace, name);
    return now === undefined || now.metadata.uid !== uid || isLeaving(now);
  };
  /** Asked at every end of a pod, about every pod that waits: the last victim is the one to tell soonest that it is not over. */
  const isOver = ({ lastStarted, victims }: Preemption): boolean =>
    lastStarted && isSeen(victims.at(-1)!) && victims.every(isSeen);
  return {
    start: (preemptor, candidate) => {
      const victims = candidate.victims.filter((victim) => !victim.terminating);
      if (victims.length === 0) return;
      handle.metrics.preemptionVictims.observe(candidate.victims.length);
      for (const [uid, each] of running) if (isOver(each)) running.delete(uid);
      const preemption: Preemption = { victims, lastStarted: false };
      running.set(preemptor.metadata.uid, preemption);
      const lastStarts = (): void => {
        preemption.lastStarted = true;
      };
      makeRoom(handle, preemptor, { nodeName: candidate.nodeName, victims, lastStarts }).then(
        (lastWas) => {
          // What would have brought the pod back may have come before it was waited for.
          if (lastWas === "gone") handle.activate(preemptor);
        },
        (error: unknown) => {
          running.delete(preemptor.metadata.uid);
          handle.log.error("preemption failed, the pod is tried again", { pod: preemptor.metadata.name, error });
          handle.activate(preemptor);
        },
      );
    },
    isRunning: (uid) => {
      const preemption = running.get(uid);
      if (preemption === undefined) return false;
      if (!isOver(preemption)) return true;
      running.delete(uid);
      return false;
    },
  };
}

/** Takes its time to end. Without a grace period it is going to be gone with the next event: no time to try the other pod. */
const isLeaving = ({ metadata }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined &&
  (metadata.deletionGracePeriodSeconds !== 0 || (metadata.finalizers?.length ?? 0) > 0);

/**
 * It runs until the victims are seen to leave. Upstream ends it with the last answer of the API server; but the watch may come after
 * that answer, and a pod that is tried between the two sees its victims in their places and evicts them a second time.
 */
interface Preemption {
  readonly victims: readonly PodInfo[];
  lastStarted: boolean;
}

interface Room {
  readonly nodeName: string;
  readonly victims: readonly PodInfo[];
  readonly lastStarts: () => void;
}

async function makeRoom(
  handle: Handle,
  preemptor: Pod,
  { nodeName, victims, lastStarts }: Room,
): Promise<"there" | "gone"> {
  const priority = preemptor.spec?.priority ?? 0;
  const outranked = handle.nominatedOn(nodeName).filter((other) => other.priority < priority);
  const cleared = await Promise.allSettled(
    outranked.map((other) => handle.effects.patchStatus(other.pod, { nominatedNodeName: "" })),
  );
  for (const result of cleared)
    if (result.status === "rejected")
      handle.log.warn("nomination of a pod of lower priority stays", { node: nodeName, error: result.reason });
  const last = victims.at(-1)!;
  await Promise.all(victims.slice(0, -1).map((victim) => evict(handle, preemptor, { victim, nodeName })));
  lastStarts();
  return evict(handle, preemptor, { victim: last, nodeName });
}

async function evict(
  { effects }: Handle,
  preemptor: Pod,
  { victim, nodeName }: { victim: PodInfo; nodeName: string },
): Promise<"there" | "gone"> {
  const { pod } = victim;
  try {
    await effects.patchStatus(pod, {
      condition: {
        type: "DisruptionTarget",
        ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
        status: "True",
        reason: "PreemptionByScheduler",
        message: `${preemptor.spec?.schedulerName ?? "default-scheduler"}: preempting to accommodate a higher priority pod`,
      },
    });
    await effects.deletePod(pod);
  } catch (error) {
    if (isNotFound(error)) return "gone";
    throw error;
  }
  effects.event(pod, {
    type: "Normal",
    reason: "Preempted",
    action: "Preempting",
    message: `Preempted by pod ${preemptor.metadata.uid} on node ${nodeName}`,
    related: preemptor,
  });
  return "there";
}
