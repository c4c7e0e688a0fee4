// --feature-gates, --emulated-version and --min-compatibility-version of every component. Upstream: component-base/compatibility,
// where gates and versions may name the component that they are of; there is `kube` alone here.
import type { Logger } from "../base/index.ts";
import { type FlagDefinitions, FlagError } from "../cli/index.ts";
import type { FeatureGates } from "../server/index.ts";

export const gateFlags = {
  "feature-gates": { type: "list", help: "features to turn on or off: NAME=true|false" },
} as const satisfies FlagDefinitions;

export const versionFlags = {
  "emulated-version": { type: "list", help: "1.36: no other version can be emulated" },
  "min-compatibility-version": {
    type: "list",
    help: "1.35: the oldest release whose components run beside these",
  },
} as const satisfies FlagDefinitions;

const component = "kube";
const binary = "1.36.0";
const floor = "1.33";

/** Words without their component. Throws FlagError in upstream's words. */
export function gatesOfComponent(words: readonly string[]): string[] {
  const named = words.map((word) => {
    const colon = word.indexOf(":");
    return colon < 0 ? { of: "", word } : { of: word.slice(0, colon).trim(), word: word.slice(colon + 1) };
  });
  for (const { of } of named) if (of !== "" && of !== component) throw new FlagError(`component not registered: ${of}`);
  if (new Set(named.map(({ of }) => of)).size > 1)
    throw new FlagError(
      "set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use",
    );
  return named.map(({ word }) => word);
}

/** Throws FlagError or EnablementError in upstream's words; undefined when every gate stays as it is. */
export async function featureGatesOf(words: readonly string[]): Promise<FeatureGates | undefined> {
  if (words.length === 0) return undefined;
  const { featureGates, parseFeatureGates } = await import("../server/index.ts");
  return featureGates(parseFeatureGates(gatesOfComponent(words)));
}

/** For components that no gate changes: checks them, and says so. */
export async function checkGates(words: readonly string[], log: Logger): Promise<void> {
  const gates = await featureGatesOf(words);
  if (gates !== undefined) log.warn("feature gates are checked and change nothing in this component", { gates: words });
}

export interface VersionValues {
  readonly "emulated-version": readonly string[];
  readonly "min-compatibility-version": readonly string[];
}

/** All that is wrong with the two, in upstream's words; what upstream could do and this can not is among it. Throws FlagError for what is no version. */
export function versionProblems(values: VersionValues): string[] {
  const emulated = versionOf(values["emulated-version"]);
  const least = versionOf(values["min-compatibility-version"]);
  const problems: string[] = [];
  const emulation = emulated ?? binary;
  if (emulated !== undefined && !between(emulated, floor, binary))
    problems.push(`emulation version ${emulated} is not between [${floor}, ${binary}]`);
  else if (emulated !== undefined && minor(emulated) !== 36)
    problems.push(`--emulated-version ${emulated} is not implemented: this is 1.36 alone; leave the flag out`);
  // Upstream's default follows the emulated version.
  const compatible = least ?? previous(emulation);
  if (!between(compatible, floor, emulation))
    problems.push(`minCompatibilityVersion version ${compatible} is not between [${floor}, ${emulation}]`);
  else if (least !== undefined && minor(least) !== 35)
    problems.push(`--min-compatibility-version ${least} is not implemented: it is 1.35; leave the flag out`);
  return problems;
}

/** Throws FlagError with all that is wrong with the two. */
export function refuseVersions(values: VersionValues): void {
  const problems = versionProblems(values);
  if (problems.length > 0) throw new FlagError(problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`);
}

function versionOf(words: readonly string[]): string | undefined {
  const found = new Map<string, string>();
  for (const word of words) {
    const equals = word.indexOf("=");
    const of = equals < 0 ? component : word.slice(0, equals).trim();
    const text = equals < 0 ? word : word.slice(equals + 1).trim();
    const [, version, patch] = /^v?(\d+\.\d+)(?:\.(\d+))?$/.exec(text) ?? [];
    if (version === undefined) throw new FlagError(`could not parse ${JSON.stringify(text)} as version`);
    if (patch !== undefined && Number(patch) !== 0)
      throw new FlagError(`patch version not allowed, got: ${of}=${version}.${patch}`);
    const before = found.get(of);
    if (before !== undefined) throw new FlagError(`duplicate version flag, ${of}=${before} and ${of}=${version}`);
    if (of !== component) throw new FlagError(`component not registered: ${of}`);
    found.set(of, version);
  }
  return found.get(component);
}

const minor = (version: string): number => Number(version.split(".")[1]);
const order = (version: string): number => Number(version.split(".")[0]) * 1000 + minor(version);
const between = (version: string, low: string, high: string): boolean =>
  order(version) >= order(low) && order(version) <= order(high);
const previous = (version: string): string => {
  const before = `1.${minor(version) - 1}`;
  return order(before) < order(floor) ? floor : before;
};
