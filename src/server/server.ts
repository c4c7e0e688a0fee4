// The API server put together: store → watch cache → catalog → admission → pipeline.
import { servedKinds } from "../api/serve.ts";
import type { Clock, Logger, MetricRegistry, Rng } from "../base/index.ts";
import { type ApiRequest, builtinSchemas, type Handle, type Identity, inProcessTransport } from "../machinery/index.ts";
import { compactPeriodically, type Store, StoreClosedError } from "../store/index.ts";
import { createObjectReader, createObjectWriter, createServedObjects, serverUser } from "./accessors.ts";
import { createAdmissionChain } from "./admission/chain.ts";
import { type AdmissionSelection, selectPlugins } from "./admission/list.ts";
import { type AggregationOptions, createAggregation } from "./aggregation/index.ts";
import type { Auditor } from "./audit/contract.ts";
import { rbacEscalationCheck } from "./authz/escalation.ts";
import { policyParamsCheck } from "./authz/policy-params.ts";
import type { BootstrapMeans } from "./bootstrap/rbac.ts";
import { markServiceCIDRReady } from "./bootstrap/service-cidr.ts";
import { createSettledWriter } from "./bootstrap/settled.ts";
import { bootstrapNamespaces, bootstrapObjects, type ServerIdentity } from "./bootstrap/system-objects.ts";
import { createCatalog } from "./catalog.ts";
import type { ServerCore } from "./context.ts";
import type {
  AdmissionHost,
  Authenticator,
  Authorizer,
  ObjectReader,
  ObjectWriter,
  OpenManifestDirectory,
  RemoteEndpoint,
  WebhookConnections,
} from "./contract.ts";
import { watchDefinitions } from "./crd/definitions.ts";
import { documentRoutes } from "./documents/document-routes.ts";
import { createDocuments, type DocumentRoute } from "./documents/documents.ts";
import { featureGates } from "./enablement/features.ts";
import { type RuntimeConfig, selectApis } from "./enablement/runtime-config.ts";
import { keepFlowControl } from "./flowcontrol/configuration.ts";
import { fairnessRoutes } from "./flowcontrol/dumps.ts";
import { createFairness } from "./flowcontrol/fairness.ts";
import { createInFlight } from "./flowcontrol/in-flight.ts";
import { objectStatsOf } from "./flowcontrol/object-stats.ts";
import type { HealthCheck } from "./health.ts";
import { createAdmissionMetrics, createRequestMetrics, registerHoldings } from "./metrics.ts";
import { celTimes, countMetrics } from "./own-metrics.ts";
import { createPipeline } from "./pipeline.ts";
import { isRefused, shuttingDown } from "./refusal.ts";
import type { ComponentProbe } from "./registry/kinds/componentstatuses.ts";
import { kindHooks, type NetworkRanges } from "./registry/kinds/index.ts";
import type { TokenIssue } from "./registry/kinds/serviceaccounts.ts";
import { waitForCurrent } from "./registry/read/get.ts";
import type { VirtualKind } from "./registry/virtual.ts";
import { hookCalls } from "./remote/hook-calls.ts";
import { type EventSink, repairAddresses, repairComponent } from "./repair/addresses.ts";
import { addressOf } from "./service-address.ts";
import type { ConnectHandler, UpgradeDecision } from "./streaming/connect.ts";
import { createCacheHub } from "./watchcache/index.ts";

