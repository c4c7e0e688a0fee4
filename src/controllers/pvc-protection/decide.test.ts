import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolumeClaim, Pod } from "../../api/index.ts";
import { makePod, meta, ownedBy } from "../lib/testing.ts";
import { claimNamesOf, usesClaim } from "./decide.ts";

const claim = (name: string, over: object = {}): PersistentVolumeClaim =>
  ({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: meta(name, over), spec: {} }) as PersistentVolumeClaim;
const podWith = (volumes: readonly object[], options: Parameters<typeof makePod>[1] = { nodeName: "n" }): Pod => {
  const pod = makePod("p", options);
  return { ...pod, spec: { ...pod.spec, volumes } } as Pod;
};
const direct = { name: "v", persistentVolumeClaim: { claimName: "data" } };
const ephemeral = { name: "scratch", ephemeral: { volumeClaimTemplate: { spec: {} } } };
const gone = { nodeName: "n", deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 0 };

const table: readonly [string, Pod, PersistentVolumeClaim, boolean][] = [
  ["mounted", podWith([direct]), claim("data"), true],
  ["another claim", podWith([direct]), claim("other"), false],
  ["not on a node yet", podWith([direct], {}), claim("data"), false],
  ["another namespace", podWith([direct]), claim("data", { namespace: "far" }), false],
  ["made for the pod", podWith([ephemeral]), claim("p-scratch", ownedBy("Pod", "p")), true],
  ["of that name, not made for it", podWith([ephemeral]), claim("p-scratch"), false],
  ["made for a pod that is done", podWith([ephemeral], gone), claim("p-scratch", ownedBy("Pod", "p")), false],
  ["mounted by a pod that is done", podWith([direct], gone), claim("data"), true],
];
for (const [name, pod, subject, expected] of table) test(name, () => assert.equal(usesClaim(pod, subject), expected));

test("names of a pod's claims", () =>
  assert.deepEqual(claimNamesOf(podWith([direct, ephemeral, { name: "e", emptyDir: {} }])), ["data", "p-scratch"]));
