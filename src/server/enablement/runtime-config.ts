// --runtime-config: which built-in groups, versions and resources are served. Upstream: apiserver's server/resourceconfig.
//
// Stable versions are served unless they are turned off, alpha and beta versions only when they are asked for. The wide words
// (api/all, api/ga, api/beta, api/alpha) count first, then `group/version`, then `group/version/resource`.
import type { KindDefinition } from "../../api/index.ts";
import { formatApiVersion } from "../../machinery/index.ts";
import { EnablementError, parseBool, parseBoolError } from "./features.ts";

export type RuntimeConfig = Readonly<Record<string, string>>;

const stable = /^v\d+$/;
const matchers: Readonly<Record<string, RegExp>> = {
  "api/all": /^/,
  "api/ga": stable,
  "api/beta": /^v\d+beta\d+$/,
  "api/alpha": /^v\d+alpha\d+$/,
};

/** Versions that upstream registers although 1.36 serves nothing in them, or nothing that is a kind of its own. */
const registeredOnly: readonly string[] = [
  "apps/v1beta1",
  "apps/v1beta2",
  "authentication.k8s.io/v1alpha1",
  "authentication.k8s.io/v1beta1",
  "authorization.k8s.io/v1beta1",
  "batch/v1beta1",
  "admissionregistration.k8s.io/v1alpha1",
  "admissionregistration.k8s.io/v1beta1",
  "apiextensions.k8s.io/v1",
  "apiextensions.k8s.io/v1beta1",
  "apiregistration.k8s.io/v1",
  "apiregistration.k8s.io/v1beta1",
  "certificates.k8s.io/v1alpha1",
  "certificates.k8s.io/v1beta1",
  "coordination.k8s.io/v1alpha2",
  "coordination.k8s.io/v1beta1",
  "discovery.k8s.io/v1beta1",
  "events.k8s.io/v1beta1",
  "extensions/v1beta1",
  "flowcontrol.apiserver.k8s.io/v1beta1",
  "flowcontrol.apiserver.k8s.io/v1beta2",
  "flowcontrol.apiserver.k8s.io/v1beta3",
  "imagepolicy.k8s.io/v1alpha1",
  "internal.apiserver.k8s.io/v1alpha1",
  "networking.k8s.io/v1beta1",
  "node.k8s.io/v1alpha1",
  "node.k8s.io/v1beta1",
  "policy/v1beta1",
  "rbac.authorization.k8s.io/v1alpha1",
  "rbac.authorization.k8s.io/v1beta1",
  "resource.k8s.io/v1",
  "resource.k8s.io/v1alpha3",
  "resource.k8s.io/v1beta1",
  "resource.k8s.io/v1beta2",
  "scheduling.k8s.io/v1alpha2",
  "scheduling.k8s.io/v1beta1",
  "storage.k8s.io/v1alpha1",
  "storage.k8s.io/v1beta1",
  "storagemigration.k8s.io/v1beta1",
];

/** Old names of the core group; a resource behind them is left out, as upstream does. */
const coreVersion = /^(?:api\/)?v1(?:\/|$)/;

/** `group/version=true`, or a bare `group/version`, which means true. */
export function parseRuntimeConfig(words: readonly string[]): RuntimeConfig {
  const config: Record<string, string> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    const key = (equals < 0 ? word : word.slice(0, equals)).trim();
    if (key === "api/legacy") continue;
    config[coreVersion.test(key) ? "/v1" : key] = equals < 0 ? "" : word.slice(equals + 1).trim();
  }
  return config;
}

interface Preferences {
  readonly wide: readonly (readonly [RegExp, boolean])[];
  /** Of `group/version` and of `group/version/resource`. */
  readonly exact: ReadonlyMap<string, boolean>;
}

export interface ApiSelection {
  serves(kind: KindDefinition): boolean;
}

/** Throws EnablementError for what can not be meant. `kinds`: all that could be served. */
export function selectApis(
  config: RuntimeConfig,
  kinds: readonly KindDefinition[],
  featureEnabled: (gate: string) => boolean,
): ApiSelection {
  const versions = new Set([...registeredOnly, ...kinds.map((kind) => formatApiVersion(kind))]);
  const { wide, exact } = preferencesOf(config, versions);
  return {
    serves(kind) {
      if (kind.featureGate !== undefined && !featureEnabled(kind.featureGate)) return false;
      const version = formatApiVersion(kind);
      const wanted = exact.get(`${version}/${kind.resource}`) ?? exact.get(version);
      if (wanted !== undefined) return wanted;
      const matching = wide.filter(([pattern]) => pattern.test(kind.version)).at(-1);
      return matching?.[1] ?? stable.test(kind.version);
    },
  };
}

function preferencesOf(config: RuntimeConfig, versions: ReadonlySet<string>): Preferences {
  const named = Object.keys(config).filter((key) => matchers[key] === undefined);
  if (config["api/all"] === "false" && Object.keys(config).length === 1)
    throw new EnablementError("invalid runtime-config with only api/all=false");
  refuseUnknown(named, versions);
  const wide = Object.entries(matchers).flatMap(([key, pattern]) => {
    const value = config[key];
    if (value === undefined) return [];
    if (value !== "true" && value !== "false") throw new EnablementError(`invalid value ${key}=${value}`);
    return [[pattern, value === "true"] as const];
  });
  const exact = new Map(named.map((key) => [keyOf(key), preferenceOf(config, key)] as const));
  for (const key of named) {
    const [, , resource = ""] = key.split("/");
    if (resource.toLowerCase() !== resource)
      throw new EnablementError(
        `invalid key ${key}: group/version/resource and resource is always lowercase plural, not ${JSON.stringify(resource)}`,
      );
  }
  return { wide, exact };
}

/** `/v1/pods` names the core group, which apiVersions leave out. */
const keyOf = (key: string): string => (key.startsWith("/") ? key.slice(1) : key);

function refuseUnknown(keys: readonly string[], versions: ReadonlySet<string>): void {
  if (keys.length === 0) return;
  const groups = new Set([...versions].map((each) => (each.includes("/") ? each.slice(0, each.indexOf("/")) : "")));
  for (const key of keys)
    if (![2, 3].includes(key.split("/").length)) throw new EnablementError(`runtime-config invalid key ${key}`);
  const unknown = keys
    .map((key) => key.split("/") as [string, string])
    .filter(([group]) => !groups.has(group))
    .map(([group, version]) => `${group}/${version}`);
  if (unknown.length > 0) throw new EnablementError(`unknown api groups ${[...new Set(unknown)].sort().join(",")}`);
  for (const key of keys) {
    const [group = "", version = ""] = key.split("/");
    const apiVersion = formatApiVersion({ group, version });
    if (!versions.has(apiVersion))
      throw new EnablementError(`group version ${apiVersion} that has not been registered`);
  }
}

function preferenceOf(config: RuntimeConfig, key: string): boolean {
  const text = config[key]!;
  if (text === "") return true;
  const value = parseBool(text);
  if (value === undefined) throw new EnablementError(`invalid value of ${key}: ${text}, err: ${parseBoolError(text)}`);
  return value;
}
