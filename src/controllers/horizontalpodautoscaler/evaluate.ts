// What each metric of an autoscaler proposes, and what its status says of it. Upstream: pkg/controller/podautoscaler/horizontal.go
// (computeReplicasForMetrics and the functions for each type of metric).

import type { autoscaling_v2, Pod } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import {
  formatQuantity,
  type LabelMatcher,
  type LabelSelector,
  type QuantityFormat,
  quantityMilliValue,
} from "../../machinery/index.ts";
import type { MetricsReader } from "./metrics.ts";
import {
  byAverageValue,
  byShare,
  byTotal,
  byUtilization,
  type Observed,
  type Timing,
  type Tolerances,
} from "./replicas.ts";

type MetricSpec = autoscaling_v2.MetricSpec;
type MetricStatus = autoscaling_v2.MetricStatus;
type MetricTarget = autoscaling_v2.MetricTarget;
type Value = autoscaling_v2.MetricValueStatus;

export interface Target {
  readonly namespace: string;
  readonly selector: LabelMatcher;
  readonly pods: readonly Pod[];
  readonly specReplicas: number;
  readonly statusReplicas: number;
  readonly tolerances: Tolerances;
  readonly timing: Timing;
}

interface Proposal {
  readonly replicas: number;
  /** As the event of a change names it. */
  readonly metric: string;
  readonly status: MetricStatus;
}

/** A metric that could not be used; `why` is what event and condition say, the message what the error of the whole says. */
class MetricFailure extends Error {
  readonly reason: string;
  readonly why: string;
  constructor(reason: string, why: string, message: string) {
    super(message);
    this.reason = reason;
    this.why = why;
  }
}

export interface Failure {
  readonly reason: string;
  readonly why: string;
}

export interface Evaluation {
  /** Undefined: nothing can be said, the first failure tells why. */
  readonly best: { readonly replicas: number; readonly metric: string } | undefined;
  readonly statuses: readonly MetricStatus[];
  readonly failures: readonly Failure[];
  /** Of all failures together. */
  readonly error: string | undefined;
}

/** The highest proposal. Metrics that fail are passed over, unless the others would scale down. */
export async function evaluate(
  metrics: readonly MetricSpec[],
  target: Target,
  reader: MetricsReader,
): Promise<Evaluation> {
  const statuses: MetricStatus[] = [];
  const failures: MetricFailure[] = [];
  let best: Proposal | undefined;
  for (const spec of metrics) {
    try {
      const proposal = await propose(spec, target, reader);
      statuses.push(proposal.status);
      if (best === undefined || best.replicas === 0 || proposal.replicas > best.replicas) best = proposal;
    } catch (error) {
      if (!(error instanceof MetricFailure)) throw error;
      statuses.push({ type: "" });
      failures.push(error);
    }
  }
  const first = failures[0];
  const error =
    first && `invalid metrics (${failures.length} invalid out of ${metrics.length}), first error is: ${first.message}`;
  const unusable =
    failures.length >= metrics.length || (first !== undefined && (best?.replicas ?? 0) < target.specReplicas);
  return { best: unusable ? undefined : best, statuses, failures, error };
}

async function propose(spec: MetricSpec, target: Target, reader: MetricsReader): Promise<Proposal> {
  const asked = { spec, target, reader };
  switch (spec.type) {
    case "Resource":
      return guarded("FailedGetResourceMetric", `failed to get ${spec.resource?.name} resource metric value`, () =>
        ofResource(asked),
      );
    case "ContainerResource":
      return guarded(
        "FailedGetContainerResourceMetric",
        `failed to get ${spec.containerResource?.container} container metric value`,
        () => ofContainerResource(asked),
      );
    case "Pods":
      return guarded("FailedGetPodsMetric", "failed to get pods metric value", () => ofPods(asked));
    case "Object":
      return guarded("FailedGetObjectMetric", "failed to get object metric value", () => ofObject(asked));
    case "External":
      return guarded(
        "FailedGetExternalMetric",
        `failed to get ${spec.external?.metric.name} external metric value`,
        () => ofExternal(asked),
      );
    default: {
      const why = `unknown metric source type ${JSON.stringify(spec.type)}`;
      throw new MetricFailure("InvalidMetricSourceType", why, why);
    }
  }
}

async function guarded(reason: string, what: string, work: () => Promise<Proposal>): Promise<Proposal> {
  try {
    return await work();
  } catch (error) {
    throw new MetricFailure(reason, errorText(error), `${what}: ${errorText(error)}`);
  }
}

interface Asked {
  readonly spec: MetricSpec;
  readonly target: Target;
  readonly reader: MetricsReader;
}

async function ofResource(asked: Asked): Promise<Proposal> {
  const { name, target } = asked.spec.resource!;
  const { replicas, current, metric } = await resourceUse(asked, { name, target, container: "" });
  return { replicas, metric, status: { type: "Resource", resource: { name, current } } };
}

async function ofContainerResource(asked: Asked): Promise<Proposal> {
  const { name, target, container } = asked.spec.containerResource!;
  const { replicas, current, metric } = await resourceUse(asked, { name, target, container });
  const status = { type: "ContainerResource", containerResource: { name, container, current } };
  return { replicas, metric, status };
}

interface ResourceAsked {
  readonly name: string;
  readonly target: MetricTarget;
  readonly container: string;
}

