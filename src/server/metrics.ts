// The server's metrics under upstream's names. Upstream: apiserver's endpoints/metrics, admission/metrics, component-base's version.
// Labels come from what is served, never from what a client wrote: a path or verb that is not known is not counted on its own.
import { Counter, Gauge, Histogram, type Labels, type MetricRegistry } from "../base/index.ts";
import { type ApiRequest, type ApiResponse, registerBuildInfo } from "../machinery/index.ts";
import type { RequestInfo } from "./request-info.ts";
import { connectSubresources } from "./streaming/connect.ts";

export interface RequestMetrics {
  /** `served`: the resource is one of the catalog's. */
  observe(
    info: RequestInfo,
    request: ApiRequest,
    result: { readonly response: ApiResponse; readonly durationMs: number; readonly served: boolean },
  ): void;
  /** A long-running request begins; call what is returned when it ends. */
  longRunning(info: RequestInfo, request: ApiRequest): () => void;
  deprecatedUse(group: string, version: string, resource: string, subresource: string): void;
}

const durations = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const sizes = [1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];
const common = ["component", "group", "resource", "scope", "subresource", "verb", "version"];
const withDryRun = ["component", "dry_run", "group", "resource", "scope", "subresource", "verb", "version"];

export function createRequestMetrics(registry: MetricRegistry): RequestMetrics {
  const total = registry.register(
    new Counter({
      name: "apiserver_request_total",
      help: "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
      labelNames: ["code", ...withDryRun],
      stability: "STABLE",
    }),
  );
  const seconds = registry.register(
    new Histogram(
      {
        name: "apiserver_request_duration_seconds",
        help: "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
        labelNames: withDryRun,
        stability: "STABLE",
      },
      durations,
    ),
  );
  const sli = registry.register(
    new Histogram(
      {
        name: "apiserver_request_sli_duration_seconds",
        help: "Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.",
        labelNames: common,
        stability: "ALPHA",
      },
      durations.slice(2),
    ),
  );
  const bytes = registry.register(
    new Histogram(
      {
        name: "apiserver_response_sizes",
        help: "Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.",
        labelNames: common,
        stability: "STABLE",
      },
      sizes,
    ),
  );
  const longRunning = registry.register(
    new Gauge({
      name: "apiserver_longrunning_requests",
      help: "Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.",
      labelNames: common,
      stability: "STABLE",
    }),
  );
  const watchLists = registry.register(
    new Histogram(
      {
        name: "apiserver_watch_list_duration_seconds",
        help: "Response latency distribution in seconds for watch list requests broken by group, version, resource and scope.",
        labelNames: ["group", "resource", "scope", "version"],
        stability: "BETA",
      },
      [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60],
    ),
  );
  const deprecated = registry.register(
    new Gauge({
      name: "apiserver_requested_deprecated_apis",
      help: "Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.",
      labelNames: ["group", "removed_release", "resource", "subresource", "version"],
      stability: "STABLE",
    }),
  );
  registerBuildInfo(registry);
  const series = new Map<string, RequestSeries>();
  /** All of one sort of request share their labels: they are looked up once for all metrics. */
  const seriesOf = (labels: Labels & { verb: string }): RequestSeries => {
    let name = "";
    for (const label of withDryRun) name += `${labels[label] ?? ""} `;
    let found = series.get(name);
    if (found === undefined) {
      const codes = new Map<number, { inc(): void }>();
      const counted = (status: number): { inc(): void } => {
        let counter = codes.get(status);
        if (counter === undefined) codes.set(status, (counter = total.child({ ...labels, code: String(status) })));
        return counter;
      };
      series.set(name, (found = { counted, seconds: lazy(seconds, labels), sli: lazy(sli, labels) }));
    }
    return found;
  };
  return {
    observe(info, request, { response, durationMs, served }) {
      const labels = labelsOf(info, request, served);
      if (labels === undefined) return;
      const of = seriesOf(labels);
      of.counted(response.status).inc();
      // What a watch begins with is at hand when it is answered.
      if (labels.verb === "WATCH" && response.watch !== undefined && request.query?.get("sendInitialEvents") === "true")
        watchLists.observe(durationMs / 1000, labels);
      if (labels.verb === "WATCH" || labels.verb === "CONNECT") return;
      of.seconds().observe(durationMs / 1000);
      of.sli().observe(durationMs / 1000);
      if (response.bytes !== undefined && (labels.verb === "GET" || labels.verb === "LIST"))
        bytes.observe(
          response.bytes.reduce((sum, each) => sum + each.length, 0),
          labels,
        );
    },
    longRunning(info, request) {
      const labels = labelsOf(info, request, true);
      if (labels === undefined) return () => {};
      longRunning.add(1, labels);
      return () => longRunning.add(-1, labels);
    },
    deprecatedUse: (group, version, resource, subresource) =>
      deprecated.set(1, { group, version, resource, subresource, removed_release: "" }),
  };
}

interface RequestSeries {
  readonly counted: (status: number) => { inc(): void };
  readonly seconds: () => Series;
  readonly sli: () => Series;
}

/** A series that shows only once something was observed in it. */
function lazy(histogram: Histogram, labels: Labels): () => Series {
  let series: Series | undefined;
  return () => (series ??= histogram.child(labels));
}

const verbs: Readonly<Record<string, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETECOLLECTION",
};
/** Documents that are counted; upstream counts what its handlers were told to. */
const countedPaths = /^\/(healthz|livez|readyz)$|^\/openapi\/(v2|v3)/;

