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

/** What a metric asks for is a `target`, what was measured is `current`: apart from that, a spec and a status are written alike. */
type Word = "target" | "current";
type Amount = Partial<Pick<MetricTarget & MetricValueStatus, "value" | "averageValue" | "averageUtilization">>;
interface Source {
  readonly name?: string;
  readonly container?: string;
  readonly metric?: MetricIdentifier;
  readonly describedObject?: CrossVersionObjectReference;
  readonly target?: Amount;
  readonly current?: Amount;
}
interface Sources {
  readonly type: string;
  readonly object?: Source;
  readonly pods?: Source;
  readonly resource?: Source;
  readonly containerResource?: Source;
  readonly external?: Source;
}

export const metricToV1 = (metric: MetricSpec): Loose => toV1(metric, "target");
export const metricStatusToV1 = (status: MetricStatus): Loose => toV1(status, "current");

function toV1({ type, object, pods, resource, containerResource, external }: Sources, word: Word): Loose {
  // Quantities of a status are never left out in v1.
  const least = word === "current" ? "0" : undefined;
  const ofResource = ({ name = "", [word]: amount }: Source): Loose =>
    whenSet({
      name,
      [`${word}AverageUtilization`]: amount?.averageUtilization,
      [`${word}AverageValue`]: amount?.averageValue ?? least,
    });
  return whenSet({
    type,
    object: object && {
      target: reference(object.describedObject),
      ...whenSet({
        metricName: object.metric?.name ?? "",
        [`${word}Value`]: object[word]?.value ?? "0",
        selector: object.metric?.selector,
        averageValue: object[word]?.averageValue,
      }),
    },
    pods:
      pods &&
      whenSet({
        metricName: pods.metric?.name ?? "",
        [`${word}AverageValue`]: pods[word]?.averageValue ?? "0",
        selector: pods.metric?.selector,
      }),
    resource: resource && ofResource(resource),
    containerResource: containerResource && {
      ...ofResource(containerResource),
      container: containerResource.container ?? "",
    },
    external:
      external &&
      whenSet({
        metricName: external.metric?.name ?? "",
        metricSelector: external.metric?.selector,
        [`${word}Value`]: external[word]?.value ?? least,
        [`${word}AverageValue`]: external[word]?.averageValue,
      }),
  });
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
const part = (value: unknown): Loose | undefined =>
  value !== null && typeof value === "object" ? (value as Loose) : undefined;

const isZero = (quantity: string | undefined): boolean => quantity === undefined || /^0[A-Za-z]*$/.test(quantity);

const metricNamed = (name: unknown, selector: unknown): MetricIdentifier =>
  whenSet({ name: text(name) ?? "", selector: part(selector) }) as unknown as MetricIdentifier;

/** Undefined fields are left out of what is returned. */
export const metricFromV1 = (value: unknown): MetricSpec => fromV1(value, targets) as unknown as MetricSpec;
export const metricStatusFromV1 = (value: unknown): MetricStatus => fromV1(value, currents) as unknown as MetricStatus;

interface Amounts extends Readonly<Record<"pods" | "resource" | "external", (own: Loose) => Loose>> {
  /** With the other two parts, in upstream's order of fields. */
  object(own: Loose, parts: { readonly describedObject: Loose; readonly metric: MetricIdentifier }): Loose;
}

/** What kind of target it is, v2 says in so many words. */
const targets: Amounts = {
  object({ targetValue, averageValue }, { describedObject, metric }) {
    const isAverage = averageValue !== undefined;
    // The zero that v1 can not leave out is none.
    const value = isAverage && isZero(text(targetValue)) ? undefined : text(targetValue);
    const target = whenSet({ type: isAverage ? "AverageValue" : "Value", value, averageValue });
    return { describedObject, target, metric };
  },
  pods: ({ targetAverageValue: averageValue }) => ({ target: whenSet({ type: "AverageValue", averageValue }) }),
  resource({ targetAverageUtilization, targetAverageValue: averageValue }) {
    const averageUtilization = number(targetAverageUtilization);
    const type = averageUtilization === undefined ? "AverageValue" : "Utilization";
    return { target: whenSet({ type, averageUtilization, averageValue }) };
  },
  external: ({ targetValue: value, targetAverageValue: averageValue }) => ({
    target: whenSet({ type: value === undefined ? "AverageValue" : "Value", value, averageValue }),
  }),
};

const currents: Amounts = {
  object: ({ currentValue: value, averageValue }, { describedObject, metric }) => ({
    metric,
    current: whenSet({ value, averageValue }),
    describedObject,
  }),
  pods: ({ currentAverageValue: averageValue }) => ({ current: whenSet({ averageValue }) }),
  resource: ({ currentAverageValue: averageValue, currentAverageUtilization: averageUtilization }) => ({
    current: whenSet({ averageValue, averageUtilization }),
  }),
  external: ({ currentValue: value, currentAverageValue: averageValue }) => ({
    current: whenSet({ value, averageValue }),
  }),
};

function fromV1(given: unknown, amounts: Amounts): Loose {
  const metric = part(given) ?? {};
  const [object, pods, resource] = [part(metric["object"]), part(metric["pods"]), part(metric["resource"])];
  const [container, external] = [part(metric["containerResource"]), part(metric["external"])];
  const ofResource = (own: Loose): Loose => ({ name: text(own["name"]) ?? "", ...amounts.resource(own) });
  return whenSet({
    type: text(metric["type"]) ?? "",
    object:
      object &&
      amounts.object(object, {
        describedObject: reference(part(object["target"]) as CrossVersionObjectReference | undefined),
        metric: metricNamed(object["metricName"], object["selector"]),
      }),
    pods: pods && { metric: metricNamed(pods["metricName"], pods["selector"]), ...amounts.pods(pods) },
    resource: resource && ofResource(resource),
    containerResource: container && { ...ofResource(container), container: text(container["container"]) ?? "" },
    external: external && {
      metric: metricNamed(external["metricName"], external["metricSelector"]),
      ...amounts.external(external),
    },
  });
}