export interface ApiServerOptions extends ServerIdentity, NetworkRanges {
  readonly store: Store;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
  /** Made when the reader is there: service account tokens look objects up. */
  readonly authenticator: (reader: ObjectReader) => Authenticator;
  readonly authorizer: (reader: ObjectReader, writer: ObjectWriter) => Authorizer;
  /** Everybody when not given; a list: who asks for one of these paths. */
  readonly anonymous?: boolean | readonly string[];
  readonly admission?: Partial<AdmissionSelection> & {
    /** Documents of plugins by their name, as readAdmissionConfiguration gives them. */
    readonly configuration?: Readonly<Record<string, unknown>>;
  };
  readonly featureGates?: Readonly<Record<string, boolean>>;
  /** Which built-in APIs are served besides or instead of the stable ones: `api/beta` or `group/version` to `true`. */
  readonly runtimeConfig?: RuntimeConfig;
  readonly virtualKinds?: (host: {
    reader: ObjectReader;
    writer: ObjectWriter;
    authorizer: Authorizer;
  }) => readonly VirtualKind[];
  /** `serviceaccounts/token`, given by who holds the signing key. */
  readonly tokenRequests?: (host: { reader: ObjectReader }) => TokenIssue;
  /** What componentstatuses ask besides the store, by name. */
  readonly componentProbes?: Readonly<Record<string, ComponentProbe>>;
  /** Makes the flow schemas and priority levels of every cluster and keeps their conditions. */
  readonly priorityAndFairness?: boolean;
  /** False refuses privileged containers and Windows' HostProcess ones; true when not given. */
  readonly allowPrivileged?: boolean;
  readonly connect?: ConnectHandler;
  /** How extension servers are reached. */
  readonly aggregation?: AggregationOptions;
  /** How plugins read the kubeconfig of a service that they ask. */
  readonly remoteEndpoint?: (kubeconfigFile: string) => RemoteEndpoint;
  /** How those that call webhooks read who the server is towards them. */
  readonly kubeconfigUsers?: AdmissionHost["kubeconfigUsers"];
  /** How directories of webhooks and policies are read that plugins are told of. */
  readonly manifestDirectory?: OpenManifestDirectory;
  /** How webhooks are called; the caller closes it. Without it no webhook can be reached. */
  readonly webhooks?: WebhookConnections;
  /** More documents: /openid/v1/jwks, /debug/…. */
  readonly documents?: readonly DocumentRoute[];
  /** Flags of the process with their values, for /flagz. */
  readonly flags?: Readonly<Record<string, string>>;
  /** False: no /debug/pprof. */
  readonly profiling?: boolean;
  readonly auditor?: Auditor;
  /** Runs in start() when the caches are filled: RBAC's bootstrap objects. */
  readonly bootstrap?: (writer: ObjectWriter, reader: ObjectReader, means: BootstrapMeans) => Promise<void>;
  readonly maxRequestsInflight?: number;
  readonly maxMutatingRequestsInflight?: number;
  /** Events that the server tells by itself, under the name of a component. */
  readonly events?: (component: string) => EventSink;
  readonly requestTimeoutMs?: number;
  /** How long events are kept; an hour when not given. */
  readonly eventTtlSeconds?: number;
  /** Seconds that pods stay on nodes that are not ready or not reached, when they do not say; 300 each when not given. */
  readonly tolerationSeconds?: AdmissionHost["tolerationSeconds"];
  /** Of what encrypts the store, for /healthz and /readyz. */
  readonly encryptionChecks?: readonly HealthCheck[];
  /** So long after the start /livez does not tell what has not begun yet. */
  readonly livezGraceMs?: number;
  /** Watches that name no end get one between this and twice this; half an hour when not given. */
  readonly minRequestTimeoutMs?: number;
}