/** Undefined for requests that are not counted. */
function labelsOf(info: RequestInfo, request: ApiRequest, served: boolean): (Labels & { verb: string }) | undefined {
  const dryRun = request.query?.get("dryRun") ?? "";
  const dry_run = dryRun === "" || dryRun === "All" ? dryRun : "invalid";
  if (!info.isResource) {
    const [, openapi] = countedPaths.exec(info.path) === null ? [] : [info.path, /^\/(openapi\/v[23])/.exec(info.path)];
    if (openapi === undefined) return undefined;
    const verb = request.method === "GET" || request.method === "HEAD" ? request.method : "other";
    return { verb, dry_run, subresource: openapi?.[1] ?? info.path };
  }
  if (!served) return undefined;
  const apply =
    info.verb === "patch" && request.headers["content-type"]?.startsWith("application/apply-patch") === true;
  const verb = connectSubresources.has(info.subresource) ? "CONNECT" : apply ? "APPLY" : (verbs[info.verb] ?? "other");
  return {
    component: "apiserver",
    dry_run,
    group: info.group,
    resource: info.resource,
    scope: scopeOf(info),
    subresource: info.subresource,
    verb,
    version: info.version,
  };
}

function scopeOf(info: RequestInfo): string {
  if (info.name !== "" || info.verb === "create") return "resource";
  return info.namespace === "" ? "cluster" : "namespace";
}

/** What the server holds at this moment: read when somebody asks for the metrics. */
export interface Holdings {
  readonly objects: Iterable<{
    readonly group: string;
    readonly resource: string;
    readonly count: number;
    readonly received: number;
  }>;
  readonly reading: number;
  readonly mutating: number;
}

export function registerHoldings(registry: MetricRegistry, holdings: () => Holdings): void {
  const labelNames = ["group", "resource"];
  const objects = registry.register(
    new Gauge({
      name: "apiserver_resource_objects",
      help: "Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.",
      labelNames,
      stability: "ALPHA",
    }),
  );
  const stored = registry.register(
    new Gauge({
      name: "apiserver_storage_objects",
      help: "[DEPRECATED, consider using apiserver_resource_objects instead] Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.",
      labelNames: ["resource"],
      stability: "STABLE",
    }),
  );
  const inFlight = registry.register(
    new Gauge({
      name: "apiserver_current_inflight_requests",
      help: "Maximal number of currently used inflight request limit of this apiserver per request kind in last second.",
      labelNames: ["request_kind"],
      stability: "STABLE",
    }),
  );
  const received = registry.register(
    new Counter({
      name: "apiserver_storage_events_received_total",
      help: "Number of etcd events received split by kind.",
      labelNames,
      stability: "BETA",
    }),
  );
  registry.beforeRender(() => {
    const { objects: counts, reading, mutating } = holdings();
    for (const { group, resource, count, received: total } of counts) {
      if (total > 0) received.inc({ group, resource }, total - received.get({ group, resource }));
      objects.set(count, { group, resource });
      stored.set(count, { resource: group === "" ? resource : `${resource}.${group}` });
    }
    inFlight.set(reading, { request_kind: "readOnly" });
    inFlight.set(mutating, { request_kind: "mutating" });
  });
}

/** How long admission takes, by plugin and in whole. */
export interface AdmissionMetrics {
  plugin(name: string, labels: AdmissionLabels, durationMs: number): void;
  step(labels: AdmissionLabels, durationMs: number): void;
}

export interface AdmissionLabels {
  readonly operation: string;
  readonly rejected: boolean;
  readonly type: "admit" | "validate";
}

export function createAdmissionMetrics(registry: MetricRegistry): AdmissionMetrics {
  const bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
  const plugins = registry.register(
    new Histogram(
      {
        name: "apiserver_admission_controller_admission_duration_seconds",
        help: "Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).",
        labelNames: ["name", "operation", "rejected", "type"],
        stability: "STABLE",
      },
      bounds,
    ),
  );
  const steps = registry.register(
    new Histogram(
      {
        name: "apiserver_admission_step_admission_duration_seconds",
        help: "Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).",
        labelNames: ["operation", "rejected", "type"],
        stability: "STABLE",
      },
      bounds,
    ),
  );
  const ofPlugins = new Map<string, (labels: AdmissionLabels) => Series>();
  const ofSteps = seriesFinder((labels) => steps.child(labels));
  return {
    plugin(name, labels, durationMs) {
      let find = ofPlugins.get(name);
      if (find === undefined)
        ofPlugins.set(name, (find = seriesFinder((written) => plugins.child({ name, ...written }))));
      find(labels).observe(durationMs / 1000);
    },
    step: (labels, durationMs) => ofSteps(labels).observe(durationMs / 1000),
  };
}

interface Series {
  observe(value: number): void;
}

/** Finds the series of an admission pass; each is made when it is first asked for. */
function seriesFinder(make: (written: Labels) => Series): (labels: AdmissionLabels) => Series {
  const known = new Map<string, (Series | undefined)[]>();
  return ({ operation, rejected, type }) => {
    let found = known.get(operation);
    if (found === undefined) known.set(operation, (found = [undefined, undefined, undefined, undefined]));
    const index = (rejected ? 1 : 0) + (type === "admit" ? 2 : 0);
    return (found[index] ??= make({ operation, rejected: String(rejected), type }));
  };
}
