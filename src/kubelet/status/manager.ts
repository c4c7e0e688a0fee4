// Writes pod statuses to the API. Upstream: pkg/kubelet/status/status_manager.go.
//
// Contract: for each pod the newest status given is written, in order, one request at a time; a status that says nothing new is not
// written. A failed write is tried again. A pod whose deletion was asked for and whose resources are gone is removed from the API.

import { type Pod, type PodCondition, type PodStatus, pods } from "../../api/index.ts";
import { type Clock, isAbort, type Logger, share, type Timer } from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import { deepEqual, formatTime, isConflict, isNotFound } from "../../machinery/index.ts";
import { isStaticPod, isTerminalPhase } from "../pod.ts";
import { statusPatch } from "./patch.ts";

export interface StatusManager {
  /** The last status given, or undefined. */
  get(uid: string): PodStatus | undefined;
  /** `held`: containers may still run, so a terminal phase is not written yet. */
  set(pod: Pod, status: PodStatus, options?: { readonly held?: boolean }): void;
  /** The pod's resources on this node are gone: no more statuses come, and the API object may go when it is to be deleted. */
  finish(pod: Pod): void;
  /** The API object is gone. */
  forget(uid: string): void;
  /** The API's copy changed: statuses are compared with it from now on. */
  observe(pod: Pod): void;
  /** Resolves when everything given so far is written or given up. */
  flush(): Promise<void>;
}

export interface StatusManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Tells a pod's workers that its finished object is gone. */
  readonly onDeleted?: (uid: string) => void;
}

interface Entry {
  pod: Pod;
  /** As given, with times. */
  status: PodStatus | undefined;
  /** Containers may still run: a terminal phase is kept back. */
  held: boolean;
  dirty: boolean;
  finished: boolean;
  writing: Promise<void> | undefined;
  retry: Timer | undefined;
  failures: number;
}

const timed = new Set([
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
  "AllContainersRestarting",
  "PodResizePending",
  "PodResizeInProgress",
]);

