// How many replicas a metric asks for. Upstream: pkg/controller/podautoscaler/{replica_calculator,metrics/utilization}.go.
// Everything here is plain arithmetic over pods and metrics; values are thousandths. Errors are Error with upstream's words.
import { aggregateContainerResources, type Pod } from "../../api/index.ts";
import { parseTime, quantityMilliValue } from "../../machinery/index.ts";
import { isReady, podCondition } from "../lib/index.ts";
import type { PodMetrics } from "./metrics.ts";

/** How far the ratio of usage and target may be from 1 without a change. */
export interface Tolerances {
  readonly down: number;
  readonly up: number;
}

export interface Timing {
  readonly nowMs: number;
  /** Time after a pod's start in which its use of CPU says little. */
  readonly cpuInitializationMs: number;
  /** A pod that turned unready within this after its start has never been ready. */
  readonly initialReadinessDelayMs: number;
}

export interface Observed {
  readonly pods: readonly Pod[];
  readonly metrics: PodMetrics;
  /** "" for metrics that are not of a resource. */
  readonly resource: string;
  readonly currentReplicas: number;
  readonly tolerances: Tolerances;
  readonly timing: Timing;
}

export interface Proposal {
  readonly replicas: number;
  /** The average of a pod. */
  readonly usage: number;
}

const maxInt32 = 2 ** 31 - 1;

const isWithin = ({ down, up }: Tolerances, ratio: number): boolean => 1 - down <= ratio && ratio <= 1 + up;

export interface Groups {
  readonly ready: number;
  readonly unready: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
  readonly ignored: ReadonlySet<string>;
}

/** Which pods' metrics count. */
function groupPods({ pods, metrics, resource, timing }: Observed): Groups {
  const unready = new Set<string>();
  const missing = new Set<string>();
  const ignored = new Set<string>();
  let ready = 0;
  for (const pod of pods) {
    const { name } = pod.metadata;
    const metric = metrics.get(name);
    if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === "Failed") ignored.add(name);
    else if (pod.status?.phase === "Pending") unready.add(name);
    else if (metric === undefined) missing.add(name);
    else if (resource === "cpu" && saysLittle(pod, metric, timing)) unready.add(name);
    else ready++;
  }
  return { ready, unready, missing, ignored };
}

function saysLittle(pod: Pod, metric: { atMs: number; windowMs: number }, timing: Timing): boolean {
  const condition = podCondition(pod, "Ready");
  const startMs = parseTime(pod.status?.startTime);
  if (condition === undefined || Number.isNaN(startMs)) return true;
  const isUnready = condition.status === "False";
  const sinceMs = parseTime(condition.lastTransitionTime);
  if (startMs + timing.cpuInitializationMs > timing.nowMs) return isUnready || metric.atMs < sinceMs + metric.windowMs;
  return isUnready && startMs + timing.initialReadinessDelayMs > sinceMs;
}

interface Usage {
  /** Actual through wanted. */
  readonly ratio: number;
  readonly usage: number;
}

interface Rules<U extends Usage> {
  readonly measure: (values: ReadonlyMap<string, number>) => U;
  /** What a pod without metrics is taken to use while others use less than they should. */
  readonly missingOnScaleDown: (pod: string) => number;
}

function propose<U extends Usage>(observed: Observed, rules: Rules<U>): { replicas: number; usage: U } {
  const { metrics, currentReplicas, tolerances } = observed;
  if (observed.pods.length === 0) throw new Error("no pods returned by selector while calculating replica count");
  const { ready, unready, missing, ignored } = groupPods(observed);
  const values = new Map<string, number>();
  for (const [name, { value }] of metrics) if (!ignored.has(name) && !unready.has(name)) values.set(name, value);
  if (values.size === 0) throw new Error("did not receive metrics for targeted pods (pods might be unready)");
  const usage = rules.measure(values);
  const { ratio } = usage;
  const upWithUnready = unready.size > 0 && ratio > 1;
  if (!upWithUnready && missing.size === 0)
    return { replicas: isWithin(tolerances, ratio) ? currentReplicas : Math.ceil(ratio * ready), usage };
  // Pods without metrics are taken to use what speaks against a change.
  if (ratio < 1) for (const name of missing) values.set(name, rules.missingOnScaleDown(name));
  if (ratio > 1) for (const name of missing) values.set(name, 0);
  if (upWithUnready) for (const name of unready) values.set(name, 0);
  const again = rules.measure(values).ratio;
  if (isWithin(tolerances, again) || (ratio < 1 && again > 1) || (ratio > 1 && again < 1))
    return { replicas: currentReplicas, usage };
  const replicas = Math.ceil(again * values.size);
  const turnsAround = (again < 1 && replicas > currentReplicas) || (again > 1 && replicas < currentReplicas);
  return { replicas: turnsAround ? currentReplicas : replicas, usage };
}

