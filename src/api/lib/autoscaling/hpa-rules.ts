// Rules of autoscalers in their autoscaling/v2 form, whichever version they came in. Upstream: pkg/apis/autoscaling/validation,
// pkg/apis/autoscaling/v2/defaults.go.
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from "../../../../facts/types/autoscaling.v2.ts";
import { canonicalQuantity, compareQuantities, field, pathSegmentName, sentEmpty } from "../../../machinery/index.ts";
import { containerResourceName } from "../resource-rules.ts";
import {
  type Check,
  child,
  dnsLabel,
  each,
  empty,
  type Findings,
  findings,
  item,
  named,
  notNegative,
  notNegativeText,
  oneOf,
  optional,
  positive,
  required,
  worthChecking,
} from "../validate.ts";

type Spec = HorizontalPodAutoscaler["spec"];

const longestPeriodSeconds = 1800;
const longestWindowSeconds = 3600;

interface Leniency {
  readonly lowestMinReplicas: 0 | 1;
  /** `any`: also what can not be read; `core`: the group may be left out. */
  readonly targetVersion: "any" | "core" | "grouped";
  readonly objectVersion: "any" | "core";
}

const segment = required(named(pathSegmentName));

function versionError(version: string, allowed: "any" | "core" | "grouped"): string | undefined {
  if (allowed === "any") return undefined;
  const slashes = version.split("/").length - 1;
  if (slashes > 1) return `unexpected GroupVersion string: ${version}`;
  return allowed === "grouped" && (slashes === 0 || version.startsWith("/"))
    ? "apiVersion must specify API group"
    : undefined;
}

const reference =
  (allowed: "any" | "core" | "grouped"): Check<CrossVersionObjectReference | undefined> =>
  (value, at, found) => {
    segment(value?.kind, child(at, "kind"), found);
    segment(value?.name, child(at, "name"), found);
    const { apiVersion = "" } = value ?? {};
    const problem = versionError(apiVersion, allowed);
    if (problem !== undefined) found.push(field.invalid(child(at, "apiVersion"), apiVersion, problem));
  };

const identifier: Check<MetricIdentifier | undefined> = (value, at, found) => {
  const path = child(at, "name");
  if (!value?.name) found.push(field.required(path, "must specify a metric name"));
  else named(pathSegmentName)(value.name, path, found);
};

const target: Check<MetricTarget | undefined> = (value, at, found) => {
  const { type = "", averageUtilization } = value ?? {};
  if (type === "") found.push(field.required(child(at, "type"), "must specify a metric target type"));
  if (!["Utilization", "Value", "AverageValue"].includes(type))
    found.push(field.invalid(child(at, "type"), type, "must be either Utilization, Value, or AverageValue"));
  for (const name of ["value", "averageValue"] as const) {
    const quantity = value?.[name];
    if (quantity !== undefined && compareQuantities(quantity, "0") <= 0)
      found.push(field.invalid(child(at, name), canonicalQuantity(quantity), "must be positive"));
  }
  if (averageUtilization !== undefined && averageUtilization < 1)
    found.push(field.invalid(child(at, "averageUtilization"), averageUtilization, "must be greater than 0"));
};

const average = (at: string): string => child(at, "target.averageValue");

function objectSource(source: NonNullable<MetricSpec["object"]>, at: string, context: Context): void {
  const { found, leniency } = context;
  reference(leniency.objectVersion)(source.describedObject, child(at, "describedObject"), found);
  identifier(source.metric, child(at, "metric"), found);
  target(source.target, child(at, "target"), found);
  if (source.target?.value === undefined && source.target?.averageValue === undefined)
    found.push(field.required(average(at), "must set either a target value or averageValue"));
}

function externalSource(source: NonNullable<MetricSpec["external"]>, at: string, { found }: Context): void {
  identifier(source.metric, child(at, "metric"), found);
  target(source.target, child(at, "target"), found);
  const { value, averageValue } = source.target ?? {};
  if (value === undefined && averageValue === undefined)
    found.push(field.required(average(at), "must set either a target value for metric or a per-pod target"));
  if (value !== undefined && averageValue !== undefined)
    found.push(
      field.forbidden(child(at, "target.value"), "may not set both a target value for metric and a per-pod target"),
    );
}

function podsSource(source: NonNullable<MetricSpec["pods"]>, at: string, { found }: Context): void {
  identifier(source.metric, child(at, "metric"), found);
  target(source.target, child(at, "target"), found);
  if (source.target?.averageValue === undefined)
    found.push(field.required(average(at), "must specify a positive target averageValue"));
}

