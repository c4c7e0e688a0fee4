// CPU shares, quotas, OOM scores and cgroup names. Upstream: pkg/kubelet/cm/helpers_linux.go, qos/policy.go, cgroup_manager_linux.go.
import type { Container, Pod } from "../../api/index.ts";
import { quantityMilliValue, quantityValue } from "../../machinery/index.ts";
import type { CgroupSettings } from "../host.ts";
import { initContainers, isRestartableInit, isStaticPod, podUid } from "../pod.ts";
import { podLimits, podRequests, qosOf, type ResourceList } from "./requests.ts";

const minShares = 2;
const maxShares = 262_144;
export const quotaPeriod = 100_000;
const minQuota = 1000;

export function milliCpuToShares(milli: number): number {
  if (milli === 0) return minShares;
  return Math.min(maxShares, Math.max(minShares, Math.trunc((milli * 1024) / 1000)));
}

/** Microseconds of CPU in each period; 0 is no limit. */
export function milliCpuToQuota(milli: number, period = quotaPeriod): number {
  if (milli === 0) return 0;
  return Math.max(minQuota, Math.trunc((milli * period) / 1000));
}

/** cgroup v2: shares 2…262144 on weights 1…10000, linearly (KEP-2254). */
export function sharesToWeight(shares: number): number {
  if (shares >= maxShares) return 10_000;
  return 1 + Math.trunc(((Math.max(shares, minShares) - minShares) * 9999) / (maxShares - minShares));
}

const milli = (list: ResourceList | undefined, name: string): number =>
  list?.[name] === undefined ? 0 : quantityMilliValue(list[name]);
const bytes = (list: ResourceList | undefined, name: string): number =>
  list?.[name] === undefined ? 0 : quantityValue(list[name]);

/** Settings of a pod's own cgroup. */
export function podCgroupSettings(
  pod: Pod,
  options: { readonly cpuCfsQuota: boolean; readonly podPidsLimit: number },
): CgroupSettings {
  const requests = podRequests(pod);
  const limits = podLimits(pod);
  const all = [...initContainers(pod), ...pod.spec.containers];
  const podLevel = pod.spec.resources?.limits;
  const limited = (name: string): boolean =>
    podLevel?.[name] !== undefined || all.every((each) => each.resources?.limits?.[name] !== undefined);
  const qos = qosOf(pod);
  const quota = options.cpuCfsQuota && limited("cpu") ? milliCpuToQuota(milli(limits, "cpu")) : -1;
  const settings: { -readonly [K in keyof CgroupSettings]: CgroupSettings[K] } = {
    cpuShares: qos === "BestEffort" ? minShares : milliCpuToShares(milli(requests, "cpu")),
  };
  if (qos !== "BestEffort" && quota !== -1) Object.assign(settings, { cpuQuota: quota, cpuPeriod: quotaPeriod });
  if (qos !== "BestEffort" && limited("memory")) settings.memoryLimitBytes = bytes(limits, "memory");
  if (options.podPidsLimit > 0) settings.pidsLimit = options.podPidsLimit;
  const pages = Object.entries(limits).filter(([name]) => name.startsWith("hugepages-"));
  if (pages.length > 0)
    settings.hugePages = Object.fromEntries(
      pages.map(([name, amount]) => [name.slice("hugepages-".length), quantityValue(amount)]),
    );
  return settings;
}

const systemNodeCritical = 2_000_001_000;

/** -1000 (never) … 1000 (first): who the kernel kills when memory is short. */
export function oomScoreAdjust(pod: Pod, container: Container, memoryCapacityBytes: number): number {
  if (
    (pod.spec.priority ?? 0) >= systemNodeCritical ||
    (isStaticPod(pod) && pod.spec.priorityClassName === "system-node-critical")
  )
    return -997;
  const qos = qosOf(pod);
  if (qos === "Guaranteed") return -997;
  if (qos === "BestEffort") return 1000;
  const request = bytes(container.resources?.requests as ResourceList | undefined, "memory");
  let adjust = 1000 - Math.trunc((1000 * request) / Math.max(1, memoryCapacityBytes));
  if (initContainers(pod).some((each) => each === container && isRestartableInit(each))) {
    const main = pod.spec.containers.map(
      (each) =>
        1000 -
        Math.trunc(
          (1000 * bytes(each.resources?.requests as ResourceList | undefined, "memory")) /
            Math.max(1, memoryCapacityBytes),
        ),
    );
    adjust = Math.min(adjust, ...main);
  }
  if (adjust < 1000 + -997) return 1000 + -997;
  return adjust === 1000 ? adjust - 1 : adjust;
}

const qosDirectory = { Guaranteed: "", Burstable: "/burstable", BestEffort: "/besteffort" } as const;

/** `/kubepods/burstable/pod<uid>`. */
export function podCgroup(pod: Pod, root: string): string {
  const base = root === "/" ? "" : root;
  return `${base}/kubepods${qosDirectory[qosOf(pod)]}/pod${podUid(pod)}`;
}

/** What the runtime is told: the path, or the slice name when systemd manages the tree. */
export function cgroupParent(name: string, driver: "cgroupfs" | "systemd"): string {
  if (driver === "cgroupfs") return name;
  const parts = name
    .split("/")
    .filter((part) => part !== "")
    .map((part) => part.replaceAll("-", "_"));
  return `${parts.join("-")}.slice`;
}
