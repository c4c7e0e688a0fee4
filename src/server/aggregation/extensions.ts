// The extension servers that are registered: each is probed, asked for its discovery, and gets the requests below its path.
// Loaded with the first of them. Upstream: kube-aggregator's apiserver, controllers/status/remote.
import { type APIService, apiServices, endpointSlices, services } from "../../api/index.ts";
import { askExtension, verdictOn } from "./asking.ts";
import { isAvailable, statusWith } from "./availability.ts";
import type { Extension, RemoteVersion } from "./contract.ts";
import type { AggregationHost } from "./host.ts";
import { openApiOf } from "./open-api.ts";
import { extensionOf } from "./passing.ts";
import { fetchDiscovery, type ServerDiscovery } from "./remote-discovery.ts";
import { createTasks, type Tasks } from "./tasks.ts";

interface Registered {
  service: APIService;
  discovery: ServerDiscovery | undefined;
  fresh: boolean;
  readonly extension: Extension;
}

type Registry = Map<string, Registered>;

export function createExtensions(host: AggregationHost) {
  const registry: Registry = new Map();
  let versions: readonly RemoteVersion[] | undefined;
  const changed = (): void => {
    versions = undefined;
  };
  const availability = availabilityTasks(host, registry);
  const discovery = discoveryTasks(host, registry, changed);
  const stops = watchBackends(host, registry, availability);
  return {
    set(service: APIService) {
      const { name } = service.metadata;
      const entry = registry.get(name);
      const before = entry?.service;
      if (entry === undefined) registry.set(name, newEntry(host, registry, service));
      else entry.service = service;
      changed();
      const specChanged =
        before === undefined || before.metadata.uid !== service.metadata.uid || !sameSpec(before, service);
      const becameAvailable = isAvailable(service) && !(before !== undefined && isAvailable(before));
      if (specChanged) availability.now(name);
      if (specChanged || becameAvailable) discovery.now(name);
    },
    remove(name: string) {
      registry.delete(name);
      changed();
      availability.forget(name);
      discovery.forget(name);
    },
    find: (name: string): Extension | undefined => registry.get(name)?.extension,
    versions: () => (versions ??= [...registry.values()].map(versionOf)),
    openApi: openApiOf({
      services: () => [...registry.values()].map(({ service }) => service),
      ask: (service, path, headers = {}) => askExtension(host, service, { path, headers }),
    }),
    close() {
      for (const stop of stops) stop();
      availability.close();
      discovery.close();
      registry.clear();
    },
  };
}

const newEntry = (host: AggregationHost, registry: Registry, service: APIService): Registered => ({
  service,
  discovery: undefined,
  fresh: false,
  extension: extensionOf(host, () => registry.get(service.metadata.name)?.service),
});

function availabilityTasks(host: AggregationHost, registry: Registry): Tasks {
  const { writer, clock, log } = host;
  return createTasks({
    clock,
    firstRetryMs: 5,
    lastRetryMs: 30_000,
    resyncMs: 30_000,
    async work(name) {
      const service = registry.get(name)?.service;
      if (service === undefined) return true;
      const verdict = await verdictOn(host, service);
      if (!registry.has(name)) return true;
      await writer.updateStatus(apiServices, { namespace: "", name }, (current) => {
        const status = statusWith(current, verdict, clock.now());
        return status === undefined ? undefined : ({ ...current, status } as APIService);
      });
      // What the server itself did not answer no event will tell to have changed.
      return verdict.reason !== "FailedDiscoveryCheck";
    },
    failed(name, error) {
      if (registry.has(name)) log.warn("the availability of an APIService could not be written", { name, error });
    },
  });
}

function discoveryTasks(host: AggregationHost, registry: Registry, changed: () => void): Tasks {
  return createTasks({
    clock: host.clock,
    firstRetryMs: 500,
    lastRetryMs: 60_000,
    resyncMs: 60_000,
    async work(name) {
      const entry = registry.get(name);
      if (entry === undefined) return true;
      const { service } = entry;
      try {
        const ask = (path: string, headers: Readonly<Record<string, string>>) =>
          askExtension(host, service, { path, headers });
        entry.discovery = await fetchDiscovery({ service, before: entry.discovery, ask });
        entry.fresh = true;
        return true;
      } catch (error) {
        entry.fresh = false;
        throw error;
      } finally {
        changed();
      }
    },
    // The condition Available tells it to whoever looks; here it is for who looks closer.
    failed: (name, error) => host.log.debug("discovery of an extension server failed", { name, error }),
  });
}

/** What happens to a Service or its endpoints may change whether the servers behind it can be used. */
function watchBackends({ reader }: AggregationHost, registry: Registry, availability: Tasks): (() => void)[] {
  const touched = (namespace: string | undefined, name: string | undefined): void => {
    for (const [each, { service }] of registry) {
      const behind = service.spec.service;
      if (behind?.namespace === namespace && behind?.name === name) availability.now(each);
    }
  };
  return [
    reader.subscribe(services, {
      upsert: ({ metadata }) => touched(metadata.namespace, metadata.name),
      remove: ({ metadata }) => touched(metadata.namespace, metadata.name),
    }),
    reader.subscribe(endpointSlices, {
      upsert: ({ metadata }) => touched(metadata.namespace, metadata.labels?.["kubernetes.io/service-name"]),
      remove: ({ metadata }) => touched(metadata.namespace, metadata.labels?.["kubernetes.io/service-name"]),
    }),
  ];
}

function versionOf({ service: { spec }, discovery, fresh }: Registered): RemoteVersion {
  const { group = "", version = "" } = spec;
  return {
    group,
    version,
    groupPriority: spec.groupPriorityMinimum,
    versionPriority: spec.versionPriority,
    // As upstream: what is not known to be there any more is not told.
    resources: (fresh ? discovery?.versions.get(`${group}/${version}`) : undefined) ?? [],
    freshness: fresh ? "Current" : "Stale",
  };
}

const sameSpec = (a: APIService, b: APIService): boolean => JSON.stringify(a.spec) === JSON.stringify(b.spec);