export interface ApiServer {
  readonly handle: Handle;
  readonly decideUpgrade: (request: ApiRequest, identity: Identity) => Promise<UpgradeDecision>;
  /** Below this path an extension server answers. */
  readonly isExtension: (path: string) => boolean;
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly authorizer: Authorizer;
  readonly authenticator: Authenticator;
  readonly healthChecks: readonly HealthCheck[];
  /** The end is announced: /readyz fails from now on, requests are answered as before. */
  beginShutdown(): void;
  /** New requests from the wire are answered 429 from now on; health and metrics are not. */
  refuseRequests(): void;
  /** Fills the caches and makes the objects that every cluster has. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { store, clock, rng, log } = options;
  const stop = new AbortController();
  const gates = featureGates(options.featureGates ?? {});
  const featureEnabled = gates.enabled;
  const apis = selectApis(options.runtimeConfig ?? {}, allKinds, featureEnabled);
  gates.record(options.metrics);
  const tokenHook: { issue?: TokenIssue } = {};
  const hub = createCacheHub({ store, clock, log, kinds: storedKinds() });
  const reader = createObjectReader(hub, () => waitForCurrent(core));
  const hooks = kindHooks({
    ...options,
    reader,
    writer: () => writer,
    tokenRequests: tokenHook,
    authorize: (asked) => authorizer.authorize(asked),
    storeProbe: async () => {
      await store.get("/registry/health");
      return "ok";
    },
  });
  const catalog = createCatalog({
    kinds: servedKinds,
    serves: apis.serves,
    schemas: builtinSchemas(),
    hooks: hooks.byPath,
  });
  const late: { admission?: ReturnType<typeof createAdmissionChain> } = {};
  const core: ServerCore = {
    store,
    hub,
    catalog,
    clock,
    rng,
    log,
    featureEnabled,
    allowPrivileged: options.allowPrivileged ?? true,
    timed: celTimes(options.metrics, clock),
    minWatchMs: options.minRequestTimeoutMs ?? 1_800_000,
    ...(options.eventTtlSeconds === undefined ? {} : { eventTtlSeconds: options.eventTtlSeconds }),
    get admission() {
      if (late.admission === undefined) throw new Error("the server is still being put together");
      return late.admission;
    },
  };
  const writer = createObjectWriter(core);
  const settled = createSettledWriter(core);
  const authorizer = options.authorizer(reader, writer);
  const authenticator = options.authenticator(reader);
  const self =
    options.advertise === undefined ? undefined : { host: options.advertise.address, port: options.advertise.port };
  const routes = { reader, rng, toEndpoints: options.aggregation?.toEndpoints === true, ...(self ? { self } : {}) };
  const webhooks =
    options.webhooks &&
    hookCalls(options.webhooks, {
      resolve: (service) => addressOf(service, routes),
      handle: (request, identity) => pipeline.handle(request, identity),
      clock,
    });
  const host = {
    reader,
    writer,
    authorizer,
    clock,
    rng,
    log,
    featureEnabled,
    catalog,
    objects: createServedObjects(hub),
    metrics: options.metrics,
    pluginConfiguration: (plugin: string) => options.admission?.configuration?.[plugin],
    ...(webhooks === undefined ? {} : { webhooks }),
    ...(options.kubeconfigUsers === undefined ? {} : { kubeconfigUsers: options.kubeconfigUsers }),
    ...(options.tolerationSeconds === undefined ? {} : { tolerationSeconds: options.tolerationSeconds }),
    ...(options.remoteEndpoint === undefined ? {} : { remoteEndpoint: options.remoteEndpoint }),
    ...(options.manifestDirectory === undefined ? {} : { manifestDirectory: options.manifestDirectory }),
  };
  const selection = { enable: options.admission?.enable ?? [], disable: options.admission?.disable ?? [] };
  late.admission = createAdmissionChain(
    [
      ...selectPlugins(host, selection),
      // Not a matter of choice, and last: what the others made of a role is what is checked.
      rbacEscalationCheck(host),
      policyParamsCheck(host),
    ],
    { clock, metrics: createAdmissionMetrics(options.metrics) },
  );
  const issue = options.tokenRequests?.({ reader });
  if (issue !== undefined) tokenHook.issue = issue;
  const virtual = new Map<string, VirtualKind>();
  for (const each of options.virtualKinds?.({ reader, writer, authorizer }) ?? [])
    virtual.set(`${each.kind.group}/${each.kind.version}/${each.kind.resource}`, each);
  const definitions = watchDefinitions({ core, reader, writer, log, webhooks });
  const state = { started: false, stopping: false, refusing: false };
  const aggregation = createAggregation({
    ...host,
    settled,
    ...options.aggregation,
    ...(self === undefined ? {} : { self }),
  });
  const limits = {
    maxReading: options.maxRequestsInflight ?? 400,
    maxMutating: options.maxMutatingRequestsInflight ?? 200,
  };
  const fairness = options.priorityAndFairness
    ? createFairness({
        clock,
        metrics: options.metrics,
        concurrency: limits.maxReading + limits.maxMutating,
        objectStats: objectStatsOf(core),
      })
    : undefined;
  const gate = fairness ?? createInFlight(limits);
  const documents = documentRoutes({ core, aggregation, options, state, metrics: options.metrics });
  const pipeline = createPipeline({
    core,
    authenticator,
    authorizer,
    anonymous: options.anonymous ?? true,
    dispatch: { virtual, connect: options.connect, reader, authorizer },
    aggregation,
    documents: createDocuments([
      ...documents.routes,
      ...(fairness === undefined ? [] : fairnessRoutes(fairness.levels, clock)),
      ...(options.documents ?? []),
    ]),
    metrics: createRequestMetrics(options.metrics),
    auditor: options.auditor,
    gate,
    watches: fairness?.watches,
    requestTimeoutMs: options.requestTimeoutMs ?? 60_000,
  });
  countMetrics(options.metrics);
  registerHoldings(options.metrics, () => ({
    objects: catalog.all
      .filter(({ kind, stored }) => stored === kind && kind.virtual !== true)
      .map(({ kind }) => {
        const { size, received } = hub.cacheOf(kind);
        return { group: kind.group, resource: kind.resource, count: size, received };
      }),
    reading: gate.reading,
    mutating: gate.mutating,
  }));
  const flowControl = options.priorityAndFairness
    ? keepFlowControl({ reader, settled, transport: inProcessTransport(pipeline.handle, serverUser), clock, log })
    : undefined;
  return {
    handle: (request, identity) =>
      state.refusing && isRefused(request, identity)
        ? Promise.resolve(shuttingDown())
        : pipeline.handle(request, identity),
    beginShutdown() {
      state.stopping = true;
    },
    refuseRequests() {
      state.refusing = true;
    },
    decideUpgrade: pipeline.decideUpgrade,
    isExtension: pipeline.isExtension,
    reader,
    writer,
    authorizer,
    authenticator,
    healthChecks: documents.checks.readyz,
    async start() {
      await core.admission.start();
      await hub.start();
      hooks.start();
      const host = { reader, writer, settled, clock, log };
      await bootstrapNamespaces(host);
      const transport = inProcessTransport(pipeline.handle, serverUser);
      // At once, so that what they write is one group for the store.
      await Promise.all([
        bootstrapObjects(host, options).then(() =>
          markServiceCIDRReady({ reader, transport, clock, log }, options.serviceClusterIPRange),
        ),
        options.bootstrap?.(writer, reader, { settled, featureEnabled }),
        definitions.start(),
        aggregation.start(),
      ]);
      repairAddresses({
        ...host,
        addresses: hooks.addresses,
        metrics: options.metrics,
        signal: stop.signal,
        ...(options.events === undefined ? {} : { events: options.events(repairComponent) }),
      });
      fairness?.follow(reader);
      flowControl?.start();
      compactPeriodically(store, { clock, log, signal: stop.signal });
      state.started = true;
    },
    async close() {
      state.stopping = true;
      stop.abort(new StoreClosedError());
      late.admission?.close();
      aggregation.close();
      definitions.close();
      await flowControl?.close();
      fairness?.close();
      await options.auditor?.close();
      hooks.close();
      await hub.close();
    },
  };
}

const allKinds = servedKinds.map(({ kind }) => kind);

/** One definition for each place in the store. */
const storedKinds = () =>
  servedKinds.filter(({ kind }) => kind.virtual !== true && kind.storedAs === undefined).map(({ kind }) => kind);
