import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, Secret, ServiceAccount } from "../../api/index.ts";
import { makePod, meta } from "../lib/testing.ts";
import { decide, secretNamesOf } from "./decide.ts";

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 5, 1);
const account = (names: readonly string[]): ServiceAccount => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: meta("robot"),
  secrets: names.map((name) => ({ name })),
});
const secret = (labels: Record<string, string>, creationTimestamp = "2024-01-01T00:00:00Z"): Secret => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: meta("tok", { labels, creationTimestamp }),
  type: "kubernetes.io/service-account-token",
});
const used = "kubernetes.io/legacy-token-last-used";
const invalid = "kubernetes.io/legacy-token-invalid-since";

interface Case {
  readonly what: string;
  readonly secret: Secret;
  readonly account?: ServiceAccount | undefined;
  readonly mounted?: readonly string[];
  readonly expected: "keep" | "mark" | "delete";
}
const table: readonly Case[] = [
  { what: "never used", secret: secret({}), expected: "mark" },
  { what: "used long ago", secret: secret({ [used]: "2025-05-31" }), expected: "mark" },
  { what: "used within the year", secret: secret({ [used]: "2025-06-01" }), expected: "keep" },
  { what: "a day that is none", secret: secret({ [used]: "yesterday" }), expected: "keep" },
  { what: "young", secret: secret({}, "2026-01-01T00:00:00Z"), expected: "keep" },
  { what: "made by hand", secret: secret({}), account: account([]), expected: "keep" },
  { what: "without an account", secret: secret({}), account: undefined, expected: "keep" },
  { what: "in a pod", secret: secret({}), mounted: ["tok"], expected: "keep" },
  { what: "marked a moment ago", secret: secret({ [invalid]: "2026-05-01" }), expected: "keep" },
  { what: "marked with nonsense", secret: secret({ [invalid]: "soon" }), expected: "mark" },
  { what: "marked a year ago", secret: secret({ [invalid]: "2025-05-31" }), expected: "delete" },
  { what: "of another type", secret: { ...secret({}), type: "Opaque" }, expected: "keep" },
];
for (const each of table)
  test(`${each.what}: ${each.expected}`, () => {
    const { mounted = [] } = each;
    const owner = "account" in each ? each.account : account(["tok"]);
    const observed = { secret: each.secret, account: owner, mounted: new Set(mounted), nowMs };
    assert.equal(decide({ ...observed, unusedForMs: 365 * dayMs }), each.expected);
  });

test("every place where a pod names a Secret counts", () => {
  const pod = makePod("p");
  const spec = {
    imagePullSecrets: [{ name: "a" }],
    initContainers: [{ name: "i", envFrom: [{ secretRef: { name: "b" } }] }],
    containers: [{ name: "c", env: [{ name: "E", valueFrom: { secretKeyRef: { name: "d", key: "k" } } }] }],
    volumes: [
      { name: "v", secret: { secretName: "e" } },
      { name: "w", projected: { sources: [{ secret: { name: "f" } }] } },
      { name: "x", csi: { driver: "d", nodePublishSecretRef: { name: "g" } } },
    ],
  };
  assert.deepEqual(secretNamesOf({ ...pod, spec } as Pod).sort(), ["a", "b", "d", "e", "f", "g"]);
});
