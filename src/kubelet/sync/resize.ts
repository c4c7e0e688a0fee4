// Changes the size of running containers, of their pod's cgroup, and of pods that have resources of their own. Upstream: kuberuntime_manager.go computePodResizeAction,
// doPodResizeAction.
//
// Contract: a container's resources are taken up in the order memory, CPU; within each, what shrinks goes before what grows, and the pod's own
// cgroup grows before its containers and shrinks after them. What the runtime took is noted at once, so that a failure in the middle is
// resumed where it happened.

import type { Container, Pod } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import { compareQuantities, quantityValue } from "../../machinery/index.ts";
import type { KubeletContext } from "../context.ts";
import type { CgroupSettings } from "../host.ts";
import type { ObservedContainer } from "../observed.ts";
import {
  differences,
  type ResizedResource,
  type Resources,
  wholePod,
  withAllocation,
  withPodLimits,
} from "../resources/allocation.ts";
import { podCgroup, podCgroupSettings } from "../resources/qos.ts";
import { containerResources } from "./container-config.ts";

export interface ContainerResize {
  readonly id: string;
  readonly container: Container;
  readonly resources: readonly ResizedResource[];
  /** A changed resource may only change with the container. */
  readonly restart: boolean;
}

/** What the runtime was last told, by container name; and what the pod's own cgroup was told, as `wholePod`. */
export type Actuated = Map<string, Resources>;

const wantedBy = (pod: Pod, container: Container): Resources =>
  withPodLimits(container.resources ?? {}, pod.spec.resources);
const toldTo = (container: Container, actuated: ReadonlyMap<string, Resources>): Resources | undefined => {
  const own = actuated.get(container.name);
  return own && withPodLimits(own, actuated.get(wholePod));
};

/** Whether the pod's own resources, beside those of its containers, are not yet what its spec says. */
export function isWholeResized(pod: Pod, actuated: ReadonlyMap<string, Resources>): boolean {
  const told = actuated.get(wholePod);
  return told !== undefined && differences(pod.spec.resources ?? {}, told).length > 0;
}

/** Undefined when the running container has the size that its spec says, or nobody knows what it was told. */
export function resizeOf(
  pod: Pod,
  {
    container,
    status: { id, state },
    actuated,
  }: {
    readonly container: Container;
    readonly status: ObservedContainer;
    readonly actuated: ReadonlyMap<string, Resources>;
  },
): ContainerResize | undefined {
  const told = toldTo(container, actuated);
  if (told === undefined || state !== "running") return undefined;
  const resources = differences(wantedBy(pod, container), told);
  if (resources.length === 0) return undefined;
  const restart = resources.some((name) =>
    container.resizePolicy?.some(
      (policy) => policy.resourceName === name && policy.restartPolicy === "RestartContainer",
    ),
  );
  return { id, container, resources, restart };
}

export interface ResizeRequest {
  readonly context: KubeletContext;
  readonly pod: Pod;
  readonly actuated: Actuated;
  readonly containers: readonly ContainerResize[];
}

