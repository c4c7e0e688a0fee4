// The extension servers that are registered: each is probed, asked for its discovery, and gets the requests below its path.
// Loaded with the first of them. Upstream: kube-aggregator's apiserver, controllers/status/remote.
import { type APIService, apiServices, endpointSlices, services } from "../../api/index.ts";
import { timeoutSignal } from "../../base/index.ts";
import type { UserInfo } from "../../machinery/index.ts";
import type { RequestContext } from "../context.ts";
import { failedCheck, isAvailable, passed, problemOf, statusWith, type Verdict } from "./availability.ts";
import type { Extension, ExtensionTarget, RemoteVersion } from "./contract.ts";
import { failed, unavailable } from "./failures.ts";
import { discard, forward, identityHeaders, requestTo, wholeOf } from "./forward.ts";
import type { AggregationHost } from "./index.ts";
import { openApiOf } from "./open-api.ts";
import { fetchDiscovery, type ServerDiscovery } from "./remote-discovery.ts";
import { addressOf } from "./resolve.ts";
import { createTasks } from "./tasks.ts";

/** Who asks when the aggregator itself does. */
export const aggregatorUser: UserInfo = { username: "system:kube-aggregator", groups: ["system:masters"] };

const probes = 5;
const probeTimeoutMs = 5000;
const discoveryTimeoutMs = 5000;

interface Registered {
  readonly service: APIService;
  discovery: ServerDiscovery | undefined;
  fresh: boolean;
}

