/**
 * The environment in which Kubernetes compiles expressions: which libraries are on since which version.
 * New expressions may use what the compatibility version has, stored ones everything; both are the same in 1.36, whose
 * compatibility version is 1.35 and whose newest library came in 1.34.
 * Source: k8s.io/apiserver/pkg/cel/environment/base.go.
 */
import type { EnvOptions, Library } from "../contract.ts";
import { createEnv, type Env, extendEnv } from "../environment.ts";
import { STANDARD } from "../libraries/standard.ts";
import { AUTHZ, AUTHZ_SELECTORS } from "./libraries/authorizer.ts";
import { FORMAT } from "./libraries/format.ts";
import { CIDR, IP } from "./libraries/ip.ts";
import { LISTS } from "./libraries/lists.ts";
import { QUANTITY } from "./libraries/quantity.ts";
import { REGEX } from "./libraries/regex.ts";
import { SEMVER } from "./libraries/semver.ts";
import { URLS } from "./libraries/urls.ts";

/** A library and when it came. Versions are minor versions of Kubernetes 1. */
interface VersionedLibrary {
  readonly library: Library;
  readonly since: number;
  /** The first version without it. */
  readonly until?: number;
}

/** In the order in which they are declared; what came before 1.27 has always been there. */
const versioned: readonly VersionedLibrary[] = [
  { library: STANDARD, since: 0 },
  { library: URLS, since: 0 },
  { library: REGEX, since: 0 },
  { library: LISTS, since: 0 },
  { library: AUTHZ, since: 27 },
  { library: QUANTITY, since: 28 },
  { library: IP, since: 30 },
  { library: CIDR, since: 30 },
  { library: FORMAT, since: 31 },
  { library: AUTHZ_SELECTORS, since: 31 },
  { library: SEMVER, since: 33 },
];

/** Kubernetes 1.36 takes new expressions that 1.35 understands too. */
export const compatibilityVersion = 35;

/** The libraries of a minor version; `stored` gives those of all versions. */
export const librariesOf = (version: number | "stored"): readonly Library[] =>
  versioned
    .filter(({ since, until }) =>
      version === "stored" ? until === undefined : since <= version && version < (until ?? Infinity),
    )
    .map(({ library }) => library);

export interface BaseOptions {
  /** For expressions that are stored already rather than new. */
  readonly stored?: boolean;
}

let newExpressions: Env | undefined;
let storedExpressions: Env | undefined;

const create = (version: number | "stored"): Env =>
  createEnv({ libraries: librariesOf(version), homogeneousLiterals: true, crossTypeNumericComparisons: true });

/** The common environment, without variables. */
export function baseEnvironment({ stored = false }: BaseOptions = {}): Env {
  if (stored) return (storedExpressions ??= create("stored"));
  return (newExpressions ??= create(compatibilityVersion));
}

/** The common environment with variables, types and libraries of its own. */
export const kubernetesEnvironment = (extension: Partial<EnvOptions>, base: BaseOptions = {}): Env =>
  extendEnv(baseEnvironment(base), extension);
