// Aggregation: which group versions extension servers answer for, read from APIService objects. Costs one look at an empty map
// until the first of them is registered; what proxies, probes and merges is loaded then.
// Upstream: k8s.io/kube-aggregator.
import { type APIService, apiServices } from "../../api/index.ts";
import type { Aggregation, Extension, RemoteVersion } from "./contract.ts";
import { unavailable } from "./failures.ts";
import type { AggregationHost } from "./host.ts";
import { keepLocalServices } from "./local-services.ts";
import { availabilityMetrics } from "./metrics.ts";

export type * from "./contract.ts";
export type { AggregationHost, AggregationOptions } from "./host.ts";

type Extensions = ReturnType<typeof import("./extensions.ts")["createExtensions"]>;

const noVersions: readonly RemoteVersion[] = [];
const legacyName = "v1.";

/** The path below which an APIService's server answers, as the key of the map: `group/version`, "" for the core group. */
const keyOf = ({ metadata, spec }: APIService): string =>
  metadata.name === legacyName ? "" : `${spec.group ?? ""}/${spec.version ?? ""}`;

function keyOfPath(path: string): string | undefined {
  const [empty, prefix, group, version] = path.split("/", 4);
  if (empty !== "") return undefined;
  if (prefix === "api") return "";
  return prefix === "apis" && group && version ? `${group}/${version}` : undefined;
}

export function createAggregation(host: AggregationHost): Aggregation {
  const local = keepLocalServices(host);
  const counted = host.metrics && availabilityMetrics(host.metrics);
  const names = new Map<string, string>();
  let loading: Promise<Extensions> | undefined;
  let loaded: Extensions | undefined;
  let stops: readonly (() => void)[] = [];
  let closed = false;

  /** In the order of the events, also those that come while the module is on its way. */
  function tell(event: (extensions: Extensions) => void): void {
    loading ??= import("./extensions.ts").then(({ createExtensions }) => (loaded = createExtensions(host)));
    loading.then(
      (extensions) => closed || event(extensions),
      (error: unknown) => host.log.error("extension servers cannot be reached", { error }),
    );
  }

  const observer = {
    upsert(now: APIService) {
      const { name } = now.metadata;
      if (now.spec.service !== undefined) {
        names.set(keyOf(now), name);
        tell((extensions) => extensions.set(now));
      } else if (names.get(keyOf(now)) === name) forget(now);
    },
    remove: (gone: APIService) => {
      if (names.get(keyOf(gone)) === gone.metadata.name) forget(gone);
    },
  };

  function forget(service: APIService): void {
    names.delete(keyOf(service));
    tell((extensions) => extensions.remove(service.metadata.name));
  }

  /** Registered, but what reaches it is still being loaded. */
  const notYet: Extension = { serve: async () => unavailable(), upgrade: unavailable };

  return {
    find(path) {
      if (names.size === 0) return undefined;
      const key = keyOfPath(path);
      const name = key === undefined ? undefined : names.get(key);
      return name === undefined ? undefined : (loaded?.find(name) ?? notYet);
    },
    get remote() {
      return loaded?.versions() ?? noVersions;
    },
    openApiPaths: async () => (await loading)?.openApi.paths() ?? {},
    openApiDocument: async (path, request) =>
      names.size === 0 ? undefined : (await loading)?.openApi.document(path, request),
    openApiV2: async () => (names.size === 0 ? [] : ((await loading)?.openApi.v2() ?? [])),
    async start() {
      stops = [observer, ...(counted ? [counted] : [])].map((each) => host.reader.subscribe(apiServices, each));
      await local.start();
    },
    close() {
      closed = true;
      for (const stop of stops) stop();
      local.close();
      loaded?.close();
    },
  };
}
