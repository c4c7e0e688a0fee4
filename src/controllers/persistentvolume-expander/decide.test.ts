// Expectations are what kube-controller-manager 1.36.3 wrote of the same claims.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/index.ts";
import { meta } from "../lib/testing.ts";
import { expansionOf, hasGrown, isBoundTo } from "./decide.ts";

const claim = (wanted: string, has = "1Gi"): PersistentVolumeClaim =>
  ({
    metadata: meta("c"),
    spec: { resources: { requests: { storage: wanted } }, volumeName: "v" },
    status: { phase: "Bound", capacity: { storage: has } },
  }) as unknown as PersistentVolumeClaim;
const volume = (spec: object, annotations: Record<string, string> = {}): PersistentVolume =>
  ({ metadata: meta("v", { annotations }), spec }) as PersistentVolume;

const waiting = { message: "waiting for an external controller to expand this PVC" };
for (const [what, spec, expected] of [
  ["a host path", { hostPath: { path: "/tmp" } }, waiting],
  ["CSI", { csi: { driver: "x" } }, waiting],
  ["NFS", { nfs: {} }, waiting],
  [
    "a moved driver",
    { awsElasticBlockStore: { volumeID: "v" } },
    {
      message: "CSI migration enabled for kubernetes.io/aws-ebs; waiting for external resizer to expand the pvc",
      resizer: "ebs.csi.aws.com",
    },
  ],
] as const)
  test(`a larger volume of ${what}`, () => assert.deepEqual(expansionOf(claim("2Gi"), volume(spec)), expected));

test("what is as large as wanted is left alone, unless a resize was left half done", () => {
  assert.equal(expansionOf(claim("1024Mi"), volume({ csi: {} })), undefined);
  const half = volume({ csi: {} }, { "volume.alpha.kubernetes.io/pre-resize-capacity": "1Gi" });
  assert.deepEqual(expansionOf(claim("1Gi"), half), waiting);
});

test("a claim is looked at when more is wanted, or there", () => {
  assert.equal(hasGrown(claim("1Gi"), claim("1Gi")), false);
  assert.equal(hasGrown(claim("1Gi"), claim("1025Mi")), true);
  assert.equal(hasGrown(claim("1Gi"), claim("1Gi", "2Gi")), true);
  assert.equal(hasGrown(claim("2Gi"), claim("1Gi")), false);
});

test("a volume is bound to the claim it names by uid", () => {
  const of = (uid: string) => volume({ claimRef: { namespace: "ns", name: "c", uid } });
  assert.deepEqual([isBoundTo(of("uid-c"), claim("1Gi")), isBoundTo(of("x"), claim("1Gi"))], [true, false]);
});
