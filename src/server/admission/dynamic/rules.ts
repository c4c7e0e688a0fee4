// Which requests a rule of a webhook or a policy is about.
// Upstream: k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules, policy/matching.
import type { NamedRuleWithOperations, RuleWithOperations } from "../../../api/index.ts";
import type { GroupVersionKind, GroupVersionResource } from "../../../machinery/index.ts";
import { type Catalog, pathOf, type ServedResource } from "../../catalog.ts";
import type { AdmissionAttributes, AdmissionOperation } from "../../contract.ts";

/** A request as rules see it. */
export interface RuleTarget {
  readonly operation: AdmissionOperation;
  readonly resource: GroupVersionResource;
  readonly subresource: string;
  /** Whether it is about something in a namespace. */
  readonly namespaced: boolean;
}

/** What a rule matched: the request itself, or the same in another version. */
export interface Match {
  readonly resource: GroupVersionResource;
  readonly kind: GroupVersionKind;
}

const wildOr = (items: readonly string[] | undefined, wanted: string): boolean =>
  items?.some((item) => item === "*" || item === wanted) ?? false;

/** Namespaces are cluster-scoped although their requests carry their own name as the namespace. */
const isNamespaces = ({ group, version, resource }: GroupVersionResource): boolean =>
  group === "" && version === "v1" && resource === "namespaces";

function scopeMatches(rule: RuleWithOperations, { resource, namespaced }: RuleTarget): boolean {
  switch (rule.scope ?? "*") {
    case "*":
      return true;
    case "Namespaced":
      return namespaced && !isNamespaces(resource);
    case "Cluster":
      return !namespaced || isNamespaces(resource);
    default:
      return false;
  }
}

function resourceMatches(rule: RuleWithOperations, { resource, subresource }: RuleTarget): boolean {
  return (rule.resources ?? []).some((each) => {
    const slash = each.indexOf("/");
    const [name, sub] = slash < 0 ? [each, ""] : [each.slice(0, slash), each.slice(slash + 1)];
    return (name === "*" || name === resource.resource) && (sub === "*" || sub === subresource);
  });
}

export const ruleMatches = (rule: RuleWithOperations, target: RuleTarget): boolean =>
  scopeMatches(rule, target) &&
  wildOr(rule.operations, target.operation) &&
  wildOr(rule.apiGroups, target.resource.group) &&
  wildOr(rule.apiVersions, target.resource.version) &&
  resourceMatches(rule, target);

/** The target, its kind, and the same resource in the other versions that are served. */
export interface Request {
  readonly target: RuleTarget;
  readonly kind: GroupVersionKind;
  readonly equivalents: readonly Match[];
}

const targetOf = ({ operation, kind, subresource, namespace }: AdmissionAttributes): RuleTarget => ({
  operation,
  resource: { group: kind.group, version: kind.version, resource: kind.resource },
  subresource,
  namespaced: namespace !== "",
});

/** One text for all requests that rules can not tell apart, besides names. */
export const targetKey = ({ operation, kind, subresource, namespace, bodyKind }: AdmissionAttributes): string =>
  `${operation} ${kind.group}/${kind.version}/${kind.resource}/${subresource} ${bodyKind.group}/${bodyKind.version}/${bodyKind.kind} ${namespace === "" ? "" : "n"}`;

export function requestOf(attributes: AdmissionAttributes, catalog: Catalog): Request {
  const { group, version, kind } = attributes.bodyKind;
  return {
    target: targetOf(attributes),
    kind: { group, version, kind },
    equivalents: equivalentsOf(attributes, catalog),
  };
}

function equivalentsOf({ kind, subresource }: AdmissionAttributes, catalog: Catalog): Match[] {
  const own = catalog.find(kind.group, kind.version, kind.resource);
  if (own === undefined) return [];
  return catalog.all
    .filter((each) => each !== own && pathOf(each.stored) === pathOf(own.stored) && hasSubresource(each, subresource))
    .map((each) => ({
      resource: { group: each.kind.group, version: each.kind.version, resource: each.kind.resource },
      kind: kindOf(each, subresource),
    }));
}

const hasSubresource = ({ kind }: ServedResource, subresource: string): boolean =>
  subresource === "" || kind.subresources.some(({ name }) => name === subresource);

function kindOf({ kind }: ServedResource, subresource: string): GroupVersionKind {
  const own = kind.subresources.find(({ name }) => name === subresource)?.kind;
  const { group, version, kind: name } = own ?? kind;
  return { group, version, kind: name };
}

/** The first rule that matches the request as it is; then, for Equivalent, the first that matches it in another version. */
export function matchRules(
  rules: readonly RuleWithOperations[] | undefined,
  request: Request,
  equivalent: { readonly equivalent: boolean },
): Match | undefined {
  const { target, kind, equivalents } = request;
  if (rules?.some((rule) => ruleMatches(rule, target))) return { resource: target.resource, kind };
  if (!equivalent.equivalent) return undefined;
  for (const rule of rules ?? [])
    for (const each of equivalents) if (ruleMatches(rule, { ...target, resource: each.resource })) return each;
  return undefined;
}

/** The same with rules that may be about certain names only. */
export function matchNamedRules(
  rules: readonly NamedRuleWithOperations[] | undefined,
  request: Request,
  options: { readonly equivalent: boolean; readonly name: string },
): Match | undefined {
  const named = rules?.filter(
    ({ resourceNames = [] }) => resourceNames.length === 0 || resourceNames.includes(options.name),
  );
  return matchRules(named as readonly RuleWithOperations[] | undefined, request, options);
}

const configurationKinds: ReadonlySet<string> = new Set([
  "ValidatingWebhookConfiguration",
  "MutatingWebhookConfiguration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
]);

/** Nobody may lock everyone out of what configures admission. */
export const isExempt = ({ bodyKind }: AdmissionAttributes): boolean =>
  bodyKind.group === "admissionregistration.k8s.io" && configurationKinds.has(bodyKind.kind);
