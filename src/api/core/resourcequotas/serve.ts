// How the API server serves ResourceQuota.
import type { ResourceQuota } from "../../../../facts/types/core.v1.ts";
import { compareQuantities, deepEqual, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { quotaResourceName, resourceList } from "../../lib/resource-rules.ts";
import { isStandardQuotaResource, roundResourceList } from "../../lib/resources.ts";
import { type Check, child, findings, immutableText, visit } from "../../lib/validate.ts";

type Spec = NonNullable<ResourceQuota["spec"]>;

const podCount = ["pods"];
const podCompute = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
const claims = ["persistentvolumeclaims", "requests.storage"];

/** Which of the standard resources each scope can be applied to. */
const resourcesOfScope: Readonly<Record<string, ReadonlySet<string>>> = {
  Terminating: new Set([...podCount, ...podCompute]),
  NotTerminating: new Set([...podCount, ...podCompute]),
  NotBestEffort: new Set([...podCount, ...podCompute]),
  PriorityClass: new Set([...podCount, ...podCompute]),
  CrossNamespacePodAffinity: new Set([...podCount, ...podCompute]),
  BestEffort: new Set(podCount),
  VolumeAttributesClass: new Set(claims),
};
const existenceScopes: ReadonlySet<string> = new Set([
  "BestEffort",
  "NotBestEffort",
  "Terminating",
  "NotTerminating",
  "CrossNamespacePodAffinity",
]);

const appliesToAll = (scope: string, hard: Spec["hard"]): string[] =>
  Object.keys(hard ?? {}).filter(
    (name) => isStandardQuotaResource(name) && resourcesOfScope[scope]?.has(name) === false,
  );

const conflicting = (scopes: ReadonlySet<string>): boolean[] =>
  [
    ["BestEffort", "NotBestEffort"],
    ["Terminating", "NotTerminating"],
  ].map((pair) => pair.every((scope) => scopes.has(scope)));

const scopes: Check<Spec> = (spec, at, found) => {
  const list = spec.scopes ?? [];
  visit(list, found, (scope) => {
    if (resourcesOfScope[scope] === undefined) found.push(field.invalid(at, list, "unsupported scope"));
    for (const _name of appliesToAll(scope, spec.hard))
      found.push(field.invalid(at, list, "unsupported scope applied to resource"));
  });
  for (const both of conflicting(new Set(list))) if (both) found.push(field.invalid(at, list, "conflicting scopes"));
};

type Requirement = NonNullable<NonNullable<Spec["scopeSelector"]>["matchExpressions"]>[number];

const existsText =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

const operator: Check<Requirement> = ({ scopeName, operator = "", values = [] }, at, found) => {
  if (existenceScopes.has(scopeName) && operator !== "Exists")
    found.push(field.invalid(child(at, "operator"), operator, existsText));
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0)
      found.push(
        field.required(
          child(at, "values"),
          "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
        ),
      );
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0)
      found.push(
        field.invalid(
          child(at, "values"),
          values,
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
      );
  } else found.push(field.invalid(child(at, "operator"), operator, "not a valid selector operator"));
};

/** The selector as upstream's internal type prints it. */
const shownSelector = (list: readonly Requirement[]): object => ({
  MatchExpressions: list.map(({ scopeName = "", operator = "", values = null }) => ({
    ScopeName: scopeName,
    Operator: operator,
    Values: values,
  })),
});

const scopeSelector: Check<Spec> = (spec, at, found) => {
  const list = spec.scopeSelector?.matchExpressions ?? [];
  visit(list, found, (requirement) => {
    const scope = requirement.scopeName ?? "";
    if (resourcesOfScope[scope] === undefined)
      found.push(field.invalid(child(at, "scopeName"), scope, "unsupported scope"));
    for (const _name of appliesToAll(scope, spec.hard))
      found.push(field.invalid(at, shownSelector(list), "unsupported scope applied to resource"));
    operator(requirement, at, found);
  });
  for (const both of conflicting(new Set(list.map((each) => each.scopeName))))
    if (both) found.push(field.invalid(at, spec.scopes ?? null, "conflicting scopes"));
};

const hard = resourceList(quotaResourceName);

const checkSpec: Check<Spec> = (spec, at, found) => {
  hard(spec.hard, child(at, "hard"), found);
  scopes(spec, child(at, "scopes"), found);
  if (spec.scopeSelector) scopeSelector(spec, child(at, "scopeSelector.matchExpressions"), found);
};

const status: Check<ResourceQuota["status"]> = (value, at, found) => {
  hard(value?.hard, child(at, "hard"), found);
  hard(value?.used, child(at, "used"), found);
};

const sameScopes = (a: Spec | undefined, b: Spec | undefined): boolean =>
  deepEqual([...new Set(a?.scopes)].sort(), [...new Set(b?.scopes)].sort());

/** Requests that no limit can hold. */
function requestsAboveLimits({ spec }: ResourceQuota): string[] {
  return ["cpu", "memory", "ephemeral-storage"].flatMap((name) => {
    const plain = name !== "ephemeral-storage" && spec?.hard?.[`requests.${name}`] === undefined;
    const request = plain ? name : `requests.${name}`;
    const [low, high] = [spec?.hard?.[request], spec?.hard?.[`limits.${name}`]];
    return low !== undefined && high !== undefined && compareQuantities(low, high) > 0
      ? [`ResourceQuota ${request} (${low}) should be less than limits.${name} (${high})`]
      : [];
  });
}

export const resourceQuotaRules = defineRules<ResourceQuota>({
  default: ({ spec, status }) => {
    for (const list of [spec?.hard, status?.hard, status?.used]) roundResourceList(list);
  },
  validate: ({ spec }) => findings(spec ?? {}, checkSpec, "spec"),
  validateUpdate: (quota, old) =>
    sameScopes(quota.spec, old.spec) ? [] : [field.invalid("spec.scopes", quota.spec?.scopes ?? null, immutableText)],
  status: { validateUpdate: (quota) => findings(quota.status, status, "status") },
  warnings: (quota, old) => (old === undefined ? requestsAboveLimits(quota) : []),
});