export function createStatusManager(options: StatusManagerOptions): StatusManager {
  const { clock, signal } = options;
  const entries = new Map<string, Entry>();

  const entryOf = (pod: Pod): Entry => {
    const known = entries.get(pod.metadata.uid);
    if (known !== undefined) {
      if (Number(pod.metadata.resourceVersion) >= Number(known.pod.metadata.resourceVersion)) known.pod = pod;
      return known;
    }
    const made: Entry = {
      pod,
      status: undefined,
      held: false,
      dirty: false,
      finished: false,
      writing: undefined,
      retry: undefined,
      failures: 0,
    };
    entries.set(pod.metadata.uid, made);
    return made;
  };

  const kick = (entry: Entry): void => {
    if (signal.aborted || entry.writing !== undefined || entry.retry !== undefined) return;
    entry.writing = drain(entry).finally(() => {
      entry.writing = undefined;
    });
  };

  const drain = async (entry: Entry): Promise<void> => {
    while (entry.dirty && !signal.aborted) {
      entry.dirty = false;
      try {
        await write(entry);
        entry.failures = 0;
      } catch (error) {
        if (isAbort(error, signal)) return;
        entry.dirty = true;
        options.log.warn("pod status is not written yet", {
          pod: `${entry.pod.metadata.namespace}/${entry.pod.metadata.name}`,
          error,
        });
        const delayMs = Math.min(10_000, 100 * 2 ** Math.min(entry.failures++, 7));
        entry.retry = clock.setTimeout(
          () => {
            entry.retry = undefined;
            kick(entry);
          },
          delayMs,
          { background: true },
        );
        return;
      }
    }
  };

  const write = async (entry: Entry): Promise<void> => {
    const client = options.client.of(pods);
    // A static pod shows itself as its mirror, which may not be there yet.
    const shown = isStaticPod(entry.pod)
      ? await client.find(entry.pod.metadata as { namespace: string; name: string })
      : entry.pod;
    if (shown === undefined) return;
    const { namespace, name, uid } = shown.metadata;
    if (entry.status !== undefined) {
      const patch = statusPatch(shown.status, shownStatus(entry, shown));
      if (patch !== undefined) {
        try {
          const written = await client.patch(
            { namespace, name },
            { metadata: { uid }, status: patch },
            { type: "strategic", subresource: "status" },
          );
          if (shown === entry.pod) entry.pod = written;
        } catch (error) {
          if (isNotFound(error) || isConflict(error)) return gone(uid);
          throw error;
        }
      }
    }
    if (!entry.finished || entry.pod.metadata.deletionTimestamp === undefined) return;
    try {
      await client.delete({ namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    gone(uid);
  };

  const gone = (uid: string): void => {
    const entry = entries.get(uid);
    if (entry?.finished) entries.delete(uid);
    options.onDeleted?.(uid);
  };

  return {
    get: (uid) => entries.get(uid)?.status,
    set(pod, status, { held = false } = {}) {
      const entry = entryOf(pod);
      if (entry.finished) return;
      const next = completed({ pod, status, before: entry.status ?? pod.status, now: formatTime(clock.now()) });
      if (entry.status !== undefined && entry.held === held && deepEqual(entry.status, next)) return;
      entry.held = held;
      entry.status = share(next);
      entry.dirty = true;
      kick(entry);
    },
    finish(pod) {
      const entry = entryOf(pod);
      if (!entry.finished) {
        entry.finished = true;
        const before = entry.status ?? pod.status ?? {};
        entry.held = false;
        entry.status = completed({ pod, status: terminated(before), before, now: formatTime(clock.now()) });
      }
      entry.dirty = true;
      kick(entry);
    },
    forget(uid) {
      const entry = entries.get(uid);
      entry?.retry?.cancel();
      if (entry !== undefined) entry.dirty = false;
      entries.delete(uid);
    },
    observe(pod) {
      const entry = entries.get(pod.metadata.uid);
      if (entry === undefined) return;
      if (Number(pod.metadata.resourceVersion) < Number(entry.pod.metadata.resourceVersion)) return;
      entry.pod = pod;
      const drifted = entry.status !== undefined && statusPatch(pod.status, shownStatus(entry, pod)) !== undefined;
      if (!drifted && !(entry.finished && pod.metadata.deletionTimestamp !== undefined)) return;
      entry.dirty = true;
      kick(entry);
    },
    async flush() {
      for (const entry of entries.values()) await entry.writing;
    },
  };
}

interface Completion {
  readonly pod: Pod;
  readonly status: PodStatus;
  readonly before: PodStatus | undefined;
  readonly now: string;
}

/** Times of conditions and start, generation, limits on messages. */
function completed({ pod, status, before, now }: Completion): PodStatus {
  const conditions = status.conditions?.map((condition) => {
    if (!timed.has(condition.type)) return condition;
    const old = before?.conditions?.find((each) => each.type === condition.type);
    const lastTransitionTime =
      old !== undefined && old.status === condition.status ? (old.lastTransitionTime ?? now) : now;
    return { ...condition, lastTransitionTime };
  });
  const out: PodStatus = {
    ...status,
    ...(conditions === undefined ? {} : { conditions: dropDoubles(conditions) }),
    startTime: before?.startTime ?? now,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
  };
  return out;
}

/** While containers may run, the API keeps seeing the phase it saw, and nothing that is ready. */
function shownStatus(entry: Entry, shown: Pod): PodStatus {
  const status = entry.status!;
  if (!entry.held || !isTerminalPhase(status.phase) || isTerminalPhase(shown.status?.phase)) return status;
  const { phase = "Pending", reason, message } = shown.status ?? {};
  const { reason: _reason, message: _message, ...rest } = status;
  return { ...rest, phase, ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
}

const dropDoubles = (conditions: readonly PodCondition[]): PodCondition[] => [
  ...new Map(conditions.map((each) => [each.type, each])).values(),
];

/** Whatever did not end by itself counts as lost: nothing of the pod runs any more. Upstream: TerminatePod. */
function terminated(status: PodStatus): PodStatus {
  const lost = {
    terminated: {
      exitCode: 137,
      reason: "ContainerStatusUnknown",
      message: "The container could not be located when the pod was terminated",
    },
  };
  const ended = (list: PodStatus["containerStatuses"]): PodStatus["containerStatuses"] =>
    list?.map((each) =>
      each.state?.terminated !== undefined ? each : { ...each, state: lost, ready: false, started: false },
    );
  const hasRun =
    status.containerStatuses?.some(
      (each) => each.started === true || each.state?.running !== undefined || each.state?.terminated !== undefined,
    ) === true;
  const out = { ...status };
  if (hasRun && status.containerStatuses !== undefined) out.containerStatuses = ended(status.containerStatuses);
  const initHasRun = status.initContainerStatuses?.map(
    (each) =>
      each.state?.terminated !== undefined ||
      each.state?.running !== undefined ||
      each.lastState?.terminated !== undefined,
  );
  const last = initHasRun?.lastIndexOf(true) ?? -1;
  if (last >= 0 && status.initContainerStatuses !== undefined)
    out.initContainerStatuses = [
      ...ended(status.initContainerStatuses.slice(0, last + 1))!,
      ...status.initContainerStatuses.slice(last + 1),
    ];
  if (!isTerminalPhase(status.phase)) out.phase = "Failed";
  return out;
}
