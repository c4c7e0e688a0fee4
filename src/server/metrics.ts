// The server's metrics under upstream's names.
import { Counter, Gauge, Histogram, type MetricRegistry } from "../base/index.ts";
import type { ApiRequest } from "../machinery/index.ts";
import type { RequestInfo } from "./request-info.ts";

export interface RequestMetrics {
  observe(info: RequestInfo, request: ApiRequest, result: { readonly code: number; readonly durationMs: number }): void;
  readonly storageObjects: Gauge;
  readonly registeredWatchers: Gauge;
}

const durations = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

export function createRequestMetrics(registry: MetricRegistry): RequestMetrics {
  const total = registry.register(
    new Counter({
      name: "apiserver_request_total",
      help: "Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
      labelNames: ["code", "component", "dry_run", "group", "resource", "scope", "subresource", "verb", "version"],
      stability: "STABLE",
    }),
  );
  const seconds = registry.register(
    new Histogram(
      {
        name: "apiserver_request_duration_seconds",
        help: "Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
        labelNames: ["component", "dry_run", "group", "resource", "scope", "subresource", "verb", "version"],
        stability: "STABLE",
      },
      durations,
    ),
  );
  const storageObjects = registry.register(
    new Gauge({
      name: "apiserver_storage_objects",
      help: "Number of stored objects at the time of last check split by kind. In case of a fetching error, the value will be -1.",
      labelNames: ["resource"],
      stability: "STABLE",
    }),
  );
  const registeredWatchers = registry.register(
    new Gauge({
      name: "apiserver_registered_watchers",
      help: "Number of currently registered watchers for a given resources",
      labelNames: ["group", "kind", "version"],
      stability: "ALPHA",
    }),
  );
  return {
    storageObjects,
    registeredWatchers,
    observe(info, request, { code, durationMs }) {
      const labels = {
        component: "apiserver",
        dry_run: request.query?.get("dryRun") ?? "",
        group: info.group,
        resource: info.resource,
        scope: scopeOf(info),
        subresource: info.isResource ? info.subresource : info.path.length < 64 && code !== 404 ? info.path : "",
        verb: info.isResource ? (verbNames[info.verb] ?? info.verb.toUpperCase()) : request.method,
        version: info.version,
      };
      total.inc({ ...labels, code: String(code) });
      if (info.verb !== "watch") seconds.observe(durationMs / 1000, labels);
    },
  };
}

const verbNames: Readonly<Record<string, string>> = {
  create: "POST",
  update: "PUT",
  deletecollection: "DELETECOLLECTION",
};

function scopeOf(info: RequestInfo): string {
  if (!info.isResource) return "";
  if (info.name !== "" || info.verb === "create") return "resource";
  return info.namespace === "" ? "cluster" : "namespace";
}
