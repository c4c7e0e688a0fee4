import assert from "node:assert/strict";
import { test } from "node:test";
import type { RuleWithOperations } from "../../../api/index.ts";
import { matchNamedRules, matchRules, type RuleTarget, ruleMatches } from "./rules.ts";

const rule = (rest: Partial<RuleWithOperations> = {}): RuleWithOperations => ({
  operations: ["CREATE"],
  apiGroups: ["apps"],
  apiVersions: ["v1"],
  resources: ["deployments"],
  ...rest,
});
const target: RuleTarget = {
  operation: "CREATE",
  resource: { group: "apps", version: "v1", resource: "deployments" },
  subresource: "",
  namespaced: true,
};
const namespaces: RuleTarget = { ...target, resource: { group: "", version: "v1", resource: "namespaces" } };
const ofNamespaces = { apiGroups: [""], resources: ["namespaces"] };

const cases: readonly (readonly [string, Partial<RuleWithOperations>, RuleTarget, boolean])[] = [
  ["itself", {}, target, true],
  ["wildcards", { operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"] }, target, true],
  ["another operation", { operations: ["UPDATE"] }, target, false],
  ["another version", { apiVersions: ["v2"] }, target, false],
  ["a subresource that is not named", {}, { ...target, subresource: "status" }, false],
  ["* and a subresource", { resources: ["*"] }, { ...target, subresource: "status" }, false],
  ["a subresource", { resources: ["deployments/status"] }, { ...target, subresource: "status" }, true],
  ["any subresource", { resources: ["deployments/*"] }, target, true],
  ["any resource's", { resources: ["*/status"] }, { ...target, subresource: "status" }, true],
  ["everything", { resources: ["*/*"] }, { ...target, subresource: "scale" }, true],
  ["namespaced things", { scope: "Namespaced" }, target, true],
  ["cluster-scoped things", { scope: "Cluster" }, target, false],
  ["cluster scope", { scope: "Cluster" }, { ...target, namespaced: false }, true],
  ["a namespace, which is in none", { ...ofNamespaces, scope: "Namespaced" }, namespaces, false],
  ["a namespace, cluster-scoped", { ...ofNamespaces, scope: "Cluster" }, namespaces, true],
];
for (const [name, rest, request, expected] of cases)
  test(`a rule against ${name}`, () => assert.equal(ruleMatches(rule(rest), request), expected));

const kind = { group: "apps", version: "v1", kind: "Deployment" };
const other = {
  resource: { group: "extensions", version: "v1beta1", resource: "deployments" },
  kind: { group: "extensions", version: "v1beta1", kind: "Deployment" },
};
const request = { target, kind, equivalents: [other] };
const old = rule({ apiGroups: ["extensions"], apiVersions: ["v1beta1"] });

test("the same in another version counts when equivalents do", () => {
  assert.equal(matchRules([old], request, { equivalent: false }), undefined);
  assert.equal(matchRules([old], request, { equivalent: true }), other);
  assert.deepEqual(matchRules([old, rule()], request, { equivalent: true }), { resource: target.resource, kind });
});

test("rules may be about names", () => {
  const named = { ...rule(), resourceNames: ["a"] };
  assert.equal(matchNamedRules([named], request, { equivalent: true, name: "b" }), undefined);
  assert.deepEqual(matchNamedRules([named], request, { equivalent: true, name: "a" })?.kind, kind);
});
