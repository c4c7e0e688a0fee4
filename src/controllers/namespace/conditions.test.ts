import assert from "node:assert/strict";
import { test } from "node:test";
import type { NamespaceCondition } from "../../api/index.ts";
import { type Findings, namespaceConditions } from "./conditions.ts";

const none: Findings = { deletionErrors: [], remaining: new Map(), finalizers: new Map() };
const told = (conditions: readonly NamespaceCondition[]): string[] =>
  conditions.map(({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message}`);

test("an emptied namespace: every condition is false, in upstream's words", () => {
  assert.deepEqual(told(namespaceConditions(none, [], "t1")), [
    "NamespaceDeletionDiscoveryFailure False ResourcesDiscovered: All resources successfully discovered",
    "NamespaceDeletionGroupVersionParsingFailure False ParsedGroupVersions: All legacy kube types successfully parsed",
    "NamespaceDeletionContentFailure False ContentDeleted: All content successfully deleted, may be waiting on finalization",
    "NamespaceContentRemaining False ContentRemoved: All content successfully removed",
    "NamespaceFinalizersRemaining False ContentHasNoFinalizers: All content-preserving finalizers finished",
  ]);
});

test("what is left is counted by name, in the order of the names", () => {
  const findings: Findings = {
    discoveryFailure: "metrics is down",
    deletionErrors: ["no pods", "no secrets"],
    remaining: new Map([
      ["pods.", 2],
      ["deployments.apps", 1],
    ]),
    finalizers: new Map([
      ["example.com/b", 1],
      ["example.com/a", 3],
    ]),
  };
  assert.deepEqual(
    told(namespaceConditions(findings, [], "t1")).filter((line) => line.includes(" True ")),
    [
      "NamespaceDeletionDiscoveryFailure True DiscoveryFailed: Discovery failed for some groups, 1 failing: metrics is down",
      "NamespaceDeletionContentFailure True ContentDeletionFailed: Failed to delete all resource types, 2 remaining: no pods, no secrets",
      "NamespaceContentRemaining True SomeResourcesRemain: Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances",
      "NamespaceFinalizersRemaining True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/a in 3 resource instances, example.com/b in 1 resource instances",
    ],
  );
});

test("only what changes has a new time, and foreign conditions stay", () => {
  const foreign = { type: "Audited", status: "True" } as NamespaceCondition;
  const first = namespaceConditions({ ...none, remaining: new Map([["pods.", 2]]) }, [foreign], "t1");
  const later = namespaceConditions({ ...none, remaining: new Map([["pods.", 1]]) }, first, "t2");
  assert.deepEqual(later[0], foreign);
  assert.deepEqual(
    later.slice(1).map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    first.slice(1).map(({ type }) => [type, type === "NamespaceContentRemaining" ? "t2" : "t1"]),
  );
});
