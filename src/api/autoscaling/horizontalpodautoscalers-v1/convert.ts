// Autoscalers of autoscaling/v1 and of v2 are one stored kind. v1 has a field for CPU utilization only; the rest travels in
// annotations. Upstream: pkg/apis/autoscaling/v1/conversion.go.
import type { HorizontalPodAutoscaler as V1 } from "../../../../facts/types/autoscaling.v1.ts";
import type {
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
  HorizontalPodAutoscaler as V2,
} from "../../../../facts/types/autoscaling.v2.ts";
import { roundTripAnnotations } from "../../lib/autoscaling/hpa-rules.ts";
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from "./metrics.ts";

const prefix = "autoscaling.alpha.kubernetes.io/";
const defaultUtilization = 80;

const cpu = (averageUtilization: number): MetricSpec => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});

const isCpuUtilization = ({ type, resource }: MetricSpec): boolean =>
  type === "Resource" && resource?.name === "cpu" && resource.target?.averageUtilization !== undefined;

/** Undefined for text that is no list of JSON objects: upstream passes over it. */
function parsed<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function withoutRoundTrip(
  annotations: Readonly<Record<string, string>> | undefined,
): Record<string, string> | undefined {
  if (annotations === undefined) return undefined;
  const rest: Record<string, string> = { ...annotations };
  for (const name of roundTripAnnotations) delete rest[name];
  return rest;
}

const withAnnotations = (metadata: V1["metadata"], annotations: Record<string, string> | undefined) => {
  const { annotations: _, ...rest } = metadata;
  return annotations === undefined || Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
};

/** Behavior is written in upstream's internal form. */
interface InternalRules {
  readonly StabilizationWindowSeconds: number | null;
  readonly SelectPolicy: string | null;
  readonly Policies:
    | readonly { readonly Type: string; readonly Value: number; readonly PeriodSeconds: number }[]
    | null;
  readonly Tolerance: string | null;
}

const rulesToInternal = (rules: HPAScalingRules | undefined): InternalRules | null =>
  rules === undefined
    ? null
    : {
        StabilizationWindowSeconds: rules.stabilizationWindowSeconds ?? null,
        SelectPolicy: rules.selectPolicy ?? null,
        Policies:
          rules.policies?.map(({ type, value, periodSeconds }) => ({
            Type: type,
            Value: value,
            PeriodSeconds: periodSeconds,
          })) ?? null,
        Tolerance: rules.tolerance ?? null,
      };

function rulesFromInternal(rules: InternalRules | null | undefined): HPAScalingRules | undefined {
  if (!rules) return undefined;
  return {
    ...(rules.StabilizationWindowSeconds == null
      ? {}
      : { stabilizationWindowSeconds: rules.StabilizationWindowSeconds }),
    ...(rules.SelectPolicy == null ? {} : { selectPolicy: rules.SelectPolicy }),
    ...(rules.Policies == null
      ? {}
      : {
          policies: rules.Policies.map(({ Type, Value, PeriodSeconds }) => ({
            type: Type,
            value: Value,
            periodSeconds: PeriodSeconds,
          })),
        }),
    ...(rules.Tolerance == null ? {} : { tolerance: rules.Tolerance }),
  };
}

interface InternalBehavior {
  readonly ScaleUp: InternalRules | null;
  readonly ScaleDown: InternalRules | null;
}

function behaviorOf(text: string | undefined): HorizontalPodAutoscalerBehavior | undefined {
  const internal = parsed<InternalBehavior>(text);
  if (!internal) return undefined;
  const [up, down] = [rulesFromInternal(internal.ScaleUp), rulesFromInternal(internal.ScaleDown)];
  return { ...(up === undefined ? {} : { scaleUp: up }), ...(down === undefined ? {} : { scaleDown: down }) };
}