function utilization(value: MetricTarget | undefined, at: string, found: Findings): void {
  target(value, child(at, "target"), found);
  const both = value?.averageUtilization !== undefined && value.averageValue !== undefined;
  if (value?.averageUtilization === undefined && value?.averageValue === undefined)
    found.push(
      field.required(
        child(at, "target.averageUtilization"),
        "must set either a target raw value or a target utilization",
      ),
    );
  if (both) found.push(field.forbidden(average(at), "may not set both a target raw value and a target utilization"));
}

function resourceSource(source: NonNullable<MetricSpec["resource"]>, at: string, { found }: Context): void {
  if (!source.name) found.push(field.required(child(at, "name"), "must specify a resource name"));
  utilization(source.target, at, found);
}

function containerSource(source: NonNullable<MetricSpec["containerResource"]>, at: string, { found }: Context): void {
  if (!source.name) found.push(field.required(child(at, "name"), "must specify a resource name"));
  else containerResourceName(source.name, child(at, "name"), found);
  if (!source.container) found.push(field.required(child(at, "container"), "must specify a container"));
  else dnsLabel(source.container, child(at, "container"), found);
  utilization(source.target, at, found);
}

interface Context {
  readonly found: Findings;
  readonly leniency: Leniency;
}

type Source = "object" | "external" | "pods" | "resource" | "containerResource";

/** In the order in which upstream looks; only the first that is there is judged. */
const sources: { readonly [K in Source]: (source: NonNullable<MetricSpec[K]>, at: string, context: Context) => void } =
  {
    object: objectSource,
    external: externalSource,
    pods: podsSource,
    resource: resourceSource,
    containerResource: containerSource,
  };

const sourceOfType: Readonly<Record<string, Source>> = {
  Object: "object",
  Pods: "pods",
  Resource: "resource",
  External: "external",
  ContainerResource: "containerResource",
};
const metricTypes = Object.keys(sourceOfType).sort();

const metric =
  (leniency: Leniency): Check<MetricSpec> =>
  (spec, at, found) => {
    const { type = "" } = spec;
    const path = child(at, "type");
    const unknown = field.notSupported(path, type, metricTypes);
    if (type === "") found.push(field.required(path, "must specify a metric source type"));
    const expected = sourceOfType[type];
    if (expected === undefined) found.push(unknown);
    const present = (Object.keys(sources) as Source[]).filter((name) => spec[name]);
    const [first] = present;
    if (first !== undefined)
      (sources[first] as (source: unknown, at: string, context: Context) => void)(spec[first], child(at, first), {
        found,
        leniency,
      });
    if (expected === undefined) found.push(unknown);
    else if (!spec[expected])
      found.push(field.required(child(at, expected), "must populate information for the given metric source"));
    if (present.length !== 1)
      for (const name of present)
        if (name !== expected)
          found.push(field.forbidden(child(at, name), "must populate the given metric source only"));
  };

const policy: Check<HPAScalingPolicy> = (value, at, found) => {
  oneOf("Percent", "Pods")(value.type, child(at, "type"), found);
  positive(value.value, child(at, "value"), found);
  positive(value.periodSeconds, child(at, "periodSeconds"), found);
  if ((value.periodSeconds ?? 0) > longestPeriodSeconds)
    found.push(
      field.invalid(
        child(at, "periodSeconds"),
        value.periodSeconds,
        `must be less than or equal to ${longestPeriodSeconds}`,
      ),
    );
};

const scalingRules: Check<HPAScalingRules> = (value, at, found) => {
  const seconds = value.stabilizationWindowSeconds;
  const path = child(at, "stabilizationWindowSeconds");
  if (seconds !== undefined && seconds < 0)
    found.push(field.invalid(path, seconds, "must be greater than or equal to zero"));
  if (seconds !== undefined && seconds > longestWindowSeconds)
    found.push(field.invalid(path, seconds, `must be less than or equal to ${longestWindowSeconds}`));
  optional(oneOf("Disabled", "Max", "Min"))(value.selectPolicy, child(at, "selectPolicy"), found);
  if (empty(value.policies)) found.push(field.required(child(at, "policies"), "must specify at least one Policy"));
  each(policy)(value.policies, child(at, "policies"), found);
  const { tolerance } = value;
  if (tolerance !== undefined && compareQuantities(tolerance, "0") < 0)
    found.push(field.invalid(child(at, "tolerance"), canonicalQuantity(tolerance), notNegativeText));
};