/** Yields what went wrong, in upstream's words; undefined when all was taken up. */
export async function resizeInPlace(request: ResizeRequest): Promise<string | undefined> {
  try {
    const refusal = await memoryInUse(request);
    if (refusal !== undefined) return refusal;
    for (const resource of ["memory", "cpu"] as const) await resizeOne(request, resource);
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

/** Limits below what is in use would have the kernel kill. */
async function memoryInUse({ context, pod, actuated, containers }: ResizeRequest): Promise<string | undefined> {
  const problems: string[] = [];
  const cgroup = podCgroup(pod, context.config.cgroupRoot);
  const [before, after] = podSettings({ context, pod, actuated });
  const shrinks = (to: number | undefined, from: number | undefined): boolean =>
    to !== undefined && (from === undefined || to < from);
  if (shrinks(after.memoryLimitBytes, before.memoryLimitBytes)) {
    const usage = (await context.host.cgroups.usage(cgroup))?.memoryUsageBytes;
    if (usage !== undefined && usage >= after.memoryLimitBytes!)
      problems.push(`attempting to set pod memory limit (${after.memoryLimitBytes}) below current usage (${usage})`);
  }
  const stats = containers.some(({ resources }) => resources.includes("memory"))
    ? await context.runtime.listContainerStats()
    : [];
  for (const { id, container } of containers) {
    const wanted = memoryLimit(wantedBy(pod, container));
    if (!shrinks(wanted, memoryLimit(toldTo(container, actuated)))) continue;
    const usage = stats.find((each) => each.id === id)?.memoryUsageBytes;
    if (usage === undefined) problems.push(`missing container ${JSON.stringify(container.name)} memory usage`);
    else if (usage >= wanted!)
      problems.push(
        `attempting to set container ${JSON.stringify(container.name)} memory limit (${wanted}) below current usage (${usage})`,
      );
  }
  if (problems.length === 0) return undefined;
  const all = problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
  return `cannot decrease memory limits: ${all}`;
}

const memoryLimit = (resources: Resources | undefined): number | undefined =>
  resources?.limits?.["memory"] === undefined ? undefined : quantityValue(resources.limits["memory"] as string);

/** Settings of the pod's cgroup as they are and as they shall be. */
function podSettings({ context, pod, actuated }: Omit<ResizeRequest, "containers">): [CgroupSettings, CgroupSettings] {
  return [podCgroupSettings(withAllocation(pod, actuated), context.config), podCgroupSettings(pod, context.config)];
}

const podFields = { memory: ["memoryLimitBytes"], cpu: ["cpuQuota", "cpuShares"] } as const;

async function resizeOne(request: ResizeRequest, resource: ResizedResource): Promise<void> {
  const { context, pod, actuated } = request;
  const [before, after] = podSettings(request);
  const change = async (grow: boolean): Promise<void> => {
    if (!context.config.cgroupsPerQos || !context.config.materializePods) return;
    const settings: Record<string, number> = {};
    for (const field of podFields[resource]) {
      const [from, to] = [before[field], after[field]];
      if (to === undefined || to === from) continue;
      if ((from === undefined || to > from) !== grow) continue;
      settings[field] = to;
      if (field === "cpuQuota" && after.cpuPeriod !== undefined) settings["cpuPeriod"] = after.cpuPeriod;
    }
    if (Object.keys(settings).length > 0)
      await context.host.cgroups.set(podCgroup(pod, context.config.cgroupRoot), settings);
  };
  const concerned = request.containers
    .filter(({ resources }) => resources.includes(resource))
    .map((each) => ({
      ...each,
      grows: grows(wantedBy(pod, each.container), toldTo(each.container, actuated), resource),
    }))
    .sort((one, other) => Number(one.grows) - Number(other.grows));
  const whole = actuated.get(wholePod);
  const wholeNext = whole && merged(whole, pod.spec.resources ?? {}, resource);
  const podNext = wholeNext === undefined ? pod : withAllocation(pod, new Map([[wholePod, wholeNext]]));
  await change(true);
  for (const { id, container } of concerned) {
    const told = actuated.get(container.name) ?? {};
    const next = merged(told, container.resources ?? {}, resource);
    await context.runtime.updateContainerResources(
      id,
      containerResources(context, podNext, { ...container, resources: next }),
    );
    actuated.set(container.name, next);
  }
  await change(false);
  if (wholeNext !== undefined) actuated.set(wholePod, wholeNext);
}

function grows(wanted: Resources, told: Resources | undefined, resource: ResizedResource): boolean {
  for (const part of ["limits", "requests"] as const) {
    const order = compareQuantities(
      (wanted[part]?.[resource] as string | undefined) ?? "0",
      (told?.[part]?.[resource] as string | undefined) ?? "0",
    );
    if (order !== 0) return order > 0;
  }
  return false;
}

/** What was told before, with one resource as it is wanted now. */
function merged(told: Resources, wanted: Resources, resource: ResizedResource): Resources {
  const part = (name: "requests" | "limits"): Record<string, string> => {
    const { [resource]: _, ...rest } = (told[name] ?? {}) as Record<string, string>;
    const value = wanted[name]?.[resource] as string | undefined;
    return value === undefined ? rest : { ...rest, [resource]: value };
  };
  const [requests, limits] = [part("requests"), part("limits")];
  return {
    ...wanted,
    ...(Object.keys(requests).length > 0 ? { requests } : {}),
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
  };
}
