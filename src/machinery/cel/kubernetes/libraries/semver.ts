/**
 * Semantic versions. Source: k8s.io/apiserver/pkg/cel/library/semverlib.go.
 */
import type { Library } from "../../contract.ts";
import { BOOL, INT, STRING, structType } from "../../types.ts";
import { CelError, type Result } from "../../values.ts";
import {
  compareVersions,
  parseVersion,
  parseVersionTolerantly,
  type SemanticVersion,
  VersionError,
} from "../text/semver-text.ts";
import { functions, LibraryValue, method, overload } from "./lib.ts";

export const SEMVER_TYPE = structType("kubernetes.Semver");

class SemverValue extends LibraryValue<SemanticVersion> {
  readonly type = SEMVER_TYPE;

  protected same(other: SemanticVersion): boolean {
    return compareVersions(this.content, other) === 0;
  }
}

/** `normalize`: whether `v1.2` and `01.2.3` are taken too. */
function toVersion(text: string, normalize: boolean): SemverValue | CelError {
  try {
    return new SemverValue(normalize ? parseVersionTolerantly(text) : parseVersion(text));
  } catch (error) {
    if (error instanceof VersionError) return new CelError(error.message);
    throw error;
  }
}

const isVersion = (text: string, normalize: boolean): boolean => !(toVersion(text, normalize) instanceof CelError);
const number = (value: bigint): Result => BigInt.asIntN(64, value);
const compare = (a: SemverValue, b: SemverValue): number => compareVersions(a.content, b.content);

export const SEMVER: Library = {
  name: "kubernetes.Semver",
  functions: functions({
    semver: [
      overload("string_to_semver", [[STRING], SEMVER_TYPE], (text: string) => toVersion(text, false)),
      overload("string_bool_to_semver", [[STRING, BOOL], SEMVER_TYPE], toVersion),
    ],
    isSemver: [
      overload("is_semver_string", [[STRING], BOOL], (text: string) => isVersion(text, false)),
      overload("is_semver_string_bool", [[STRING, BOOL], BOOL], isVersion),
    ],
    isGreaterThan: [
      method(
        "semver_is_greater_than",
        [[SEMVER_TYPE, SEMVER_TYPE], BOOL],
        (a: SemverValue, b: SemverValue) => compare(a, b) > 0,
      ),
    ],
    isLessThan: [
      method(
        "semver_is_less_than",
        [[SEMVER_TYPE, SEMVER_TYPE], BOOL],
        (a: SemverValue, b: SemverValue) => compare(a, b) < 0,
      ),
    ],
    compareTo: [
      method("semver_compare_to", [[SEMVER_TYPE, SEMVER_TYPE], INT], (a: SemverValue, b: SemverValue) =>
        BigInt(compare(a, b)),
      ),
    ],
    major: [method("semver_major", [[SEMVER_TYPE], INT], (version: SemverValue) => number(version.content.major))],
    minor: [method("semver_minor", [[SEMVER_TYPE], INT], (version: SemverValue) => number(version.content.minor))],
    patch: [method("semver_patch", [[SEMVER_TYPE], INT], (version: SemverValue) => number(version.content.patch))],
  }),
};
