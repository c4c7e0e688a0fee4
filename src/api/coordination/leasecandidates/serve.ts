// How the API server serves LeaseCandidate. Upstream: pkg/apis/coordination/validation, pkg/registry/coordination/leasecandidate.
import type { LeaseCandidate } from "../../../../facts/types/coordination.v1beta1.ts";
import { field, qualifiedName } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { type Check, child, findings, immutable, required } from "../../lib/validate.ts";

type Spec = LeaseCandidate["spec"];

const number = "(0|[1-9]\\d*)";
const semver = new RegExp(
  `^${number}\\.${number}\\.${number}(?:-([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?(?:\\+[0-9A-Za-z.-]+)?$`,
);

interface Version {
  readonly numbers: readonly number[];
  readonly release: readonly string[];
}

function parsed(text: string): Version | undefined {
  const [, major, minor, patch, release] = semver.exec(text) ?? [];
  if (major === undefined) return undefined;
  return { numbers: [major, minor, patch].map(Number), release: release === undefined ? [] : release.split(".") };
}

const isNumber = (text: string): boolean => /^\d+$/.test(text);

/** As semver.org orders versions: a pre-release is before its release, numbers are before words. */
function isBefore(a: Version, b: Version): boolean {
  for (const [index, value] of a.numbers.entries())
    if (value !== b.numbers[index]) return value < (b.numbers[index] ?? 0);
  if (a.release.length === 0 || b.release.length === 0) return a.release.length > 0 && b.release.length === 0;
  for (const [index, part] of a.release.entries()) {
    const other = b.release[index];
    if (other === undefined) return false;
    if (part === other) continue;
    if (isNumber(part) && isNumber(other)) return Number(part) < Number(other);
    return isNumber(part) === isNumber(other) ? part < other : isNumber(part);
  }
  return a.release.length < b.release.length;
}

const isZero = (version: Version | undefined): boolean =>
  version === undefined || (version.numbers.every((each) => each === 0) && version.release.length === 0);

const strategies = ["OldestEmulationVersion"];

const strategy: Check<Spec> = ({ strategy: name = "", emulationVersion = "" }, at, found) => {
  const path = child(at, "strategy");
  if (name === "") {
    found.push(field.required(path));
    return;
  }
  if (name === "OldestEmulationVersion" && isZero(parsed(emulationVersion)))
    found.push(
      field.required(child(at, "emulationVersion"), "must be specified when `strategy` is 'OldestEmulationVersion'"),
    );
  if (name.includes("/")) {
    for (const text of qualifiedName(name)) found.push(field.invalid(child(path, "strategy"), name, text));
  } else if (!strategies.includes(name)) found.push(field.notSupported(child(path, "strategy"), name, strategies));
};

const spec: Check<Spec> = (value, at, found) => {
  const { binaryVersion = "", emulationVersion = "" } = value;
  const [binary, emulated] = [parsed(binaryVersion), parsed(emulationVersion)];
  const text = "must be a valid semantic version";
  required()(value.leaseName, child(at, "leaseName"), found);
  if (emulationVersion !== "" && emulated === undefined)
    found.push(field.invalid(child(at, "emulationVersion"), emulationVersion, text));
  const path = child(at, "binaryVersion");
  if (binaryVersion === "") found.push(field.required(path));
  else if (binary === undefined) found.push(field.invalid(path, binaryVersion, text));
  const none: Version = { numbers: [0, 0, 0], release: [] };
  if (binaryVersion !== "" && emulationVersion !== "" && isBefore(binary ?? none, emulated ?? none))
    found.push(field.invalid(path, binaryVersion, "must be greater than or equal to `emulationVersion`"));
  strategy(value, at, found);
};

export const leaseCandidateRules = defineRules<LeaseCandidate>({
  default: (draft) => {
    draft.spec ??= {} as Spec;
  },
  anyFinalizers: true,
  createOnUpdate: true,
  unconditionalUpdate: false,
  validate: (candidate) => findings(candidate.spec, spec, "spec"),
  validateUpdate: (candidate, old) =>
    findings(candidate.spec.leaseName ?? "", immutable(old.spec.leaseName ?? ""), "spec.leaseName"),
});
