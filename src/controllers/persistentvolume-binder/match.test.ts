import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/index.ts";
import { deletionOf, guardedFinalizers, migrationMarked, provisioningOf } from "./drivers.ts";
import { bestMatch, mismatch } from "./match.ts";
import { claimStatus } from "./objects.ts";

type Modes = NonNullable<PersistentVolume["spec"]["accessModes"]>;

const volume = (name: string, size: string, over: Partial<PersistentVolume["spec"]> = {}): PersistentVolume => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name, uid: name, creationTimestamp: "", resourceVersion: "1" },
  spec: { capacity: { storage: size }, accessModes: ["ReadWriteOnce"], storageClassName: "c", ...over },
  status: { phase: "Available" },
});

const claim = (over: Partial<PersistentVolumeClaim["spec"]> = {}): PersistentVolumeClaim => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "p", namespace: "n", uid: "u", creationTimestamp: "", resourceVersion: "1" },
  spec: {
    accessModes: ["ReadWriteOnce"],
    storageClassName: "c",
    resources: { requests: { storage: "2Gi" } },
    ...over,
  },
});

const both: Modes = ["ReadWriteOnce", "ReadWriteMany"];

test("a claim gets what is reserved for it, else the smallest volume with the fewest access modes", () => {
  const cases: readonly (readonly [string, readonly PersistentVolume[], string | undefined])[] = [
    ["the smallest that is large enough", [volume("a", "1Gi"), volume("b", "5Gi"), volume("d", "3Gi")], "d"],
    ["fewer modes before less space", [volume("a", "2Gi", { accessModes: both }), volume("b", "9Gi")], "b"],
    [
      "reserved by name, though larger",
      [volume("a", "2Gi"), volume("b", "9Gi", { claimRef: { name: "p", namespace: "n" } })],
      "b",
    ],
    [
      "not one of another claim",
      [volume("a", "2Gi", { claimRef: { name: "p", namespace: "n", uid: "v" } })],
      undefined,
    ],
    ["not one of another class", [volume("a", "2Gi", { storageClassName: "d" })], undefined],
    ["not a block device", [volume("a", "2Gi", { volumeMode: "Block" })], undefined],
    ["not one that is released", [{ ...volume("a", "2Gi"), status: { phase: "Released" } }], undefined],
  ];
  for (const [what, volumes, name] of cases)
    assert.equal(bestMatch(claim(), volumes, false)?.metadata.name, name, what);
  assert.equal(bestMatch(claim(), [volume("a", "2Gi")], true), undefined, "the scheduler chooses");
});

test("why a named volume is refused", () => {
  assert.equal(mismatch(volume("a", "1Gi"), claim()), "requested PV is too small");
  assert.equal(mismatch(volume("a", "2Gi", { storageClassName: "" }), claim()), "storageClassName does not match");
  assert.equal(mismatch(volume("a", "2Gi"), claim({ volumeMode: "Block" })), "incompatible volumeMode");
  assert.equal(mismatch(volume("a", "2Gi"), claim({ accessModes: both })), "incompatible accessMode");
  assert.equal(mismatch(volume("a", "2Gi"), claim()), undefined);
});

test("who provisions and who deletes", () => {
  assert.deepEqual(provisioningOf("kubernetes.io/aws-ebs"), { by: "external", name: "ebs.csi.aws.com" });
  assert.deepEqual(provisioningOf("x.example/y"), { by: "external", name: "x.example/y" });
  assert.equal(provisioningOf("kubernetes.io/no-provisioner").by, "nobody");
  assert.deepEqual(deletionOf(volume("a", "1Gi", { hostPath: { path: "/tmp/x" } })), {
    by: "hostPath",
    path: "/tmp/x",
  });
  assert.deepEqual(deletionOf(volume("a", "1Gi", { hostPath: { path: "/var/x" } })), {
    by: "nobody",
    message: "host_path deleter only supports /tmp/.+ but received provided /var/x",
  });
  assert.deepEqual(deletionOf(volume("a", "1Gi", { csi: { driver: "d", volumeHandle: "h" } })), { by: "external" });
});

test("marks of migration and finalizers follow the provisioner", () => {
  const of = (provisioner: string, finalizers: string[]): PersistentVolume => ({
    ...volume("a", "1Gi", { persistentVolumeReclaimPolicy: "Delete" }),
    metadata: {
      ...volume("a", "1Gi").metadata,
      finalizers,
      annotations: { "pv.kubernetes.io/provisioned-by": provisioner },
    },
  });
  assert.equal(
    migrationMarked(of("kubernetes.io/gce-pd", []))?.["pv.kubernetes.io/migrated-to"],
    "pd.csi.storage.gke.io",
  );
  assert.equal(migrationMarked(of("x.example/y", [])), undefined);
  assert.deepEqual(guardedFinalizers(of("kubernetes.io/host-path", ["f"])), ["f", "kubernetes.io/pv-controller"]);
  assert.deepEqual(guardedFinalizers(of("kubernetes.io/gce-pd", ["kubernetes.io/pv-controller"])), []);
  assert.equal(guardedFinalizers(of("x.example/y", ["f"])), undefined);
});

test("a claim's status takes capacity and modes from its volume, and loses them with it", () => {
  const bound = claimStatus(claim(), "Bound", volume("a", "3Gi"));
  assert.deepEqual(bound, { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "3Gi" } });
  assert.equal(claimStatus({ ...claim(), status: bound! }, "Bound", volume("a", "3Gi")), undefined);
  assert.deepEqual(claimStatus({ ...claim(), status: bound! }, "Lost", undefined), { phase: "Lost" });
});
