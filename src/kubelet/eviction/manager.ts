// Watches what the node has left, tells pressure, and puts pods out before the kernel does. Upstream: pkg/kubelet/eviction/eviction_manager.go.

import type { Pod } from "../../api/index.ts";
import { isAbort, pause, together } from "../../base/index.ts";
import { type KubeletContext, podEvent } from "../context.ts";
import { collectContainers } from "../gc/containers.ts";
import type { ImageCollector } from "../gc/images.ts";
import { containerNameLabel, podUidLabel } from "../labels.ts";
import type { Pressure } from "../nodestatus/status.ts";
import { podUid } from "../pod.ts";
import type { PodWorkers } from "../pods/workers.ts";
import { exceeded, isLimited, localUses } from "./local-storage.ts";
import {
  evictionMessage,
  mayEvict,
  metThresholds,
  type Observations,
  type PodUse,
  type PressureName,
  pressureOf,
  rank,
  type Threshold,
  thresholdsOf,
} from "./plan.ts";

export interface EvictionManager {
  pressure(): Pressure;
  run(signal: AbortSignal): Promise<void>;
}

export interface EvictionOptions {
  readonly workers: () => PodWorkers;
  readonly images: ImageCollector;
  readonly pressureChanged: () => void;
}

/** Hard eviction leaves no time. */
const graceSeconds = 1;

export function createEvictionManager(context: KubeletContext, options: EvictionOptions): EvictionManager {
  const { clock, config, log } = context;
  const thresholds = thresholdsOf(config.evictionHard);
  /** Monotonic time at which a pressure was last seen. */
  const seenMs = new Map<PressureName, number>();
  const under = (name: PressureName): boolean => {
    const last = seenMs.get(name);
    return last !== undefined && clock.monotonic() - last < config.evictionPressureTransitionPeriodSeconds * 1000;
  };
  const pressure = (): Pressure => ({ memory: under("memory"), disk: under("disk"), pid: under("pid") });

  const check = async (): Promise<void> => {
    const before = JSON.stringify(pressure());
    const observed = await observe(context);
    const met = metThresholds(thresholds, observed);
    for (const { signal } of met) seenMs.set(pressureOf(signal), clock.monotonic());
    if (JSON.stringify(pressure()) !== before) options.pressureChanged();
    // Whoever passed a limit of its own goes before anybody goes for the node's sake.
    if (await evictBeyondLimits()) return;
    // Memory first, as upstream sorts; a disk may be had back without putting anybody out.
    const first = met.find((each) => each.signal === "memory.available") ?? met[0];
    if (first === undefined) return;
    if (pressureOf(first.signal) === "disk") {
      await reclaim();
      if (!metThresholds([first], await observe(context)).includes(first)) return;
    }
    await evictOne(first);
  };

  /** What nobody uses. Where it cannot be had, pods go all the same. */
  const reclaim = async (): Promise<void> => {
    try {
      await collectContainers(context);
      await options.images.collectAll();
    } catch (error) {
      log.warn("not all that nobody uses is removed", { error });
    }
  };

  /** Pods that are not on their way out yet. */
  const staying = (wanted: (pod: Pod) => boolean): Pod[] =>
    options
      .workers()
      .active()
      .filter((pod) => options.workers().phase(podUid(pod)) === "sync" && wanted(pod));

  /** Hardly any pod has limits of its own: all are asked when one of them has changed, not each time. */
  let asked = { changes: -1, limited: false };
  const someAreLimited = (): boolean => {
    const changes = options.workers().changes();
    if (changes !== asked.changes) asked = { changes, limited: options.workers().all().some(isLimited) };
    return asked.limited;
  };

  const evictBeyondLimits = async (): Promise<boolean> => {
    if (!someAreLimited()) return false;
    const limited = staying((pod) => isLimited(pod) && mayEvict(pod));
    const uses = await localUses(context, limited);
    const messages = limited.flatMap((pod) => {
      const use = uses.get(podUid(pod));
      const message = use === undefined ? undefined : exceeded(pod, use);
      return message === undefined ? [] : [{ pod, message }];
    });
    for (const { pod, message } of messages) {
      podEvent(context, pod, { type: "Warning", reason: "Evicted", message });
      options.workers().evict(podUid(pod), { reason: "Evicted", message, graceSeconds, ownDoing: true });
    }
    return messages.length > 0;
  };

  const evictOne = async (threshold: Threshold): Promise<void> => {
    const candidates = staying(() => true);
    const uses = await usesOf(context, candidates);
    const observation = (await observe(context))[threshold.signal];
    const pod = rank(candidates, uses, threshold.signal)[0];
    if (pod === undefined || observation === undefined) return;
    const message = evictionMessage({ threshold, observation, pod, use: uses.get(podUid(pod)) });
    podEvent(context, pod, { type: "Warning", reason: "Evicted", message });
    options.workers().evict(podUid(pod), { reason: "Evicted", message, graceSeconds });
  };

  return {
    pressure,
    async run(signal) {
      while (!signal.aborted) {
        await check().catch((error: unknown) => {
          if (!isAbort(error, signal)) log.warn("what the node has left is not known", { error });
        });
        await pause(clock, together(clock, config.evictionMonitoringPeriodSeconds * 1000), signal);
      }
    },
  };
}

async function observe({ host, config }: KubeletContext): Promise<Observations> {
  const [memory, machine, disk, processes] = await Promise.all([
    host.memory(),
    host.machine(),
    host.filesystem(config.rootDirectory),
    host.processes(),
  ]);
  const space = { available: disk.availableBytes, capacity: disk.capacityBytes };
  const inodes = { available: disk.inodesFree, capacity: disk.inodes };
  return {
    "memory.available": { available: memory.availableBytes, capacity: machine.memoryBytes },
    "nodefs.available": space,
    "imagefs.available": space,
    // File systems that make inodes as they need them report none.
    ...(disk.inodes > 0 ? { "nodefs.inodesFree": inodes, "imagefs.inodesFree": inodes } : {}),
    "pid.available": { available: processes.max - processes.running, capacity: processes.max },
  };
}

async function usesOf({ runtime }: KubeletContext, pods: readonly Pod[]): Promise<Map<string, PodUse>> {
  const [stats, containers] = await Promise.all([
    runtime.listContainerStats(),
    runtime.listContainers({ state: "running" }),
  ]);
  const byId = new Map(stats.map((each) => [each.id, each]));
  const uses = new Map<string, PodUse>();
  for (const pod of pods) {
    const own = containers.filter((each) => each.labels[podUidLabel] === podUid(pod));
    const used = own.map((each) => ({
      name: each.labels[containerNameLabel] ?? each.name,
      memoryBytes: byId.get(each.id)?.memoryWorkingSetBytes ?? 0,
      diskBytes: byId.get(each.id)?.writableLayerUsedBytes ?? 0,
    }));
    const sum = (of: (each: (typeof used)[number]) => number): number =>
      used.reduce((total, each) => total + of(each), 0);
    uses.set(podUid(pod), {
      memoryBytes: sum((each) => each.memoryBytes),
      diskBytes: sum((each) => each.diskBytes),
      processes: own.length,
      containers: used,
    });
  }
  return uses;
}