/** By the average of a pod. `target`: thousandths. */
export function byAverageValue(observed: Observed, target: number): Proposal {
  const measure = (values: ReadonlyMap<string, number>): Usage => {
    const usage = Math.trunc(sum(values.values()) / values.size);
    return { ratio: usage / target, usage };
  };
  const { replicas, usage } = propose(observed, { measure, missingOnScaleDown: () => target });
  return { replicas, usage: usage.usage };
}

/** By the share of what pods request. `target`: per cent. */
export function byUtilization(
  observed: Observed,
  { target, container }: { readonly target: number; readonly container: string },
): Proposal & { readonly utilization: number } {
  let requests: ReadonlyMap<string, number> | undefined;
  const requested = (): ReadonlyMap<string, number> => {
    requests ??= new Map(observed.pods.map((pod) => [pod.metadata.name, requestOf(pod, observed.resource, container)]));
    return requests;
  };
  const measure = (values: ReadonlyMap<string, number>): Usage & { utilization: number } => {
    const known = [...values].filter(([name]) => requested().has(name));
    const total = sum(known.map(([name]) => requested().get(name)!));
    if (total === 0) throw new Error("no metrics returned matched known pods");
    const used = sum(known.map(([, value]) => value));
    const utilization = Math.trunc((used * 100) / total);
    return { ratio: utilization / target, utilization, usage: Math.trunc(used / known.length) };
  };
  const missingOnScaleDown = (name: string): number =>
    Math.trunc(((requested().get(name) ?? 0) * Math.max(100, target)) / 100);
  const { replicas, usage } = propose(observed, { measure, missingOnScaleDown });
  return { replicas, usage: usage.usage, utilization: usage.utilization };
}

const podLevel = (name: string): boolean => name === "cpu" || name === "memory" || name.startsWith("hugepages-");

/** Requests of the pod as a whole when it has any, else of its containers; of one container when that is named. */
export function requestOf(pod: Pod, resource: string, container: string): number {
  const { name } = pod.metadata;
  const whole = pod.spec?.resources?.requests;
  if (container === "" && whole !== undefined && Object.keys(whole).some(podLevel)) {
    const request =
      (podLevel(resource) ? whole[resource] : undefined) ??
      aggregateContainerResources(pod.spec!, "requests")[resource];
    if (request === undefined) throw new Error(`missing pod-level request for ${resource} in Pod ${name}`);
    return quantityMilliValue(request);
  }
  const sidecars = (pod.spec?.initContainers ?? []).filter((each) => each.restartPolicy === "Always");
  const all = [...(pod.spec?.containers ?? []), ...sidecars];
  const chosen = container === "" ? all : all.filter((each) => each.name === container);
  if (container !== "" && chosen.length === 0) throw new Error(`container ${container} not found in Pod ${name}`);
  return sum(
    chosen.map((each) => {
      const request = each.resources?.requests?.[resource];
      if (request === undefined)
        throw new Error(`missing request for ${resource} in container ${each.name} of Pod ${name}`);
      return quantityMilliValue(request);
    }),
  );
}

/** By one value for all pods together: ready pods are multiplied. */
export function byTotal(
  observed: Pick<Observed, "pods" | "currentReplicas" | "tolerances">,
  { usage, target }: { readonly usage: number; readonly target: number },
): Proposal {
  const { pods, currentReplicas, tolerances } = observed;
  const ratio = usage / target;
  if (currentReplicas === 0) return { replicas: Math.ceil(ratio), usage };
  if (isWithin(tolerances, ratio)) return { replicas: currentReplicas, usage };
  if (pods.length === 0)
    throw new Error("unable to calculate ready pods: no pods returned by selector while calculating replica count");
  const ready = pods.filter((pod) => pod.status?.phase === "Running" && isReady(pod)).length;
  return { replicas: Math.min(maxInt32, Math.ceil(ratio * ready)), usage };
}

/** By one value that all pods share. */
export function byShare(
  { statusReplicas, tolerances }: { readonly statusReplicas: number; readonly tolerances: Tolerances },
  { usage, target }: { readonly usage: number; readonly target: number },
): Proposal {
  const ratio = usage / (target * statusReplicas);
  const replicas = isWithin(tolerances, ratio) ? statusReplicas : Math.min(maxInt32, Math.ceil(usage / target));
  return { replicas, usage: statusReplicas === 0 ? 0 : Math.ceil(usage / statusReplicas) };
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
