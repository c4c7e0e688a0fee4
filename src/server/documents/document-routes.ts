// The documents of this server, put together.
import { Gauge, type MetricRegistry } from "../../base/index.ts";
import { type ApiRequest, type ApiResponse, encodeJson, StatusError } from "../../machinery/index.ts";
import type { Aggregation } from "../aggregation/contract.ts";
import { withExtensions } from "../aggregation/open-api-routes.ts";
import type { ServerCore } from "../context.ts";
import { discoveryRoutes } from "../discovery/discovery.ts";
import { type HealthCheck, type HealthChecks, healthRoutes } from "../health.ts";
import { healthMetricsRoute } from "../health-metrics.ts";
import { openApiRoutes } from "../openapi/routes.ts";
import { versionInfo } from "../version.ts";
import { type DocumentRoute, textResponse } from "./documents.ts";
import { healthChecks, type ServerState } from "./health-checks.ts";
import { flagzRoute, statuszRoute } from "./zpages.ts";

interface RouteHost {
  readonly core: ServerCore;
  readonly aggregation: Aggregation;
  readonly options: {
    readonly advertise?: { readonly address: string; readonly port: number };
    readonly documents?: readonly DocumentRoute[];
    readonly flags?: Readonly<Record<string, string>>;
    readonly profiling?: boolean;
    readonly livezGraceMs?: number;
    readonly encryptionChecks?: readonly HealthCheck[];
  };
  readonly state: ServerState;
  readonly metrics: MetricRegistry;
}

export function documentRoutes(host: RouteHost): {
  readonly routes: readonly DocumentRoute[];
  readonly checks: HealthChecks;
} {
  const { core, aggregation, options, state, metrics } = host;
  const { advertise } = options;
  const address = (): string =>
    advertise === undefined ? "localhost" : `${bracketed(advertise.address)}:${advertise.port}`;
  const checks = healthChecks(core, state, {
    livezGraceMs: options.livezGraceMs ?? 0,
    encryption: options.encryptionChecks ?? [],
  });
  const startedSeconds = Math.floor(core.clock.now() / 1000);
  const stored = metrics.register(
    new Gauge({
      name: "apiserver_storage_size_bytes",
      help: "Size of the storage database file physically allocated in bytes.",
      labelNames: ["storage_cluster_id"],
      stability: "STABLE",
    }),
  );
  const routes: DocumentRoute[] = [
    ...discoveryRoutes({ catalog: core.catalog, extensions: aggregation, serverAddress: address }),
    ...withExtensions(openApiRoutes(core.catalog, { cbor: core.featureEnabled("CBORServingAndStorage") }), aggregation),
    ...healthRoutes(checks),
    healthMetricsRoute(checks),
    ...(core.featureEnabled("ComponentStatusz") ? [statuszRoute(core.clock)] : []),
    ...(core.featureEnabled("ComponentFlagz") ? [flagzRoute(options.flags ?? {})] : []),
    ...(options.profiling === false ? [] : profilingRoutes),
    { path: "/version", methods: ["GET"], handler: (context) => versionResponse(context) },
    {
      path: "/metrics",
      handler: async () => {
        stored.set(await core.store.size(), { storage_cluster_id: "" });
        return metricsPage(metrics.render(), startedSeconds);
      },
    },
  ];
  const listed = [...routes, ...(options.documents ?? [])];
  const paths = (): readonly string[] =>
    listed.filter((route) => !route.path.endsWith("/*") && route.hidden !== true).map((route) => route.path);
  // Groups that come and go: custom resources and extension servers.
  const dynamic = (): string[] =>
    [...core.catalog.all.filter(({ custom }) => custom !== undefined).map(({ kind }) => kind), ...aggregation.remote]
      .filter(({ group }) => group !== "")
      .flatMap(({ group, version }) => [`/apis/${group}`, `/apis/${group}/${version}`]);
  const index = (): object => ({ paths: [...new Set([...paths(), "/apis/", ...dynamic()])].sort() });
  routes.push(
    ...["/", "/index.html"].map(
      (path): DocumentRoute => ({ path, hidden: true, handler: ({ request }) => jsonOnly(request, index()) }),
    ),
  );
  return { routes, checks };
}

/** Compressed whatever its size, to who accepts that. */
const metricsPage = (text: string, startedSeconds: number): ApiResponse => ({
  status: 200,
  headers: {
    "content-type": "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
    "process-start-time-unix": String(startedSeconds),
  },
  bytes: [new TextEncoder().encode(text)],
  compress: { aboveBytes: 0 },
});

const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address);

/** In JSON whatever was asked for. */
const jsonOnly = (request: ApiRequest, value: object): ApiResponse => ({
  status: 200,
  headers: { "content-type": "application/json" },
  ...(request.objects === true ? { object: value } : { bytes: [encodeJson(value)] }),
});

/** Go's profiles have no counterpart here; the door leads to a page that says so. */
const profilingRoutes: readonly DocumentRoute[] = [
  {
    path: "/debug/pprof",
    hidden: true,
    handler: () => ({
      ...textResponse(302, '<a href="/debug/pprof/">Found</a>.\n\n'),
      headers: { "content-type": "text/html; charset=utf-8", location: "/debug/pprof/" },
    }),
  },
  {
    path: "/debug/pprof/",
    hidden: true,
    handler: () =>
      textResponse(
        200,
        "<html>\n<head>\n<title>/debug/pprof/</title>\n</head>\n<body>\nThis server is no Go program and has no profiles of that kind.\n</body>\n</html>\n",
        "text/html; charset=utf-8",
      ),
  },
];

/** JSON alone, and 406 for who accepts no JSON: upstream's version handler does not negotiate, its router does. */
function versionResponse(context: Parameters<DocumentRoute["handler"]>[0]): ApiResponse {
  if (context.request.objects === true)
    return { status: 200, headers: { "content-type": "application/json" }, object: versionInfo };
  const accept = context.request.headers["accept"] || "*/*";
  const types = accept.split(",").map((clause) => clause.split(";")[0]?.trim());
  if (!types.some((type) => type === "*/*" || type === "application/json"))
    throw new StatusError({
      code: 406,
      reason: "NotAcceptable",
      message: "406: Not Acceptable\n\nAvailable representations: application/json",
      details: {},
    });
  return jsonOnly(context.request, versionInfo);
}
