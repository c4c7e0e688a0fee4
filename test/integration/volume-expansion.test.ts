// Claims that want larger volumes, over the real API server with the rights of the controller's account.
import assert from "node:assert/strict";
import { test } from "node:test";
import { events, persistentVolumeClaims, persistentVolumes, storageClasses } from "../../src/api/index.ts";
import { createWorld } from "./world.ts";

test("a larger claim is told who is waited for, and names the resizer of a driver that moved", async () => {
  await using world = await createWorld(["persistentvolume-expander-controller"]);
  const { client } = world;
  await client.of(storageClasses).create({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "grow" },
    provisioner: "x.example.com",
    allowVolumeExpansion: true,
  });
  const sources = { path: { hostPath: { path: "/tmp" } }, disk: { awsElasticBlockStore: { volumeID: "v" } } };
  const shared = { accessModes: ["ReadWriteOnce"], storageClassName: "grow" };
  const claims = client.of(persistentVolumeClaims);
  for (const [name, source] of Object.entries(sources)) {
    const at = { namespace: "default", name };
    const made = await claims.create({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: at,
      spec: { ...shared, volumeName: name, resources: { requests: { storage: "1Gi" } } },
    } as Parameters<typeof claims.create>[0]);
    await client.of(persistentVolumes).create({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name },
      spec: { ...shared, ...source, capacity: { storage: "1Gi" }, claimRef: { ...at, uid: made.metadata.uid } },
    } as Parameters<ReturnType<typeof client.of<import("../../src/api/index.ts").PersistentVolume>>["create"]>[0]);
    const status = { phase: "Bound", capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"] };
    await claims.updateStatus({ ...made, status } as typeof made);
    const requests = { storage: "2Gi" };
    await claims.patch(at, { spec: { resources: { requests } } }, { type: "merge" });
  }
  const told = async () =>
    (await client.of(events).list({ namespace: "default" })).items
      .filter(({ reason }) => reason === "ExternalExpanding")
      .map(({ type, source, message, involvedObject }) => [involvedObject.name, type, source?.component, message])
      .sort();
  await world.until(async () => (await told()).length === 2);
  assert.deepEqual(await told(), [
    [
      "disk",
      "Normal",
      "volume_expand",
      "CSI migration enabled for kubernetes.io/aws-ebs; waiting for external resizer to expand the pvc",
    ],
    ["path", "Normal", "volume_expand", "waiting for an external controller to expand this PVC"],
  ]);
  const resizer = "volume.kubernetes.io/storage-resizer";
  await world.until(
    async () =>
      (await claims.get({ namespace: "default", name: "disk" })).metadata.annotations?.[resizer] !== undefined,
  );
});
