// Metrics of autoscalers in the form that autoscaling/v1 keeps in annotations, with upstream's order of fields.
import type {
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from "../../../../facts/types/autoscaling.v2.ts";

type Loose = Readonly<Record<string, unknown>>;

const whenSet = (fields: Loose): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const reference = (to: CrossVersionObjectReference | undefined): Loose =>
  whenSet({ kind: to?.kind ?? "", name: to?.name ?? "", apiVersion: to?.apiVersion });

export function metricToV1({ type, object, pods, resource, containerResource, external }: MetricSpec): Loose {
  return whenSet({
    type,
    object: object && {
      target: reference(object.describedObject),
      ...whenSet({
        metricName: object.metric?.name ?? "",
        targetValue: object.target?.value ?? "0",
        selector: object.metric?.selector,
        averageValue: object.target?.averageValue,
      }),
    },
    pods:
      pods &&
      whenSet({
        metricName: pods.metric?.name ?? "",
        targetAverageValue: pods.target?.averageValue ?? "0",
        selector: pods.metric?.selector,
      }),
    resource: resource && resourceToV1(resource),
    containerResource: containerResource && {
      ...resourceToV1(containerResource),
      container: containerResource.container ?? "",
    },
    external:
      external &&
      whenSet({
        metricName: external.metric?.name ?? "",
        metricSelector: external.metric?.selector,
        targetValue: external.target?.value,
        targetAverageValue: external.target?.averageValue,
      }),
  });
}

const resourceToV1 = ({ name, target }: { readonly name: string; readonly target: MetricTarget }): Loose =>
  whenSet({
    name: name ?? "",
    targetAverageUtilization: target?.averageUtilization,
    targetAverageValue: target?.averageValue,
  });

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
const part = (value: unknown): Loose | undefined =>
  value !== null && typeof value === "object" ? (value as Loose) : undefined;

const isZero = (quantity: string | undefined): boolean => quantity === undefined || /^0[A-Za-z]*$/.test(quantity);

const metricNamed = (name: unknown, selector: unknown): MetricIdentifier =>
  whenSet({ name: text(name) ?? "", selector: part(selector) }) as unknown as MetricIdentifier;

const targetOf = (fields: Loose): MetricTarget => whenSet(fields) as unknown as MetricTarget;

/** Undefined fields are left out of what is returned. */
export function metricFromV1(value: unknown): MetricSpec {
  const metric = part(value) ?? {};
  const [object, pods, resource] = [part(metric["object"]), part(metric["pods"]), part(metric["resource"])];
  const [container, external] = [part(metric["containerResource"]), part(metric["external"])];
  return whenSet({
    type: text(metric["type"]) ?? "",
    object: object && objectFromV1(object),
    pods: pods && {
      metric: metricNamed(pods["metricName"], pods["selector"]),
      target: targetOf({ type: "AverageValue", averageValue: pods["targetAverageValue"] }),
    },
    resource: resource && resourceFromV1(resource),
    containerResource: container && { ...resourceFromV1(container), container: text(container["container"]) ?? "" },
    external: external && {
      metric: metricNamed(external["metricName"], external["metricSelector"]),
      target: targetOf({
        type: external["targetValue"] === undefined ? "AverageValue" : "Value",
        value: external["targetValue"],
        averageValue: external["targetAverageValue"],
      }),
    },
  }) as unknown as MetricSpec;
}

function objectFromV1(object: Loose): Loose {
  const value = text(object["targetValue"]);
  const isAverage = object["averageValue"] !== undefined;
  return {
    describedObject: reference(part(object["target"]) as CrossVersionObjectReference | undefined),
    target: targetOf({
      type: isAverage ? "AverageValue" : "Value",
      // The zero that v1 can not leave out is none.
      value: isAverage && isZero(value) ? undefined : value,
      averageValue: object["averageValue"],
    }),
    metric: metricNamed(object["metricName"], object["selector"]),
  };
}

function resourceFromV1(resource: Loose): Loose {
  const utilization = number(resource["targetAverageUtilization"]);
  return {
    name: text(resource["name"]) ?? "",
    target: targetOf({
      type: utilization === undefined ? "AverageValue" : "Utilization",
      averageUtilization: utilization,
      averageValue: resource["targetAverageValue"],
    }),
  };
}

const resourceStatusToV1 = ({ name, current }: { readonly name: string; readonly current: MetricValueStatus }): Loose =>
  whenSet({
    name: name ?? "",
    currentAverageUtilization: current?.averageUtilization,
    currentAverageValue: current?.averageValue ?? "0",
  });

export function metricStatusToV1(status: MetricStatus): Loose {
  const { type, object, pods, resource, containerResource, external } = status;
  return whenSet({
    type,
    object: object && {
      target: reference(object.describedObject),
      ...whenSet({
        metricName: object.metric?.name ?? "",
        currentValue: object.current?.value ?? "0",
        selector: object.metric?.selector,
        averageValue: object.current?.averageValue,
      }),
    },
    pods:
      pods &&
      whenSet({
        metricName: pods.metric?.name ?? "",
        currentAverageValue: pods.current?.averageValue ?? "0",
        selector: pods.metric?.selector,
      }),
    resource: resource && resourceStatusToV1(resource),
    containerResource: containerResource && {
      ...resourceStatusToV1(containerResource),
      container: containerResource.container ?? "",
    },
    external:
      external &&
      whenSet({
        metricName: external.metric?.name ?? "",
        metricSelector: external.metric?.selector,
        currentValue: external.current?.value ?? "0",
        currentAverageValue: external.current?.averageValue,
      }),
  });
}

export function metricStatusFromV1(value: unknown): MetricStatus {
  const metric = part(value) ?? {};
  const [object, pods, resource] = [part(metric["object"]), part(metric["pods"]), part(metric["resource"])];
  const [container, external] = [part(metric["containerResource"]), part(metric["external"])];
  const ofResource = (own: Loose): Loose => ({
    name: text(own["name"]) ?? "",
    current: whenSet({
      averageValue: own["currentAverageValue"],
      averageUtilization: own["currentAverageUtilization"],
    }),
  });
  return whenSet({
    type: text(metric["type"]) ?? "",
    object: object && {
      metric: metricNamed(object["metricName"], object["selector"]),
      current: whenSet({ value: object["currentValue"], averageValue: object["averageValue"] }),
      describedObject: reference(part(object["target"]) as CrossVersionObjectReference | undefined),
    },
    pods: pods && {
      metric: metricNamed(pods["metricName"], pods["selector"]),
      current: whenSet({ averageValue: pods["currentAverageValue"] }),
    },
    resource: resource && ofResource(resource),
    containerResource: container && { ...ofResource(container), container: text(container["container"]) ?? "" },
    external: external && {
      metric: metricNamed(external["metricName"], external["metricSelector"]),
      current: whenSet({ value: external["currentValue"], averageValue: external["currentAverageValue"] }),
    },
  }) as unknown as MetricStatus;
}
