import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterRole } from "../../api/index.ts";
import { aggregatedRules } from "./decide.ts";

const role = (name: string, labels: Record<string, string>, verbs: readonly string[]): ClusterRole =>
  ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name, labels },
    rules: verbs.map((verb) => ({ apiGroups: [""], resources: ["pods"], verbs: [verb] })),
  }) as ClusterRole;
const view = {
  ...role("view", { to: "view" }, ["old"]),
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: "view" } }, { matchLabels: { also: "view" } }] },
} as ClusterRole;
const verbs = (all: readonly ClusterRole[]): string[] =>
  aggregatedRules(view, [view, ...all]).flatMap((rule) => rule.verbs ?? []);

const table: readonly [string, readonly ClusterRole[], readonly string[]][] = [
  ["no other role: no rules, its own do not count", [], []],
  [
    "by selector, then by name",
    [
      role("z", { to: "view" }, ["3"]),
      role("a", { also: "view" }, ["4"]),
      role("b", { to: "view" }, ["1", "2"]),
      role("c", { to: "edit" }, ["5"]),
    ],
    ["1", "2", "3", "4"],
  ],
  ["an equal rule once", [role("a", { to: "view" }, ["1"]), role("b", { to: "view", also: "view" }, ["1"])], ["1"]],
];
for (const [name, all, expected] of table) test(name, () => assert.deepEqual(verbs(all), expected));

const gathering = (name: string, labels: Record<string, string>, from: string): ClusterRole =>
  ({
    ...role(name, labels, []),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: from } }] },
  }) as ClusterRole;

test("a chain of roles that gather is right at once", () => {
  const all = [
    gathering("admin", {}, "admin"),
    gathering("edit", { to: "admin" }, "edit"),
    { ...gathering("view", { to: "edit" }, "view") },
    role("reader", { to: "view" }, ["get"]),
  ];
  assert.deepEqual(
    aggregatedRules(all[0]!, all).flatMap((rule) => rule.verbs ?? []),
    ["get"],
  );
});

test("roles that gather each other keep what they have", () => {
  const all = [
    { ...gathering("a", { to: "b" }, "a"), rules: role("", {}, ["1"]).rules },
    { ...gathering("b", { to: "a" }, "b"), rules: role("", {}, ["2"]).rules },
  ] as ClusterRole[];
  assert.deepEqual(
    aggregatedRules(all[0]!, all).flatMap((rule) => rule.verbs ?? []),
    ["1"],
  );
});
