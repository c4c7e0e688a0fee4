// Which requests webhooks and policies look at: rules of groups, versions, resources, operations and selectors.
// Upstream: pkg/apis/admissionregistration/validation (validateRule…, validateMatchResources), v1/defaults.go.
import type {
  MatchResources,
  NamedRuleWithOperations,
  RuleWithOperations,
} from "../../../../facts/types/admissionregistration.v1.ts";
import { field, type LabelSelector, pathSegmentName } from "../../../machinery/index.ts";
import { labelSelector } from "../selector-rules.ts";
import {
  type Check,
  child,
  each,
  empty,
  type Findings,
  findings,
  item,
  oneOf,
  optional,
  required,
  unique,
  worthChecking,
} from "../validate.ts";

export const failurePolicy = oneOf("Fail", "Ignore");
export const matchPolicy = oneOf("Equivalent", "Exact");
export const reinvocationPolicy = oneOf("IfNeeded", "Never");
const operation = oneOf("*", "CONNECT", "CREATE", "DELETE", "UPDATE");
const operationsThatMutate = ["*", "CONNECT", "CREATE", "UPDATE"];

/** `*` says it all: nothing may stand beside it. */
const aloneIfWild =
  (others: string): Check<readonly string[] | undefined> =>
  (list, at, found) => {
    if ((list?.length ?? 0) > 1 && list?.includes("*"))
      found.push(field.invalid(at, list, `if '*' is present, must not specify other ${others}`));
  };

const notEmptyTexts: Check<readonly string[] | undefined> = each(required());

// Resources, subresources and wildcards of both: none that another one covers.
const resources: Check<readonly string[] | undefined> = (sent, at, found) => {
  const list = sent ?? [];
  if (list.length === 0) found.push(field.required(at));
  const allOf = new Set<string>();
  const ofAll = new Set<string>();
  let plain = false;
  for (const [index, text] of worthChecking(list, found)) {
    const path = item(at, index);
    if (text === "") {
      found.push(field.required(path));
      continue;
    }
    const slash = text.indexOf("/");
    if (slash < 0) {
      plain = text !== "*";
      continue;
    }
    const resource = text.slice(0, slash);
    const subresource = text.slice(slash + 1);
    if (allOf.has(resource))
      found.push(field.invalid(path, text, `if '${resource}/*' is present, must not specify ${text}`));
    if (ofAll.has(subresource))
      found.push(field.invalid(path, text, `if '*/${subresource}' is present, must not specify ${text}`));
    if (subresource === "*") allOf.add(resource);
    if (resource === "*") ofAll.add(subresource);
  }
  if (list.length > 1 && list.includes("*/*"))
    found.push(field.invalid(at, list, "if '*/*' is present, must not specify other resources"));
  if (list.includes("*") && plain)
    found.push(field.invalid(at, list, "if '*' is present, must not specify other resources without subresources"));
};

export const ruleWithOperations: Check<RuleWithOperations> = (rule, at, found) => {
  required()(rule.operations, child(at, "operations"), found);
  aloneIfWild("operations")(rule.operations, child(at, "operations"), found);
  each(operation)(rule.operations, child(at, "operations"), found);
  required()(rule.apiGroups, child(at, "apiGroups"), found);
  aloneIfWild("API groups")(rule.apiGroups, child(at, "apiGroups"), found);
  required()(rule.apiVersions, child(at, "apiVersions"), found);
  aloneIfWild("API versions")(rule.apiVersions, child(at, "apiVersions"), found);
  notEmptyTexts(rule.apiVersions, child(at, "apiVersions"), found);
  resources(rule.resources, child(at, "resources"), found);
  optional(oneOf("*", "Cluster", "Namespaced"))(rule.scope, child(at, "scope"), found);
};

const resourceName: Check<string> = (name, at, found) => {
  for (const text of pathSegmentName(name)) found.push(field.invalid(at, name, text));
};

const namedRule: Check<NamedRuleWithOperations> = (rule, at, found) => {
  each(resourceName)(rule.resourceNames, child(at, "resourceNames"), found);
  unique<string>((name) => name)(rule.resourceNames, child(at, "resourceNames"), found);
  ruleWithOperations(rule, at, found);
};

const requiredSelector: Check<LabelSelector | undefined> = (selector, at, found) => {
  if (selector === undefined || selector === null) found.push(field.required(at));
  else labelSelector(selector, at, found);
};

export const matchResources: Check<MatchResources> = (match, at, found) => {
  const policy = child(at, "matchPolicy");
  if (match.matchPolicy === undefined) found.push(field.required(policy));
  else matchPolicy(match.matchPolicy, policy, found);
  requiredSelector(match.namespaceSelector, child(at, "namespaceSelector"), found);
  requiredSelector(match.objectSelector, child(at, "objectSelector"), found);
  each(namedRule)(match.resourceRules, child(at, "resourceRules"), found);
  each(namedRule)(match.excludeResourceRules, child(at, "excludeResourceRules"), found);
};

/** What a mutation can be asked for: there is nothing to change on DELETE. */
export const mutableOperations: Check<MatchResources> = (match, at, found) => {
  for (const rule of match.resourceRules ?? [])
    for (const each of rule.operations ?? [])
      if (!operationsThatMutate.includes(each))
        found.push(field.notSupported(child(at, "resourceRules.operations"), each, operationsThatMutate));
};

/** Policies need to know at least one resource: its type is what expressions are checked against. */
export const matchConstraints =
  (mutating: { readonly mutating: boolean }): Check<MatchResources | undefined> =>
  (match, at, found) => {
    if (match === undefined || match === null) {
      found.push(field.required(at));
      return;
    }
    matchResources(match, at, found);
    if (empty(match.resourceRules)) found.push(field.required(child(at, "resourceRules")));
    if (mutating.mutating) mutableOperations(match, at, found);
  };

export const defaultRules = (rules: readonly (RuleWithOperations | NamedRuleWithOperations)[] | undefined): void => {
  for (const rule of rules ?? []) rule.scope ??= "*";
};

export function defaultMatchResources(match: MatchResources | undefined): void {
  if (match === undefined || match === null) return;
  match.matchPolicy ??= "Equivalent";
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  defaultRules(match.resourceRules);
  defaultRules(match.excludeResourceRules);
}

/** Findings in a selector; objects written before values were checked keep theirs. */
export function looseLabelSelector(selector: LabelSelector | undefined, at: string, found: Findings): void {
  found.push(...findings(selector, labelSelector, at).filter((each) => !/\.values\[\d+\]$/.test(each.field)));
}
