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

/** What every expression sees, the libraries of cel-go first. */
export const baseLibraries: readonly Library[] = [
  STANDARD,
  URLS,
  REGEX,
  LISTS,
  AUTHZ,
  QUANTITY,
  IP,
  CIDR,
  FORMAT,
  AUTHZ_SELECTORS,
  SEMVER,
];

let base: Env | undefined;

/** The common environment, without variables. */
export function baseEnvironment(): Env {
  base ??= createEnv({ libraries: baseLibraries, homogeneousLiterals: true, crossTypeNumericComparisons: true });
  return base;
}

/** The common environment with variables, types and libraries of its own. */
export const kubernetesEnvironment = (extension: Partial<EnvOptions>): Env => extendEnv(baseEnvironment(), extension);
