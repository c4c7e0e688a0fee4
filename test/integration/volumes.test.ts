// Claims and volumes: who is told what, and when a claim is looked at again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { events, persistentVolumeClaims, persistentVolumes, pods, storageClasses } from "../../src/api/index.ts";
import { createWorld, type World } from "./world.ts";

const namespace = "default";
const resyncMs = 15_000;

/** A class whose volumes are chosen with the pod, a claim of it, and its pod, which nobody schedules. */
async function claimThatWaits(world: World): Promise<void> {
  const { client } = world;
  await world.addAccount(namespace);
  await client.of(storageClasses).create({
    ...{ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name: "late" } },
    ...{ provisioner: "kubernetes.io/no-provisioner", volumeBindingMode: "WaitForFirstConsumer" },
  });
  await world.pass(100);
  await client.of(persistentVolumeClaims).create({
    ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "c", namespace } },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "late", resources: { requests: { storage: "1Gi" } } },
  });
  await world.until(async () => (await reasons(world)).length > 0);
  await client.of(pods).create({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace } },
    spec: {
      containers: [{ name: "c", image: "i" }],
      volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }],
    },
  });
}

const addVolume = (world: World, name: string, spec: object = {}) =>
  world.client.of(persistentVolumes).create({
    ...{ apiVersion: "v1", kind: "PersistentVolume", metadata: { name } },
    spec: {
      ...{ capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], storageClassName: "late" },
      ...{ hostPath: { path: "/tmp" }, ...spec },
    },
  });

async function becomesAvailable(world: World, name: string): Promise<void> {
  await world.until(async () => {
    const volume = await world.client.of(persistentVolumes).get({ name });
    return volume.status?.phase === "Available" || volume.status?.phase === "Bound";
  });
}

async function reasons({ client }: World): Promise<string[]> {
  const { items } = await client.of(events).list({ namespace });
  return items.filter(({ involvedObject }) => involvedObject.name === "c").map(({ reason }) => reason ?? "");
}

test("a new volume is no news for a claim whose volume is chosen with its pod", async () => {
  await using world = await createWorld(["persistentvolume-binder-controller"]);
  await claimThatWaits(world);
  await addVolume(world, "v");
  await becomesAvailable(world, "v");
  await world.pass(500);
  assert.deepEqual(await reasons(world), ["WaitForFirstConsumer"]);
  await world.pass(resyncMs);
  assert.deepEqual((await reasons(world)).sort(), ["WaitForFirstConsumer", "WaitForPodScheduled"]);
});

test("a volume that is reserved for it is taken at once", async () => {
  await using world = await createWorld(["persistentvolume-binder-controller"]);
  await claimThatWaits(world);
  const fromMs = world.clock.now();
  await addVolume(world, "v", { claimRef: { namespace, name: "c" } });
  const claims = world.client.of(persistentVolumeClaims);
  await world.until(async () => (await claims.get({ namespace, name: "c" })).status?.phase === "Bound");
  assert.ok(world.clock.now() - fromMs < resyncMs / 5);
  assert.deepEqual(await reasons(world), ["WaitForFirstConsumer"]);
});
