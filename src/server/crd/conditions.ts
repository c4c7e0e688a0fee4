// Conditions of definitions, and the names that are taken. Upstream: pkg/apihelpers, pkg/controller/status,
// pkg/controller/{establish,apiapproval,nonstructuralschema}.
import { approvalOf, isProtectedGroup } from "../../api/apiextensions/custom/serve.ts";
import type { CustomResourceDefinition } from "../../api/index.ts";
import { deepEqual, formatTime } from "../../machinery/index.ts";

type Status = NonNullable<CustomResourceDefinition["status"]>;
export type Condition = NonNullable<Status["conditions"]>[number];
export type NewCondition = Pick<Condition, "type" | "status" | "reason" | "message">;
type Names = CustomResourceDefinition["spec"]["names"];

export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

export const findCondition = ({ status }: CustomResourceDefinition, type: string): Condition | undefined =>
  status?.conditions?.find((each) => each.type === type);

export const isConditionTrue = (definition: CustomResourceDefinition, type: string): boolean =>
  findCondition(definition, type)?.status === "True";

/** The definition with a condition set; the time changes with its status alone. */
export function withCondition(
  definition: CustomResourceDefinition,
  condition: NewCondition,
  nowMs: number,
): CustomResourceDefinition {
  const before = findCondition(definition, condition.type);
  const conditions = definition.status?.conditions ?? [];
  const time =
    before?.status === condition.status && before.lastTransitionTime ? before.lastTransitionTime : formatTime(nowMs);
  const made: Condition = { ...before, ...condition, lastTransitionTime: time };
  return {
    ...definition,
    status: {
      ...definition.status,
      conditions:
        before === undefined ? [...conditions, made] : conditions.map((each) => (each === before ? made : each)),
    },
  };
}

const sameCondition = (a: NewCondition, b: NewCondition | undefined): boolean =>
  b !== undefined && a.status === b.status && a.reason === b.reason && a.message === b.message;

const noNames: Names = { plural: "", kind: "" };
const plainNames = (names: Names): Names => ({
  plural: names.plural,
  ...(names.singular ? { singular: names.singular } : {}),
  ...((names.shortNames?.length ?? 0) > 0 ? { shortNames: names.shortNames! } : {}),
  kind: names.kind,
  ...(names.listKind ? { listKind: names.listKind } : {}),
  ...((names.categories?.length ?? 0) > 0 ? { categories: names.categories! } : {}),
});

/** The definition with its names judged; undefined when nothing is to be changed. `group`: all definitions of its group. */
export function withNames(
  definition: CustomResourceDefinition,
  group: readonly CustomResourceDefinition[],
  nowMs: number,
): CustomResourceDefinition | undefined {
  const accepted = definition.status?.acceptedNames ?? noNames;
  const requested = definition.spec.names;
  if (deepEqual(plainNames(requested), plainNames(accepted))) return undefined;
  const judged = judgeNames(requested, accepted, takenNames(group));
  if (
    deepEqual(plainNames(judged.names), plainNames(accepted)) &&
    sameCondition(judged.condition, findCondition(definition, "NamesAccepted"))
  )
    return undefined;
  const named = { ...definition, status: { ...definition.status, acceptedNames: judged.names } };
  const withAccepted = withCondition(named, judged.condition, nowMs);
  return withCondition(withAccepted, establishedAfter(definition, judged.condition), nowMs);
}

function takenNames(group: readonly CustomResourceDefinition[]): { resources: Set<string>; kinds: Set<string> } {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of group) {
    const names = status?.acceptedNames ?? noNames;
    for (const name of [names.plural, names.singular ?? "", ...(names.shortNames ?? [])]) resources.add(name);
    for (const name of [names.kind, names.listKind ?? ""]) kinds.add(name);
  }
  return { resources, kinds };
}

function judgeNames(
  requested: Names,
  accepted: Names,
  taken: { resources: ReadonlySet<string>; kinds: ReadonlySet<string> },
): { names: Names; condition: NewCondition } {
  const names: Names = { ...accepted };
  let conflict: { reason: string; message: string } | undefined;
  const judge = (
    name: "plural" | "singular" | "kind" | "listKind",
    used: ReadonlySet<string>,
    reason: string,
  ): void => {
    const wanted = requested[name] ?? "";
    if (wanted === (accepted[name] ?? "") || !used.has(wanted)) names[name] = wanted;
    else conflict = { reason, message: `${JSON.stringify(wanted)} is already in use` };
  };
  judge("plural", taken.resources, "PluralConflict");
  judge("singular", taken.resources, "SingularConflict");
  if (!deepEqual(requested.shortNames ?? [], accepted.shortNames ?? [])) {
    const problems = (requested.shortNames ?? [])
      .filter((each) => !accepted.shortNames?.includes(each) && taken.resources.has(each))
      .map((each) => `${JSON.stringify(each)} is already in use`);
    if (problems.length === 0) {
      if (requested.shortNames === undefined) delete names.shortNames;
      else names.shortNames = requested.shortNames;
    } else conflict = { reason: "ShortNamesConflict", message: aggregate(problems) };
  }
  judge("kind", taken.kinds, "KindConflict");
  judge("listKind", taken.kinds, "ListKindConflict");
  if (requested.categories === undefined) delete names.categories;
  else names.categories = requested.categories;
  return {
    names,
    condition:
      conflict === undefined
        ? { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" }
        : { type: "NamesAccepted", status: "False", ...conflict },
  };
}

/** Several errors as one, as upstream writes them. */
function aggregate(texts: readonly string[]): string {
  const unique = [...new Set(texts)];
  return unique.length === 1 ? unique[0]! : `[${unique.join(", ")}]`;
}

function establishedAfter(definition: CustomResourceDefinition, names: NewCondition): NewCondition {
  const before = findCondition(definition, "Established");
  if (before?.status !== "True" && names.status === "True")
    return {
      type: "Established",
      status: "False",
      reason: "Installing",
      message: "the initial names have been accepted",
    };
  if (before !== undefined) {
    const { type, status, reason, message } = before;
    return { type, status, ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
  }
  return { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" };
}

export const established: NewCondition = {
  type: "Established",
  status: "True",
  reason: "InitialNamesAccepted",
  message: "the initial names have been accepted",
};

/** The definition with what is said about its approval; undefined when nothing is to be changed. */
export function withApproval(
  definition: CustomResourceDefinition,
  nowMs: number,
): CustomResourceDefinition | undefined {
  if (!isProtectedGroup(definition.spec.group)) return undefined;
  const { state, reason } = approvalOf(definition.metadata.annotations);
  const condition: NewCondition = {
    type: "KubernetesAPIApprovalPolicyConformant",
    status: state === "approved" ? "True" : "False",
    reason: approvalReasons[state],
    message: reason,
  };
  if (sameCondition(condition, findCondition(definition, condition.type))) return undefined;
  return withCondition(definition, condition, nowMs);
}

const approvalReasons = {
  missing: "MissingAnnotation",
  bypassed: "UnapprovedAnnotation",
  approved: "ApprovedAnnotation",
  invalid: "InvalidAnnotation",
} as const;
