// What pod groups and the templates of workloads have in common. Upstream: the declarative rules of scheduling.k8s.io/v1alpha2
// and the fields that pkg/registry/scheduling drops while their gates are off.
import type {
  PodGroupResourceClaim,
  PodGroupSchedulingConstraints,
  PodGroupSchedulingPolicy,
  PodGroupTemplate,
} from "../../../../facts/types/scheduling.v1alpha2.ts";
import {
  deepEqual,
  dns1123Label,
  dns1123Subdomain,
  field,
  maxLengthError,
  type NameCheck,
} from "../../../machinery/index.ts";
import type { RuleContext } from "../../kind.ts";
import { labelKey } from "../metadata.ts";
import {
  type Check,
  child,
  each,
  type Findings,
  fields,
  immutableText,
  named,
  oneOf,
  optional,
  required,
  worthChecking,
} from "../validate.ts";

/** The fields behind gates. */
export type Grouped = Pick<
  PodGroupTemplate,
  "schedulingConstraints" | "resourceClaims" | "disruptionMode" | "priorityClassName" | "priority"
>;

/** The declarative rules say bytes where the others say characters. */
const inBytes =
  (check: NameCheck, length: number): NameCheck =>
  (name) =>
    check(name).map((text) => (text === maxLengthError(length) ? maxLengthError(length, "bytes") : text));

export const shortName = required(named(inBytes(dns1123Label, 63)));
export const longNameTexts = inBytes(dns1123Subdomain, 253);
export const longName = named(longNameTexts);

const mostClaims = 4;
const highestPriority = 1_000_000_000;

/** At most `size` items, each judged, and no two with one key. Past the limit nothing else is. */
export const keyedList =
  <T>(size: number, key: (value: T) => unknown, check: Check<T>): Check<readonly T[] | undefined> =>
  (list = [], at, found) => {
    if (list.length > size) {
      found.push(field.tooMany(at, list.length, size));
      return;
    }
    for (const [index, value] of worthChecking(list, found))
      if (list.findIndex((other) => key(other) === key(value)) < index)
        found.push(field.duplicate(`${at}[${index}]`, value));
    each(check)(list, at, found);
  };

/** Exactly one of the members of a union is set. */
export const union =
  <T extends object>(...members: readonly (keyof T & string)[]): Check<T> =>
  (value, at, found) => {
    const names = members.map((each) => `\`${each}\``).join(", ");
    const set = members.filter((each) => value[each] !== undefined && value[each] !== null);
    if (set.length === 0) found.push(field.invalid(at, "", `must specify one of: ${names}`));
    else if (set.length > 1)
      found.push(field.invalid(at, `{${set.join(", ")}}`, `must specify exactly one of: ${names}`));
  };

export const atLeast =
  (low: number): Check<number> =>
  (value, at, found) => {
    if (value < low) found.push(field.invalid(at, value, `must be greater than or equal to ${low}`));
  };
export const atMost =
  (high: number): Check<number> =>
  (value, at, found) => {
    if (value > high) found.push(field.invalid(at, value, `must be less than or equal to ${high}`));
  };

export const schedulingPolicy: Check<PodGroupSchedulingPolicy | undefined> = (policy = {}, at, found) => {
  union<PodGroupSchedulingPolicy>("basic", "gang")(policy, at, found);
  const { gang } = policy;
  if (gang === undefined) return;
  const path = child(child(at, "gang"), "minCount");
  if (!gang.minCount) found.push(field.required(path));
  else atLeast(1)(gang.minCount, path, found);
};

const constraints: Check<PodGroupSchedulingConstraints> = ({ topology = [] }, at, found) => {
  const path = child(at, "topology");
  if (topology.length > 1) found.push(field.tooMany(path, topology.length, 1));
  else each(fields<(typeof topology)[number]>({ key: required(labelKey) }))(topology, path, found);
};

const claim: Check<PodGroupResourceClaim> = (value, at, found) => {
  union<PodGroupResourceClaim>("resourceClaimName", "resourceClaimTemplateName")(value, at, found);
  shortName(value.name, child(at, "name"), found);
  optional(longName)(value.resourceClaimName, child(at, "resourceClaimName"), found);
  optional(longName)(value.resourceClaimTemplateName, child(at, "resourceClaimTemplateName"), found);
};

const groupClaims = keyedList<PodGroupResourceClaim>(mostClaims, ({ name }) => name, claim);
export const keyedClaimStatuses = <T extends { readonly name: string }>(check: Check<T>) =>
  keyedList<T>(mostClaims, ({ name }) => name, check);

const priority: Check<number | undefined> = optional((value, at, found) => {
  atMost(highestPriority)(value, at, found);
  atLeast(-(2 ** 31))(value, at, found);
});

const gateOf = {
  schedulingConstraints: "TopologyAwareWorkloadScheduling",
  resourceClaims: "DRAWorkloadResourceClaims",
  disruptionMode: "WorkloadAwarePreemption",
  priorityClassName: "WorkloadAwarePreemption",
  priority: "WorkloadAwarePreemption",
} as const satisfies Record<keyof Grouped, string>;

/** Fields whose gate is off go, unless the old object has them. */
export function dropDisabledGroupFields(
  draft: Grouped,
  { old, featureEnabled }: { old: Grouped | undefined; featureEnabled: RuleContext["featureEnabled"] },
): void {
  for (const [name, gate] of Object.entries(gateOf) as [keyof Grouped, string][])
    if (!featureEnabled(gate) && !isSet(old?.[name])) delete draft[name];
}

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);

const checks: { readonly [K in keyof Required<Grouped>]: Check<Grouped[K]> } = {
  schedulingConstraints: optional(constraints),
  resourceClaims: groupClaims,
  disruptionMode: optional(oneOf("Pod", "PodGroup")) as Check<Grouped["disruptionMode"]>,
  priorityClassName: (name, at, found) => {
    if (name) longName(name, at, found);
  },
  priority,
};

/** The gated fields of a new object, in upstream's order. */
export function judgeGrouped(value: Grouped, at: string, found: Findings): void {
  for (const [name, check] of Object.entries(checks) as [keyof Grouped, Check<unknown>][])
    check(value[name], child(at, name), found);
}

/** What can not be changed, by name. */
export function keepsAll<T extends object>(
  now: T,
  old: T,
  of: { at: string; names: readonly (keyof T & string)[]; found: Findings },
): void {
  for (const name of of.names)
    if (!deepEqual(now[name], old[name])) of.found.push(field.invalid(child(of.at, name), null, immutableText));
}
