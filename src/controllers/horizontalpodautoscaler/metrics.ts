// Where the numbers come from: metrics.k8s.io, custom.metrics.k8s.io and external.metrics.k8s.io, when an APIService serves them.
// Upstream: pkg/controller/podautoscaler/metrics/client.go, k8s.io/metrics/pkg/client. Values are thousandths.
import type { autoscaling_v2 } from "../../api/index.ts";
import type { Client } from "../../client/index.ts";
import {
  formatGroupResource,
  type LabelMatcher,
  labelSelectorMatcher,
  parseApiVersion,
  parseGoDuration,
  parseTime,
  quantityMilliValue,
} from "../../machinery/index.ts";

export interface PodMetric {
  readonly atMs: number;
  readonly windowMs: number;
  readonly value: number;
}

/** By pod name. */
export type PodMetrics = Map<string, PodMetric>;

/** Reads metrics; throws Error with upstream's words. */
export interface MetricsReader {
  /** Of whole pods, or of one container of each. */
  resource(asked: { name: string; namespace: string; selector: LabelMatcher; container: string }): Promise<PodMetrics>;
  pods(asked: { metric: Identifier; namespace: string; selector: LabelMatcher }): Promise<PodMetrics>;
  object(asked: { metric: Identifier; namespace: string; object: ObjectReference }): Promise<number>;
  external(asked: { metric: Identifier; namespace: string }): Promise<readonly number[]>;
}

type Identifier = autoscaling_v2.MetricIdentifier;
type ObjectReference = autoscaling_v2.CrossVersionObjectReference;

interface ResourceUsage {
  readonly metadata: { readonly name: string };
  readonly timestamp: string;
  readonly window: string;
  readonly containers?: readonly { readonly name: string; readonly usage?: Readonly<Record<string, string>> }[];
}

interface MetricValue {
  readonly describedObject?: { readonly name?: string };
  readonly timestamp: string;
  readonly windowSeconds?: number;
  readonly window?: number;
  readonly value: string;
}

const customGroup = "custom.metrics.k8s.io";
const externalGroup = "external.metrics.k8s.io";
/** Newest first; what a server of both prefers is the newer one. */
const customVersions = ["v1beta2", "v1beta1"];
/** A custom metric that does not say over which time it was taken. */
const defaultWindowMs = 60_000;

/** `resourceOf`: the resource of a kind, from discovery; throws for one that is not served. */
export function createMetricsReader(
  client: Client,
  resourceOf: (group: string, kind: string) => Promise<{ readonly group: string; readonly resource: string }>,
): MetricsReader {
  const items = async <T>(from: string, asked: Asked): Promise<readonly T[]> => {
    let list: { readonly items?: readonly T[] };
    try {
      list = (await ask(client, asked)) as typeof list;
    } catch (error) {
      throw new Error(`unable to fetch metrics from ${from} metrics API: ${(error as Error).message}`);
    }
    if ((list.items?.length ?? 0) === 0) throw new Error(`no metrics returned from ${from} metrics API`);
    return list.items!;
  };
  /** Throws in upstream's words when nobody serves custom metrics. */
  const customRoot = async (): Promise<string> => {
    for (const version of customVersions)
      if ((await client.raw(`/apis/${customGroup}/${version}`)).status === 200)
        return `/apis/${customGroup}/${version}`;
    throw new Error(
      `unable to fetch metrics from custom metrics API: no custom metrics API (${customGroup}) registered`,
    );
  };
  return {
    async resource({ name, namespace, selector, container }) {
      const found = await items<ResourceUsage>("resource", {
        path: `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`,
        query: new URLSearchParams({ labelSelector: selector.toString() }),
        about: "pods.metrics.k8s.io",
      });
      const metrics: PodMetrics = new Map();
      for (const each of found) {
        const value = container === "" ? podUsage(each, name) : containerUsage(each, name, container);
        if (value === undefined) continue;
        metrics.set(each.metadata.name, {
          atMs: parseTime(each.timestamp),
          windowMs: parseGoDuration(each.window),
          value,
        });
      }
      return metrics;
    },
    async pods({ metric, namespace, selector }) {
      const root = await customRoot();
      const found = await items<MetricValue>("custom", {
        path: `${root}/namespaces/${namespace}/pods/*/${metric.name}`,
        query: new URLSearchParams({ labelSelector: selector.toString(), ...metricSelector(metric) }),
        about: `pods.${customGroup} *`,
      });
      return new Map(found.map((each) => [each.describedObject?.name ?? "", podMetricOf(each)]));
    },
    async object({ metric, namespace, object }) {
      const root = await customRoot();
      const { group } = parseApiVersion(object.apiVersion ?? "");
      const isNamespace = object.kind === "Namespace" && group === "";
      // A Namespace stands for its own metrics, whatever name is given: nobody looks into another one.
      const path = isNamespace
        ? `namespaces/${namespace}/metrics/${metric.name}`
        : `namespaces/${namespace}/${formatGroupResource(await resourceOf(group, object.kind))}/${object.name}/${metric.name}`;
      const query = new URLSearchParams(metricSelector(metric));
      const found = await items<MetricValue>("custom", {
        path: `${root}/${path}`,
        query,
        about: `${isNamespace ? "metrics" : path.split("/")[2]}.${customGroup} ${isNamespace ? metric.name : object.name}`,
      });
      if (found.length !== 1)
        throw new Error(
          `unable to fetch metrics from custom metrics API: the custom metrics API server returned ${found.length} results when we asked for exactly one`,
        );
      return quantityMilliValue(found[0]!.value);
    },
    async external({ metric, namespace }) {
      const found = await items<MetricValue>("external", {
        path: `/apis/${externalGroup}/v1beta1/namespaces/${namespace}/${metric.name}`,
        query: new URLSearchParams({ labelSelector: matcherOf(metric).toString() }),
        about: `${metric.name}.${externalGroup}`,
      });
      return found.map((each) => quantityMilliValue(each.value));
    },
  };
}

