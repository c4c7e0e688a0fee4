// The documents of this server, put together.
import type { MetricRegistry } from "../../base/index.ts";
import { encodeJson, StatusError, toYaml } from "../../machinery/index.ts";
import { negotiate, negotiateError } from "../content/negotiate.ts";
import type { ServerCore } from "../context.ts";
import { discoveryRoutes, documentResponse } from "../discovery/discovery.ts";
import { type HealthChecks, healthRoutes } from "../health.ts";
import { openApiRoutes } from "../openapi/routes.ts";
import { versionInfo } from "../version.ts";
import { type DocumentRoute, textResponse } from "./documents.ts";

interface RouteHost {
  readonly core: ServerCore;
  readonly options: {
    readonly advertise?: { readonly address: string; readonly port: number };
    readonly documents?: readonly DocumentRoute[];
  };
  readonly state: { readonly started: boolean };
  readonly metrics: MetricRegistry;
}

export function documentRoutes(host: RouteHost): {
  readonly routes: readonly DocumentRoute[];
  readonly checks: HealthChecks;
} {
  const { core, options, state, metrics } = host;
  const { advertise } = options;
  const address = (): string =>
    advertise === undefined ? "localhost" : `${bracketed(advertise.address)}:${advertise.port}`;
  const checks = healthChecks(core, state);
  const routes: DocumentRoute[] = [
    ...discoveryRoutes(core.catalog, address),
    ...openApiRoutes(core.catalog),
    ...healthRoutes(checks),
    { path: "/version", methods: ["GET"], handler: (context) => versionResponse(context) },
    {
      path: "/metrics",
      handler: () => {
        for (const { stored, kind } of core.catalog.all)
          if (stored === kind && kind.virtual !== true) void core.hub.cacheOf(kind).size;
        return textResponse(200, metrics.render(), "text/plain; version=0.0.4; charset=utf-8");
      },
    },
  ];
  const paths = [...routes, ...(options.documents ?? [])]
    .filter((route) => !route.path.endsWith("/*") && route.hidden !== true)
    .map((route) => route.path);
  const index = { paths: [...new Set([...paths, "/apis/"])].sort() };
  routes.push(
    { path: "/", hidden: true, handler: (context) => documentResponse(context, index) },
    { path: "/index.html", hidden: true, handler: (context) => documentResponse(context, index) },
  );
  return { routes, checks };
}

const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address);

/** Asked for yaml it answers 406: upstream's version handler knows JSON only. */
function versionResponse(context: Parameters<DocumentRoute["handler"]>[0]): ReturnType<typeof documentResponse> {
  const accept = context.request.headers["accept"];
  if (context.request.objects === true)
    return { status: 200, headers: { "content-type": "application/json" }, object: versionInfo };
  if (negotiateError(accept) === "application/yaml") {
    const { status } = new StatusError({
      code: 406,
      reason: "NotAcceptable",
      message: "406: Not Acceptable\n\nAvailable representations: application/json",
      details: {},
    });
    return {
      status: 406,
      headers: { "content-type": "application/yaml" },
      bytes: [new TextEncoder().encode(toYaml(status))],
    };
  }
  negotiate(accept, { transforms: true });
  return { status: 200, headers: { "content-type": "application/json" }, bytes: [encodeJson(versionInfo)] };
}

function healthChecks(core: ServerCore, state: { readonly started: boolean }): HealthChecks {
  const fine = (name: string) => ({ name, check: () => {} });
  const etcd = { name: "etcd", check: () => void core.store.revision() };
  const begun = (name: string) => ({
    name: `poststarthook/${name}`,
    check: () => {
      if (!state.started) throw new Error("not finished");
    },
  });
  const hooks = [
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "start-system-namespaces-controller",
  ].map(begun);
  const informers = { name: "informer-sync", check: begun("").check };
  return {
    healthz: [fine("ping"), fine("log"), etcd, ...hooks],
    livez: [fine("ping"), fine("log"), etcd, ...hooks],
    readyz: [fine("ping"), fine("log"), etcd, { ...etcd, name: "etcd-readiness" }, informers, ...hooks],
  };
}