const spec =
  (leniency: Leniency): Check<Spec> =>
  (value, at, found) => {
    const { minReplicas: least, maxReplicas: most = 0 } = value;
    const path = child(at, "maxReplicas");
    if (least !== undefined && least < leniency.lowestMinReplicas)
      found.push(
        field.invalid(
          child(at, "minReplicas"),
          least,
          `must be greater than or equal to ${leniency.lowestMinReplicas}`,
        ),
      );
    if (most === 0) found.push(field.required(path, "must be set and greater than 0"));
    else if (most < 0) found.push(field.invalid(path, most, "must be greater than or equal to 1"));
    if (least !== undefined && most < least)
      found.push(field.invalid(path, most, "must be greater than or equal to `minReplicas`"));
    reference(leniency.targetVersion)(value.scaleTargetRef, child(at, "scaleTargetRef"), found);
    const metrics = value.metrics ?? [];
    for (const [index, own] of worthChecking(metrics, found))
      metric(leniency)(own, item(child(at, "metrics"), index), found);
    if (least === 0 && !metrics.some(({ type }) => type === "Object" || type === "External"))
      found.push(
        field.forbidden(
          child(at, "metrics"),
          "must specify at least one Object or External metric to support scaling to zero replicas",
        ),
      );
    optional(scalingRules)(value.behavior?.scaleUp, child(at, "behavior.scaleUp"), found);
    optional(scalingRules)(value.behavior?.scaleDown, child(at, "behavior.scaleDown"), found);
  };

function leniencyOf({ spec: own }: HorizontalPodAutoscaler, old: Spec | undefined, toZero: boolean): Leniency {
  const [now, before] = [own.scaleTargetRef, old?.scaleTargetRef];
  const kept = before !== undefined && before.apiVersion === now?.apiVersion && before.kind === now?.kind;
  const wasWrong = (old?.metrics ?? []).some(
    ({ object }) => object && versionError(object.describedObject?.apiVersion ?? "", "core") !== undefined,
  );
  return {
    lowestMinReplicas: toZero || old?.minReplicas === 0 ? 0 : 1,
    targetVersion: kept ? "any" : now?.kind === "ReplicationController" ? "core" : "grouped",
    objectVersion: wasWrong ? "any" : "core",
  };
}

interface Judged {
  readonly old?: HorizontalPodAutoscaler;
  readonly featureEnabled: (gate: string) => boolean;
}

export const judgeAutoscaler = (autoscaler: HorizontalPodAutoscaler, { old, featureEnabled }: Judged): Findings =>
  findings(autoscaler.spec, spec(leniencyOf(autoscaler, old?.spec, featureEnabled("HPAScaleToZero"))), "spec");

export const judgeAutoscalerStatus = ({ status }: HorizontalPodAutoscaler): Findings => [
  ...findings(status?.currentReplicas, notNegative, "status.currentReplicas"),
  ...findings(status?.desiredReplicas, notNegative, "status.desiredReplicas"),
];

const pods: HPAScalingPolicy = { type: "Pods", value: 4, periodSeconds: 15 };
const percent: HPAScalingPolicy = { type: "Percent", value: 100, periodSeconds: 15 };

/** Behavior that is there at all is there in full. */
export function defaultAutoscaler({ spec: own }: HorizontalPodAutoscaler): void {
  own.minReplicas ??= 1;
  if (empty(own.metrics))
    own.metrics = [
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
    ];
  const { behavior } = own;
  if (behavior === undefined) return;
  const up = (behavior.scaleUp ??= {});
  up.stabilizationWindowSeconds ??= 0;
  up.selectPolicy ??= "Max";
  if (!sentEmpty(up, "policies")) up.policies ??= [{ ...pods }, { ...percent }];
  const down = (behavior.scaleDown ??= {});
  down.selectPolicy ??= "Max";
  if (!sentEmpty(down, "policies")) down.policies ??= [{ ...percent }];
}

/** Annotations that carry to autoscaling/v1 what that has no fields for. */
export const roundTripAnnotations = [
  "autoscaling.alpha.kubernetes.io/metrics",
  "autoscaling.alpha.kubernetes.io/behavior",
  "autoscaling.alpha.kubernetes.io/scale-down-tolerance",
  "autoscaling.alpha.kubernetes.io/scale-up-tolerance",
  "autoscaling.alpha.kubernetes.io/current-metrics",
  "autoscaling.alpha.kubernetes.io/conditions",
] as const;
