// /stats/summary and the resource metrics. Upstream: pkg/kubelet/server/stats, stats/v1alpha1.
import type { Pod } from "../../api/index.ts";
import { formatTime } from "../../machinery/index.ts";
import type { ContainerStats } from "../../runtime/index.ts";
import type { KubeletContext } from "../context.ts";
import { containerNameLabel, podUidLabel } from "../labels.ts";
import { podUid } from "../pod.ts";

interface Cpu {
  readonly time: string;
  readonly usageNanoCores: number;
  readonly usageCoreNanoSeconds: number;
}
interface Memory {
  readonly time: string;
  readonly usageBytes: number;
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly availableBytes?: number;
}

export interface ContainerUsage {
  readonly name: string;
  readonly startTime: string;
  readonly cpu: Cpu;
  readonly memory: Memory;
  readonly rootfs: { readonly time: string; readonly usedBytes: number; readonly inodesUsed: number };
}

export interface PodUsage {
  readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly startTime: string;
  readonly containers: readonly ContainerUsage[];
  readonly cpu: Cpu;
  readonly memory: Memory;
}

export interface Summary {
  readonly node: {
    readonly nodeName: string;
    readonly startTime: string;
    readonly cpu: Cpu;
    readonly memory: Memory;
    readonly fs: object;
    readonly runtime: object;
    readonly rlimit: object;
  };
  readonly pods: readonly PodUsage[];
}

export interface StatsProvider {
  summary(): Promise<Summary>;
}

export function createStatsProvider(context: KubeletContext, pods: () => readonly Pod[]): StatsProvider {
  const { clock, runtime, host, config } = context;
  const startTime = formatTime(clock.now());
  /** Last sample by container, for rates. */
  let before = new Map<string, { timestampMs: number; nanos: number; rate: number }>();

  const rates = (stats: readonly ContainerStats[]): Map<string, number> => {
    const next = new Map<string, { timestampMs: number; nanos: number; rate: number }>();
    for (const each of stats) {
      const old = before.get(each.id);
      const elapsedMs = old === undefined ? 0 : each.timestampMs - old.timestampMs;
      const rate =
        old === undefined || elapsedMs <= 0
          ? (old?.rate ?? 0)
          : Math.max(0, Math.round(((each.cpuUsageCoreNanoSeconds - old.nanos) / elapsedMs) * 1000));
      next.set(each.id, { timestampMs: each.timestampMs, nanos: each.cpuUsageCoreNanoSeconds, rate });
    }
    before = next;
    return new Map([...next].map(([id, { rate }]) => [id, rate]));
  };

  return {
    async summary() {
      const [stats, containers, memory, disk, images] = await Promise.all([
        ...([
          runtime.listContainerStats(),
          runtime.listContainers({ state: "running" }),
          host.memory(),
          host.filesystem(config.rootDirectory),
          runtime.imageFsInfo(),
        ] as const),
      ]);
      const rate = rates(stats);
      const byId = new Map(stats.map((each) => [each.id, each]));
      const time = formatTime(clock.now());
      const usages = pods().flatMap((pod): PodUsage[] => {
        const own = containers.filter((each) => each.labels[podUidLabel] === podUid(pod));
        const used = own.flatMap((each): ContainerUsage[] => {
          const sample = byId.get(each.id);
          return sample === undefined
            ? []
            : [
                usageOf(sample, {
                  name: each.labels[containerNameLabel] ?? each.name,
                  startMs: each.createdAtMs,
                  rate: rate.get(each.id) ?? 0,
                }),
              ];
        });
        if (used.length === 0) return [];
        const { name, namespace = "" } = pod.metadata;
        return [
          {
            podRef: { name, namespace, uid: podUid(pod) },
            startTime: pod.status?.startTime ?? time,
            containers: used,
            cpu: sumCpu(used, time),
            memory: sumMemory(used, time),
          },
        ];
      });
      const { running, max } = await host.processes();
      return {
        node: {
          nodeName: context.nodeName,
          startTime,
          cpu: sumCpu(usages, time),
          memory: { time, ...memory },
          fs: {
            time,
            availableBytes: disk.availableBytes,
            capacityBytes: disk.capacityBytes,
            usedBytes: disk.usedBytes,
            inodesFree: disk.inodesFree,
            inodes: disk.inodes,
            inodesUsed: disk.inodes - disk.inodesFree,
          },
          runtime: {
            imageFs: {
              time,
              usedBytes: images.usedBytes,
              inodesUsed: images.inodesUsed,
              availableBytes: disk.availableBytes,
              capacityBytes: disk.capacityBytes,
            },
          },
          rlimit: { time, maxpid: max, curproc: running },
        },
        pods: usages,
      };
    },
  };
}

function usageOf(
  sample: ContainerStats,
  { name, startMs, rate }: { name: string; startMs: number; rate: number },
): ContainerUsage {
  const time = formatTime(sample.timestampMs);
  return {
    name,
    startTime: formatTime(startMs),
    cpu: { time, usageNanoCores: rate, usageCoreNanoSeconds: sample.cpuUsageCoreNanoSeconds },
    memory: {
      time,
      usageBytes: sample.memoryUsageBytes,
      workingSetBytes: sample.memoryWorkingSetBytes,
      rssBytes: sample.memoryRssBytes,
    },
    rootfs: { time, usedBytes: sample.writableLayerUsedBytes, inodesUsed: sample.writableLayerInodes },
  };
}

const sum = (list: readonly number[]): number => list.reduce((total, each) => total + each, 0);
const sumCpu = (parts: readonly { readonly cpu: Cpu }[], time: string): Cpu => ({
  time,
  usageNanoCores: sum(parts.map((each) => each.cpu.usageNanoCores)),
  usageCoreNanoSeconds: sum(parts.map((each) => each.cpu.usageCoreNanoSeconds)),
});
const sumMemory = (parts: readonly { readonly memory: Memory }[], time: string): Memory => ({
  time,
  usageBytes: sum(parts.map((each) => each.memory.usageBytes)),
  workingSetBytes: sum(parts.map((each) => each.memory.workingSetBytes)),
  rssBytes: sum(parts.map((each) => each.memory.rssBytes)),
});