async function resourceUse(
  asked: Asked,
  { name, target, container }: ResourceAsked,
): Promise<{ replicas: number; current: Value; metric: string }> {
  const { averageValue, averageUtilization } = target;
  if (averageValue === undefined && averageUtilization === undefined)
    throw new Error(
      "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set",
    );
  const kind = averageValue === undefined ? "utilization" : "usage";
  try {
    const observed = await observe(asked, name, container);
    if (averageValue !== undefined) {
      const { replicas, usage } = byAverageValue(observed, quantityMilliValue(averageValue));
      return { replicas, current: { averageValue: quantityOf(usage, name) }, metric: `${name} resource` };
    }
    const wanted = { target: averageUtilization!, container };
    const { replicas, usage, utilization } = byUtilization(observed, wanted);
    return {
      replicas,
      current: { averageUtilization: utilization, averageValue: quantityOf(usage, name) },
      metric: `${name} ${container === "" ? "" : "container "}resource utilization (percentage of request)`,
    };
  } catch (error) {
    throw new Error(`failed to get ${name} ${kind}: ${errorText(error)}`);
  }
}

async function observe({ target, reader }: Asked, resource: string, container: string): Promise<Observed> {
  const { namespace, selector } = target;
  const asked = { name: resource, namespace, selector, container };
  const metrics = await prefixed(`unable to get metrics for resource ${resource}`, () => reader.resource(asked));
  return { ...target, currentReplicas: target.specReplicas, metrics, resource };
}

async function prefixed<T>(prefix: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${prefix}: ${errorText(error)}`);
  }
}

async function ofPods({ spec, target, reader }: Asked): Promise<Proposal> {
  const { metric, target: wanted } = spec.pods!;
  const { namespace, selector } = target;
  const metrics = await prefixed(`unable to get metric ${metric.name}`, () =>
    reader.pods({ metric, namespace, selector }),
  );
  const observed = { ...target, currentReplicas: target.specReplicas, metrics, resource: "" };
  const { replicas, usage } = byAverageValue(observed, quantityMilliValue(wanted.averageValue ?? "0"));
  const current = { averageValue: quantityOf(usage) };
  return { replicas, metric: `pods metric ${metric.name}`, status: { type: "Pods", pods: { metric, current } } };
}

async function ofObject({ spec, target, reader }: Asked): Promise<Proposal> {
  const { metric, describedObject, target: wanted } = spec.object!;
  const { namespace, specReplicas } = target;
  const value = wanted.type === "Value" ? wanted.value : undefined;
  const average = wanted.type === "AverageValue" ? wanted.averageValue : undefined;
  if (value === undefined && average === undefined)
    throw new Error("invalid object metric source: neither a value target nor an average value target was set");
  const read = async (): Promise<number> => {
    try {
      return await reader.object({ metric, namespace, object: describedObject });
    } catch (error) {
      const on = `${describedObject.kind} ${namespace}/${describedObject.name}`;
      throw new Error(`unable to get metric ${metric.name}: ${errorText(error)} on ${on}`);
    }
  };
  const statusOf = (current: Value): MetricStatus => ({ type: "Object", object: { metric, describedObject, current } });
  if (value !== undefined) {
    const observed = { ...target, currentReplicas: specReplicas };
    const { replicas, usage } = byTotal(observed, { usage: await read(), target: quantityMilliValue(value) });
    const named = `${describedObject.kind} metric ${metric.name}`;
    return { replicas, metric: named, status: statusOf({ value: quantityOf(usage) }) };
  }
  const total = await prefixed(`failed to get ${metric.name} object metric`, read);
  const { replicas, usage } = byShare(target, { usage: total, target: quantityMilliValue(average!) });
  return { replicas, metric: externalName(metric), status: statusOf({ averageValue: quantityOf(usage) }) };
}

async function ofExternal({ spec, target, reader }: Asked): Promise<Proposal> {
  const { metric, target: wanted } = spec.external!;
  const { averageValue, value } = wanted;
  const { namespace, specReplicas } = target;
  if (averageValue === undefined && value === undefined)
    throw new Error("invalid external metric source: neither a value target nor an average value target was set");
  const read = async (): Promise<number> => {
    const shown = `${namespace}/${metric.name}/${selectorText(metric.selector)}`;
    const values = await prefixed(`unable to get external metric ${shown}`, () =>
      reader.external({ metric, namespace }),
    );
    return values.reduce((sum, each) => sum + each, 0);
  };
  const statusOf = (current: Value): MetricStatus => ({ type: "External", external: { metric, current } });
  const named = externalName(metric);
  if (averageValue !== undefined) {
    const total = await prefixed(`failed to get ${metric.name} external metric`, read);
    const { replicas, usage } = byShare(target, { usage: total, target: quantityMilliValue(averageValue) });
    return { replicas, metric: named, status: statusOf({ averageValue: quantityOf(usage) }) };
  }
  const { replicas, usage } = await prefixed(`failed to get external metric ${metric.name}`, async () =>
    byTotal({ ...target, currentReplicas: specReplicas }, { usage: await read(), target: quantityMilliValue(value!) }),
  );
  return { replicas, metric: named, status: statusOf({ value: quantityOf(usage) }) };
}

const externalName = ({ name, selector }: autoscaling_v2.MetricIdentifier): string =>
  `external metric ${name}(${selectorText(selector)})`;

/** A selector as Go prints it, which events and errors show. */
export function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return "nil";
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const matchLabels = labels.map(([key, value]) => `${key}: ${value},`).join("");
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${(values ?? []).join(" ")}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${matchLabels}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join("")}},}`;
}

/** Thousandths as a quantity; memory in powers of two, as metrics servers show it. */
const quantityOf = (milli: number, resource = ""): string => {
  const format: QuantityFormat = resource === "memory" ? "BinarySI" : "DecimalSI";
  return formatQuantity({ unscaled: BigInt(milli), scale: 3, format });
};