function statusToV2({ metadata, status }: V1): V2["status"] {
  if (status === undefined) return undefined;
  const { currentCPUUtilizationPercentage: percentage, currentReplicas, ...rest } = status;
  const noted = parsed<unknown[]>(metadata.annotations?.[`${prefix}current-metrics`]);
  const conditions = parsed<HorizontalPodAutoscalerCondition[]>(metadata.annotations?.[`${prefix}conditions`]);
  const own: MetricStatus[] | undefined =
    percentage === undefined
      ? undefined
      : [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: percentage } } }];
  const metrics = noted?.map(metricStatusFromV1) ?? own;
  return {
    ...rest,
    ...(currentReplicas ? { currentReplicas } : {}),
    currentMetrics: metrics ?? (null as never),
    ...(conditions === undefined ? {} : { conditions }),
  };
}

/** The autoscaling/v2 form: what is stored, printed and validated. */
export function toV2(v1: V1): V2 {
  const { annotations } = v1.metadata;
  const { targetCPUUtilizationPercentage: percentage, ...spec } = v1.spec ?? ({} as V1["spec"]);
  const others = parsed<unknown[]>(annotations?.[`${prefix}metrics`])?.map(metricFromV1) ?? [];
  const metrics = [...others, ...(percentage === undefined ? [] : [cpu(percentage)])];
  const behavior = behaviorOf(annotations?.[`${prefix}behavior`]);
  const status = statusToV2(v1);
  return {
    kind: "HorizontalPodAutoscaler",
    apiVersion: "autoscaling/v2",
    metadata: withAnnotations(v1.metadata, withoutRoundTrip(annotations)),
    spec: {
      ...spec,
      metrics: metrics.length === 0 ? [cpu(defaultUtilization)] : metrics,
      ...(behavior === undefined ? {} : { behavior }),
    },
    ...(status === undefined ? {} : { status }),
  };
}

function annotationsOf({ metadata, spec, status }: V2): Record<string, string> {
  const others = (spec.metrics ?? []).filter((each) => !isCpuUtilization(each)).map(metricToV1);
  const metrics = status?.currentMetrics ?? [];
  const conditions = status?.conditions ?? [];
  const { behavior } = spec;
  return {
    ...withoutRoundTrip(metadata.annotations),
    ...(others.length === 0 ? {} : { [`${prefix}metrics`]: JSON.stringify(others) }),
    ...(metrics.length === 0 ? {} : { [`${prefix}current-metrics`]: JSON.stringify(metrics.map(metricStatusToV1)) }),
    ...(behavior === undefined
      ? {}
      : {
          [`${prefix}behavior`]: JSON.stringify({
            ScaleUp: rulesToInternal(behavior.scaleUp),
            ScaleDown: rulesToInternal(behavior.scaleDown),
          }),
        }),
    ...(conditions.length === 0 ? {} : { [`${prefix}conditions`]: JSON.stringify(conditions) }),
  };
}

export function fromV2(v2: V2): V1 {
  const { metrics, behavior: _, ...spec } = v2.spec;
  const target = metrics?.find(isCpuUtilization)?.resource?.target.averageUtilization;
  const { conditions: __, currentMetrics, currentReplicas = 0, ...status } = v2.status ?? { desiredReplicas: 0 };
  const current = (currentMetrics ?? []).findLast(
    ({ type, resource }) =>
      type === "Resource" && resource?.name === "cpu" && resource.current?.averageUtilization !== undefined,
  );
  const utilization = current?.resource?.current.averageUtilization;
  return {
    kind: "HorizontalPodAutoscaler",
    apiVersion: "autoscaling/v1",
    metadata: withAnnotations(v2.metadata, annotationsOf(v2)),
    spec: { ...spec, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    ...(v2.status === undefined
      ? {}
      : {
          status: {
            ...status,
            currentReplicas,
            ...(utilization === undefined ? {} : { currentCPUUtilizationPercentage: utilization }),
          },
        }),
  };
}
