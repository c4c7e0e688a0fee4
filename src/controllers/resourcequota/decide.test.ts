import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, ResourceQuota } from "../../api/index.ts";
import { pods, secrets } from "../../api/index.ts";
import type { KubeObject } from "../../machinery/index.ts";
import { at, makePod, meta } from "../lib/testing.ts";
import { nextQuotaStatus, usageOfQuota } from "./decide.ts";

const quota = (hard: Record<string, string>, over: object = {}, status?: ResourceQuota["status"]): ResourceQuota =>
  ({ apiVersion: "v1", kind: "ResourceQuota", metadata: meta("q"), spec: { hard, ...over }, status }) as ResourceQuota;
const pod = (
  name: string,
  requests: Record<string, string>,
  options: Parameters<typeof makePod>[1] = {},
): KubeObject => {
  const made = makePod(name, options);
  return { ...made, spec: { containers: [{ name: "c", image: "i", resources: { requests } }] } } as Pod;
};
const counted = (objects: readonly KubeObject[]) => [{ kind: pods, objects }];
const all = [
  pod("a", { cpu: "100m", memory: "1Gi" }),
  pod("b", { cpu: "1", "example.com/gpu": "2" }),
  pod("done", { cpu: "5" }, { phase: "Succeeded" }),
  pod("free", {}),
];

const table: readonly [string, ResourceQuota, Record<string, string>][] = [
  ["numbers", quota({ pods: "9", "count/pods": "9" }), { pods: "3", "count/pods": "4" }],
  [
    "requests",
    quota({ cpu: "9", "requests.cpu": "9", memory: "9Gi", "requests.example.com/gpu": "9" }),
    { cpu: "1100m", "requests.cpu": "1100m", memory: "1Gi", "requests.example.com/gpu": "2" },
  ],
  ["what nothing counts", quota({ "example.com/gpu": "9", "bogus.example.com/x": "9" }), {}],
  ["limits nobody set", quota({ "limits.cpu": "9" }), { "limits.cpu": "0" }],
  ["scope", quota({ pods: "9" }, { scopes: ["BestEffort"] }), { pods: "1" }],
  ["other kinds' names", quota({ secrets: "9" }), {}],
];
for (const [name, subject, expected] of table)
  test(`usage: ${name}`, () => assert.deepEqual(usageOfQuota(subject, counted(all), { nowMs: at(0) }), expected));

test("a pod that should have ended is free", () => {
  const late = pod("late", { cpu: "1" }, { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 30 });
  const usage = (seconds: number) => usageOfQuota(quota({ cpu: "9" }), counted([late]), { nowMs: at(seconds) });
  assert.deepEqual([usage(30), usage(31)], [{ cpu: "1" }, { cpu: "0" }]);
});

test("a kind without scopes is not counted where scopes are asked for", () => {
  const scoped = quota({ secrets: "9" }, { scopes: ["BestEffort"] });
  const secret = { apiVersion: "v1", kind: "Secret", metadata: meta("s") } as KubeObject;
  assert.deepEqual(usageOfQuota(scoped, [{ kind: secrets, objects: [secret] }], { nowMs: at(0) }), { secrets: "0" });
});

test("the status follows spec.hard, keeps what nobody counted, and is written once", () => {
  const hard = { pods: "2", "count/widgets.example.com": "3" };
  const status = nextQuotaStatus(quota(hard), { pods: "1" });
  assert.deepEqual(status, { hard, used: { pods: "1" } });
  assert.equal(nextQuotaStatus(quota(hard, {}, status), { pods: "1" }), undefined);
  assert.equal(
    nextQuotaStatus(quota({ cpu: "1" }, {}, { hard: { cpu: "1" }, used: { cpu: "1" } }), { cpu: "1000m" }),
    undefined,
  );
  const older = { hard, used: { pods: "1", "count/widgets.example.com": "2" } };
  assert.deepEqual(nextQuotaStatus(quota(hard, {}, older), { pods: "2" })?.used, {
    pods: "2",
    "count/widgets.example.com": "2",
  });
  assert.deepEqual(nextQuotaStatus(quota({ pods: "5" }, {}, older), { pods: "1" }), {
    hard: { pods: "5" },
    used: { pods: "1" },
  });
});
