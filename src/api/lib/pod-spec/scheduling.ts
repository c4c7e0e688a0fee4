// What a pod asks of the scheduler: affinity, tolerations, spreading, gates.
import type {
  Affinity,
  PodAffinityTerm,
  PodSchedulingGate,
  PodSpec,
  PreferredSchedulingTerm,
  Toleration,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from "../../../../facts/types/core.v1.ts";
import { dns1123Subdomain, field, labelValue, qualifiedName } from "../../../machinery/index.ts";
import { labelKey } from "../metadata.ts";
import { labelSelector, nodeSelector, nodeSelectorTerm, selectorKeys } from "../selector-rules.ts";
import { isCanonicalInteger } from "../taints.ts";
import {
  type Check,
  child,
  dnsLabel,
  each,
  type Findings,
  item,
  named,
  oneOf,
  optional,
  positive,
  worthChecking,
} from "../validate.ts";

const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

const weight: Check<number | undefined> = (value = 0, at, found) => {
  if (value <= 0 || value > 100) found.push(field.invalid(at, value, "must be in the range 1-100"));
};

const preferredTerm: Check<PreferredSchedulingTerm> = (term, at, found) => {
  weight(term.weight, child(at, "weight"), found);
  nodeSelectorTerm({ allowInvalidValues: true })(term.preference ?? {}, child(at, "preference"), found);
};

const podTerm: Check<PodAffinityTerm> = (term, at, found) => {
  labelSelector(term.labelSelector, child(at, "labelSelector"), found);
  labelSelector(term.namespaceSelector, child(at, "namespaceSelector"), found);
  for (const namespace of term.namespaces ?? []) dnsLabel(namespace, child(at, "namespace"), found);
  selectorKeys(term, at, found);
  const key = child(at, "topologyKey");
  if (!term.topologyKey) found.push(field.required(key, "can not be empty"));
  labelKey(term.topologyKey ?? "", key, found);
};

const weightedTerm: Check<WeightedPodAffinityTerm> = (term, at, found) => {
  weight(term.weight, child(at, "weight"), found);
  podTerm(term.podAffinityTerm ?? {}, child(at, "podAffinityTerm"), found);
};

export const affinity: Check<Affinity | undefined> = (value, at, found) => {
  if (!value) return;
  const node = value.nodeAffinity;
  const ofNode = child(at, "nodeAffinity");
  optional(nodeSelector)(node?.[required], child(ofNode, required), found);
  each(preferredTerm)(node?.[preferred], child(ofNode, preferred), found);
  for (const name of ["podAffinity", "podAntiAffinity"] as const) {
    each(podTerm)(value[name]?.[required], child(child(at, name), required), found);
    each(weightedTerm)(value[name]?.[preferred], child(child(at, name), preferred), found);
  }
};

const knownEffect = oneOf("NoSchedule", "PreferNoSchedule", "NoExecute");

const wholeNumber: Check<string> = (value, at, found) => {
  const invalid = (text: string): void => void found.push(field.invalid(at, value, text));
  if (value === "") invalid("must be non-empty");
  else if (!isCanonicalInteger(value)) invalid("must be a valid decimal integer in canonical form");
  const parsing = `strconv.ParseInt: parsing ${JSON.stringify(value)}:`;
  if (!/^[+-]?[0-9]+$/.test(value)) invalid(`${parsing} invalid syntax`);
  else if (BigInt.asIntN(64, BigInt(value.replace("+", ""))) !== BigInt(value.replace("+", "")))
    invalid(`${parsing} value out of range`);
};

const toleration =
  ({ comparisons }: Tolerated): Check<Toleration> =>
  (value, at, found) => {
    const { key = "", operator = "", effect = "", tolerationSeconds, value: tolerated = "" } = value;
    const path = child(at, "operator");
    if (key !== "") labelKey(key, child(at, "key"), found);
    else if (operator !== "Exists")
      found.push(
        field.invalid(
          path,
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    if (tolerationSeconds !== undefined && effect !== "NoExecute")
      found.push(
        field.invalid(child(at, "effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"),
      );
    if (operator === "Equal" || operator === "") {
      const texts = labelValue(tolerated);
      if (texts.length > 0) found.push(field.invalid(path, tolerated, texts.join(";")));
    } else if (operator === "Exists") {
      if (tolerated !== "")
        found.push(field.invalid(path, tolerated, "value must be empty when `operator` is 'Exists'"));
    } else {
      const comparing = operator === "Lt" || operator === "Gt";
      if (comparing && comparisons) wholeNumber(tolerated, child(at, "value"), found);
      else
        found.push(
          field.notSupported(path, operator, comparing ? ["Equal", "Exists", "Lt", "Gt"] : ["Equal", "Exists"]),
        );
    }
    if (effect !== "") knownEffect(effect, child(at, "effect"), found);
  };

/** Which tolerations are taken besides the usual ones. */
interface Tolerated {
  readonly comparisons: boolean;
}

const usual = each(toleration({ comparisons: false }));
const comparing = each(toleration({ comparisons: true }));

export const tolerations = (
  value: readonly Toleration[] | undefined,
  at: string,
  found: Findings,
  { comparisons }: Tolerated = { comparisons: false },
): void => (comparisons ? comparing : usual)(value, at, found);

const unsatisfiable = oneOf("DoNotSchedule", "ScheduleAnyway");
const inclusion = optional(oneOf("Honor", "Ignore"));

const constraint: Check<TopologySpreadConstraint> = (value, at, found) => {
  positive(value.maxSkew, child(at, "maxSkew"), found);
  if (!value.topologyKey) found.push(field.required(child(at, "topologyKey"), "can not be empty"));
  unsatisfiable(value.whenUnsatisfiable, child(at, "whenUnsatisfiable"), found);
};

const constraintDetails: Check<TopologySpreadConstraint> = (value, at, found) => {
  if (value.minDomains !== undefined) {
    const path = child(at, "minDomains");
    positive(value.minDomains, path, found);
    if (value.whenUnsatisfiable !== "DoNotSchedule")
      found.push(
        field.invalid(
          path,
          value.minDomains,
          `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${value.whenUnsatisfiable ?? ""}`,
        ),
      );
  }
  inclusion(value.nodeAffinityPolicy, child(at, "nodeAffinityPolicy"), found);
  inclusion(value.nodeTaintsPolicy, child(at, "nodeTaintsPolicy"), found);
  selectorKeys(value, at, found);
  labelSelector(value.labelSelector, child(at, "labelSelector"), found);
};

const pairOf = ({ topologyKey, whenUnsatisfiable }: TopologySpreadConstraint): string =>
  `{${topologyKey ?? ""}, ${whenUnsatisfiable ?? ""}}`;

export const spreadConstraints: Check<readonly TopologySpreadConstraint[] | undefined> = (list = [], at, found) => {
  const last = new Map(list.map((value, index) => [pairOf(value), index]));
  for (const [index, value] of worthChecking(list, found)) {
    const path = item(at, index);
    constraint(value, path, found);
    const pair = pairOf(value);
    const again = (last.get(pair) as number) > index;
    if (again) found.push(field.duplicate(child(path, "{topologyKey, whenUnsatisfiable}"), pair));
    constraintDetails(value, path, found);
  }
};

export const schedulingGroup: Check<NonNullable<PodSpec["schedulingGroup"]>> = ({ podGroupName }, at, found) => {
  const path = child(at, "podGroupName");
  if (podGroupName === undefined) found.push(field.invalid(path, null, "must specify one of: `podGroupName`"));
  else named(dns1123Subdomain)(podGroupName, path, found);
};

export const schedulingGates: Check<readonly PodSchedulingGate[] | undefined> = (list = [], at, found) => {
  const seen = new Set<string>();
  for (const [index, { name = "" }] of worthChecking(list, found)) {
    named(qualifiedName)(name, item(at, index), found);
    if (seen.has(name)) found.push(field.duplicate(item(at, index), name));
    seen.add(name);
  }
};
