/**
 * The environment in which Kubernetes compiles expressions: which libraries are on since which version.
 * New expressions may use what the compatibility version has, stored ones everything; both are the same in 1.36, whose
 * compatibility version is 1.35 and whose newest library came in 1.34.
 * Source: k8s.io/apiserver/pkg/cel/environment/base.go.
 */
import {
  DURATION_LITERALS,
  FORMAT_LITERALS,
  HOMOGENEOUS_LITERALS,
  REGEX_LITERALS,
  TIMESTAMP_LITERALS,
} from "../check/validators.ts";
import type { EnvOptions, Library, Validator, VariableDecl } from "../contract.ts";
import { createEnv, type Env, extendEnv } from "../environment.ts";
import { TWO_VARIABLE_COMPREHENSIONS } from "../libraries/comprehensions.ts";
import { lists } from "../libraries/lists.ts";
import { optionalTypes } from "../libraries/optional.ts";
import { SETS } from "../libraries/sets.ts";
import { STANDARD } from "../libraries/standard.ts";
import { strings } from "../libraries/strings.ts";
import { DURATION, TIMESTAMP, typeOf } from "../types.ts";
import { AUTHZ, AUTHZ_SELECTORS } from "./libraries/authorizer.ts";
import { FORMAT } from "./libraries/format.ts";
import { CIDR, IP } from "./libraries/ip.ts";
import { LISTS } from "./libraries/lists.ts";
import { QUANTITY } from "./libraries/quantity.ts";
import { REGEX } from "./libraries/regex.ts";
import { SEMVER } from "./libraries/semver.ts";
import { URLS } from "./libraries/urls.ts";

/** Upstream's standard macros know only the old name of `exists_one`; the two-variable forms have both. */
const standard: Library = {
  ...STANDARD,
  macros: STANDARD.macros?.filter(({ name, argCount }) => name !== "existsOne" || argCount !== 2) ?? [],
};

/** A library and when it came. Versions are minor versions of Kubernetes 1. */
interface VersionedLibrary {
  readonly library: Library;
  readonly since: number;
  /** The first version without it. */
  readonly until?: number;
}

/** In the order in which they are declared; what came before 1.27 has always been there. */
const versioned: readonly VersionedLibrary[] = [
  { library: standard, since: 0 },
  { library: URLS, since: 0 },
  { library: REGEX, since: 0 },
  { library: LISTS, since: 0 },
  { library: AUTHZ, since: 27 },
  { library: optionalTypes(), since: 28 },
  { library: QUANTITY, since: 28 },
  { library: strings(0), since: 0, until: 29 },
  { library: strings(2), since: 29 },
  { library: SETS, since: 29 },
  { library: IP, since: 30 },
  { library: CIDR, since: 30 },
  { library: FORMAT, since: 31 },
  { library: AUTHZ_SELECTORS, since: 31 },
  { library: TWO_VARIABLE_COMPREHENSIONS, since: 32 },
  { library: SEMVER, since: 33 },
  { library: lists(3), since: 34 },
];

/** Checks of literals, with the minor version since which they are made. */
const validators: readonly { readonly validator: Validator; readonly since: number }[] = [
  { validator: HOMOGENEOUS_LITERALS, since: 0 },
  { validator: DURATION_LITERALS, since: 29 },
  { validator: TIMESTAMP_LITERALS, since: 29 },
  { validator: REGEX_LITERALS, since: 29 },
  { validator: FORMAT_LITERALS, since: 29 },
];

/** Kubernetes 1.36 takes new expressions that 1.35 understands too. */
const compatibilityVersion = 35;

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

function create(version: number | "stored"): Env {
  const reached = (since: number): boolean => version === "stored" || version >= since;
  return createEnv({
    libraries: librariesOf(version),
    crossTypeNumericComparisons: reached(28),
    validators: validators.filter(({ since }) => reached(since)).map(({ validator }) => validator),
  });
}

/** The common environment, without variables. */
export function baseEnvironment({ stored = false }: BaseOptions = {}): Env {
  if (stored) return (storedExpressions ??= create("stored"));
  return (newExpressions ??= create(compatibilityVersion));
}

/** Names that upstream's schemas give to types; they can be checked and not evaluated. */
const schemaTypeNames: readonly VariableDecl[] = [
  { name: "duration", type: typeOf(DURATION) },
  { name: "timestamp", type: typeOf(TIMESTAMP) },
];

/** The common environment with variables, types and libraries of its own. */
export const kubernetesEnvironment = (extension: Partial<EnvOptions>, base: BaseOptions = {}): Env =>
  extendEnv(baseEnvironment(base), {
    ...extension,
    variables: [...schemaTypeNames, ...(extension.variables ?? [])],
  });