/** As upstream, no selector of a metric asks for nothing: only an empty one asks for everything. */
const matcherOf = ({ selector }: Identifier): LabelMatcher => labelSelectorMatcher(selector);

function metricSelector(metric: Identifier): Record<string, string> {
  const text = matcherOf(metric).toString();
  return text === "" ? {} : { metricLabelSelector: text };
}

/** The sum over all containers; undefined when one of them tells nothing. */
function podUsage({ containers = [] }: ResourceUsage, name: string): number | undefined {
  const values = containers.map(({ usage }) => usage?.[name]);
  if (values.length === 0 || values.includes(undefined)) return undefined;
  return values.reduce((sum, value) => sum + quantityMilliValue(value!), 0);
}

function containerUsage({ containers = [] }: ResourceUsage, name: string, container: string): number | undefined {
  const value = containers.find((each) => each.name === container)?.usage?.[name];
  return value === undefined ? undefined : quantityMilliValue(value);
}

const podMetricOf = ({ timestamp, windowSeconds, window, value }: MetricValue): PodMetric => {
  const seconds = windowSeconds ?? window;
  return {
    atMs: parseTime(timestamp),
    windowMs: seconds === undefined ? defaultWindowMs : seconds * 1000,
    value: quantityMilliValue(value),
  };
};

interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
  /** What was asked for, as client-go names it in errors. */
  readonly about: string;
}

async function ask(client: Client, { path, query, about }: Asked): Promise<unknown> {
  const { status, text } = await client.raw(path, query);
  if (status < 400) return JSON.parse(text);
  const told = statusMessage(text);
  throw new Error(told ?? `${genericMessage(status, text)} (get ${about})`);
}

function statusMessage(text: string): string | undefined {
  if (!text.startsWith("{")) return undefined;
  const status = JSON.parse(text) as { kind?: string; message?: string };
  return status.kind === "Status" ? status.message : undefined;
}

/** What client-go says of answers that are not Status objects. Upstream: apimachinery errors.NewGenericServerResponse. */
function genericMessage(code: number, text: string): string {
  const known: Readonly<Record<number, string>> = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    403: text.trim(),
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted, but may still be processing the request",
  };
  if (known[code] !== undefined) return known[code];
  if (code < 500) return `the server responded with the status code ${code} but did not return more information`;
  return `an error on the server (${JSON.stringify(text.trim())}) has prevented the request from succeeding`;
}