export function createExtensions(host: AggregationHost) {
  const { reader, writer, clock, log, dialer } = host;
  const registered = new Map<string, Registered>();
  let versions: readonly RemoteVersion[] | undefined;
  const tellsUid = host.featureEnabled("RemoteRequestHeaderUID");
  const failedWork = (what: string) => (name: string, error: unknown) => {
    if (registered.has(name)) log.warn(what, { name, error });
  };

  const availability = createTasks({
    clock,
    firstRetryMs: 5,
    lastRetryMs: 30_000,
    resyncMs: 30_000,
    work: judge,
    failed: failedWork("the availability of an APIService could not be written"),
  });
  const discovery = createTasks({
    clock,
    firstRetryMs: 500,
    lastRetryMs: 60_000,
    resyncMs: 60_000,
    work: refresh,
    failed: failedWork("discovery of an extension server failed"),
  });

  const targetOf = ({ spec }: APIService): ExtensionTarget => {
    const { namespace = "", name = "", port = 443 } = spec.service ?? {};
    const address = addressOf(
      { namespace, name, port },
      { reader, rng: host.rng, toEndpoints: host.toEndpoints === true, ...(host.self ? { self: host.self } : {}) },
    );
    return {
      ...address,
      serverName: `${name}.${namespace}.svc`,
      ...(spec.caBundle ? { authorities: atob(spec.caBundle) } : {}),
      insecure: spec.insecureSkipTLSVerify === true,
    };
  };

  /** One request of the aggregator's own. */
  async function ask(service: APIService, path: string, headers: Readonly<Record<string, string>> = {}) {
    if (dialer === undefined) throw new Error("this server has no way to extension servers");
    const target = targetOf(service);
    const signal = timeoutSignal(clock, probeTimeoutMs);
    const answer = await dialer.request(target, {
      method: "GET",
      path,
      headers: {
        ...headers,
        ...identityHeaders(aggregatorUser, { tellsUid }),
        host: `${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}`,
      },
      signal,
    });
    return { answer, target, done: () => signal[Symbol.dispose]() };
  }

  async function probe(service: APIService): Promise<void> {
    const { group, version } = service.spec;
    const path = service.metadata.name === "v1." ? `/api/${version}` : `/apis/${group}/${version}`;
    const { host: name, port } = targetOf(service);
    const url = `https://${name.includes(":") ? `[${name}]` : name}:${port}${path}`;
    try {
      const { answer, done } = await ask(service, path);
      await discard(answer);
      done();
      if (answer.status < 200 || answer.status >= 300) throw new Error(`bad status from ${url}: ${answer.status}`);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const why = text.startsWith("bad status") ? text : `Get "${url}": ${text}`;
      throw new Error(`failing or missing response from ${url}: ${why}`);
    }
  }

  async function verdictOn(service: APIService): Promise<Verdict> {
    const problem = problemOf(service, reader);
    if (problem !== undefined) return problem;
    try {
      await Promise.any(Array.from({ length: probes }, () => probe(service)));
      return passed;
    } catch (error) {
      const [last] = (error as AggregateError).errors.slice(-1);
      return failedCheck(last instanceof Error ? last.message : String(last));
    }
  }

  /** False: the server itself did not answer, which no event will tell to have changed. */
  async function judge(name: string): Promise<boolean> {
    const service = registered.get(name)?.service;
    if (service === undefined) return true;
    const verdict = await verdictOn(service);
    if (!registered.has(name)) return true;
    await writer.updateStatus(apiServices, { namespace: "", name }, (current) => {
      const status = statusWith(current, verdict, clock.now());
      return status === undefined ? undefined : ({ ...current, status } as APIService);
    });
    return verdict.reason !== "FailedDiscoveryCheck";
  }

  async function refresh(name: string): Promise<boolean> {
    const entry = registered.get(name);
    if (entry === undefined) return true;
    try {
      entry.discovery = await fetchDiscovery({
        service: entry.service,
        before: entry.discovery,
        ask: (path, headers) => ask(entry.service, path, headers),
      });
      entry.fresh = true;
      return true;
    } catch (error) {
      entry.fresh = false;
      throw error;
    } finally {
      versions = undefined;
    }
  }

  const usable = (name: string): APIService | undefined => {
    const service = registered.get(name)?.service;
    return service !== undefined && isAvailable(service) ? service : undefined;
  };

  function resolved(service: APIService): ExtensionTarget | undefined {
    try {
      return targetOf(service);
    } catch (error) {
      log.warn("the service of an APIService cannot be resolved", { name: service.metadata.name, error });
      return undefined;
    }
  }

  const extensionOf = (name: string): Extension => ({
    async serve(context) {
      const service = usable(name);
      const target = service === undefined ? undefined : resolved(service);
      if (target === undefined || dialer === undefined) return unavailable();
      if (target.authorities !== undefined && !target.authorities.includes("-----BEGIN CERTIFICATE-----"))
        return failed(500, "unable to load root certificates: unable to parse bytes as PEM block");
      const options = { dialer, tellsUid, rejectRedirects: host.rejectRedirects !== false };
      if (!isDiscovery(context)) return forward(target, context, options);
      // All clients wait for the discovery of every server.
      using signal = timeoutSignal(clock, discoveryTimeoutMs, context.request.signal);
      const answer = await forward(target, { ...context, request: { ...context.request, signal } }, options);
      if (answer.stream === undefined) return answer;
      return { status: answer.status, headers: answer.headers, bytes: [await wholeOf(answer)] };
    },
    upgrade(context) {
      const service = usable(name);
      const target = service === undefined ? undefined : resolved(service);
      if (target === undefined || dialer === undefined) return unavailable();
      return dialer.upgrade(target, requestTo(target, context, { tellsUid, kind: "upgrade" }));
    },
  });

  /** APIServices whose server stands behind a Service. */
  const behind = (namespace: string, name: string): string[] =>
    [...registered]
      .filter(([, { service }]) => service.spec.service?.namespace === namespace && service.spec.service.name === name)
      .map(([each]) => each);

  const touched = (namespace: string | undefined, name: string | undefined): void => {
    for (const each of behind(namespace ?? "", name ?? "")) availability.now(each);
  };
  const stops = [
    reader.subscribe(services, {
      upsert: ({ metadata }) => touched(metadata.namespace, metadata.name),
      remove: ({ metadata }) => touched(metadata.namespace, metadata.name),
    }),
    reader.subscribe(endpointSlices, {
      upsert: ({ metadata }) => touched(metadata.namespace, metadata.labels?.["kubernetes.io/service-name"]),
      remove: ({ metadata }) => touched(metadata.namespace, metadata.labels?.["kubernetes.io/service-name"]),
    }),
  ];

  const allVersions = (): readonly RemoteVersion[] =>
    [...registered.values()].map(({ service: { spec }, discovery: known, fresh }) => ({
      group: spec.group ?? "",
      version: spec.version ?? "",
      groupPriority: spec.groupPriorityMinimum,
      versionPriority: spec.versionPriority,
      resources: known?.versions.get(`${spec.group ?? ""}/${spec.version ?? ""}`) ?? [],
      freshness: fresh ? ("Current" as const) : ("Stale" as const),
    }));

  return {
    set(service: APIService) {
      const { name } = service.metadata;
      const before = registered.get(name);
      registered.set(name, { service, discovery: before?.discovery, fresh: before?.fresh === true });
      versions = undefined;
      const specChanged =
        before === undefined ||
        before.service.metadata.uid !== service.metadata.uid ||
        !sameSpec(before.service, service);
      const becameAvailable = isAvailable(service) && !(before !== undefined && isAvailable(before.service));
      if (specChanged) availability.now(name);
      if (specChanged || becameAvailable) discovery.now(name);
    },
    remove(name: string) {
      registered.delete(name);
      versions = undefined;
      availability.forget(name);
      discovery.forget(name);
    },
    find: (name: string): Extension | undefined => (registered.has(name) ? extensionOf(name) : undefined),
    versions: () => (versions ??= allVersions()),
    openApi: openApiOf({
      services: () => [...registered.values()].map(({ service }) => service).filter(isAvailable),
      ask,
    }),
    close() {
      for (const stop of stops) stop();
      availability.close();
      discovery.close();
      registered.clear();
    },
  };
}

/** `/apis/group/version` alone. */
const isDiscovery = ({ info }: RequestContext): boolean =>
  !info.isResource && info.path.replace(/^\/+|\/+$/g, "").split("/").length === 3;

const sameSpec = (a: APIService, b: APIService): boolean => JSON.stringify(a.spec) === JSON.stringify(b.spec);
