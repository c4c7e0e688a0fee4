/**
 * Semantic versions as the library that upstream uses reads and orders them, with its error texts.
 * Source: github.com/blang/semver/v4; normalization: k8s.io/apiserver/pkg/cel/library/semverlib.go.
 */
import { quoteGo } from "../../../go-text.ts";

export interface SemanticVersion {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  /** Numbers and words, compared one by one. */
  readonly prerelease: readonly (bigint | string)[];
}

/** Text that is no version. */
export class VersionError extends Error {
  override readonly name = "VersionError";
}

const maxUint64 = 2n ** 64n - 1n;
const onlyDigits = (text: string): boolean => /^[0-9]*$/.test(text);
const onlyAlphanumeric = (text: string): boolean => /^[0-9A-Za-z-]*$/.test(text);
const leadingZero = (text: string): boolean => text.length > 1 && text[0] === "0";

/** Throws VersionError. */
export function parseVersion(text: string): SemanticVersion {
  if (text === "") throw new VersionError("Version string empty");
  const first = text.indexOf(".");
  const second = first < 0 ? -1 : text.indexOf(".", first + 1);
  if (second < 0) throw new VersionError("No Major.Minor.Patch elements found");
  const major = numberPart("major", text.slice(0, first));
  const minor = numberPart("minor", text.slice(first + 1, second));
  const [rest, build] = cut(text.slice(second + 1), "+");
  const [patchText, prereleaseText] = cut(rest, "-");
  const patch = numberPart("patch", patchText);
  const prerelease = prereleaseText === undefined ? [] : prereleaseText.split(".").map(prereleasePart);
  for (const part of build === undefined ? [] : build.split(".")) {
    if (part === "") throw new VersionError("Build meta data is empty");
    if (!onlyAlphanumeric(part))
      throw new VersionError(`Invalid character(s) found in build meta data ${quoteGo(part)}`);
  }
  return { major, minor, patch, prerelease };
}

function cut(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function numberPart(name: string, text: string): bigint {
  if (!onlyDigits(text)) throw new VersionError(`Invalid character(s) found in ${name} number ${quoteGo(text)}`);
  if (leadingZero(text))
    throw new VersionError(
      `${name[0]!.toUpperCase()}${name.slice(1)} number must not contain leading zeroes ${quoteGo(text)}`,
    );
  return unsigned(text);
}

function unsigned(text: string): bigint {
  if (text === "") throw new VersionError('strconv.ParseUint: parsing "": invalid syntax');
  const value = BigInt(text);
  if (value > maxUint64) throw new VersionError(`strconv.ParseUint: parsing ${quoteGo(text)}: value out of range`);
  return value;
}

function prereleasePart(text: string): bigint | string {
  if (text === "") throw new VersionError("Prerelease is empty");
  if (onlyDigits(text)) {
    if (leadingZero(text))
      throw new VersionError(`Numeric PreRelease version must not contain leading zeroes ${quoteGo(text)}`);
    return unsigned(text);
  }
  if (!onlyAlphanumeric(text)) throw new VersionError(`Invalid character(s) found in prerelease ${quoteGo(text)}`);
  return text;
}

/** Takes `v1.2` and `01.2.3` for what they mean before parsing. Throws VersionError. */
export function parseVersionTolerantly(text: string): SemanticVersion {
  const plain = text.startsWith("v") ? text.slice(1) : text;
  const split = plain.split(".");
  const parts = split.length > 3 ? [split[0]!, split[1]!, split.slice(2).join(".")] : split;
  const trimmed = parts.map((part) => {
    if (part.length <= 1) return part;
    const bare = part.replace(/^0+/, "");
    return /^[0-9]/.test(bare) ? bare : `0${bare}`;
  });
  if (trimmed.length < 3 && /[+-]/.test(trimmed.at(-1) ?? ""))
    throw new VersionError("short version cannot contain PreRelease/Build meta data");
  while (trimmed.length < 3) trimmed.push("0");
  return parseVersion(trimmed.join("."));
}

/** -1, 0 or 1; build metadata does not count. */
export function compareVersions(a: SemanticVersion, b: SemanticVersion): number {
  const numbers = order(a.major, b.major) || order(a.minor, b.minor) || order(a.patch, b.patch);
  if (numbers !== 0) return numbers;
  if (a.prerelease.length === 0 || b.prerelease.length === 0)
    return Math.sign(Number(b.prerelease.length > 0) - Number(a.prerelease.length > 0));
  for (const [index, part] of a.prerelease.entries()) {
    const other = b.prerelease[index];
    if (other === undefined) return 1;
    const compared = typeof part === typeof other ? order(part, other) : typeof part === "bigint" ? -1 : 1;
    if (compared !== 0) return compared;
  }
  return a.prerelease.length < b.prerelease.length ? -1 : 0;
}

const order = <T extends bigint | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
