import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ConfigMap,
  configMaps,
  horizontalPodAutoscalers,
  namespaces,
  persistentVolumes,
  pods,
  replicaSets,
  serviceAccounts,
} from "../../src/api/index.ts";
import type { OwnerReference } from "../../src/machinery/index.ts";
import { createWorld, type World } from "./world.ts";

const map = (name: string, over: Partial<ConfigMap["metadata"]> = {}) =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default", ...over } }) as const;
const ownedBy = (owner: ConfigMap, over: Partial<OwnerReference> = {}): { ownerReferences: OwnerReference[] } => ({
  ownerReferences: [
    { apiVersion: "v1", kind: "ConfigMap", name: owner.metadata.name, uid: owner.metadata.uid, ...over },
  ],
});
const names = async (world: World): Promise<string> =>
  (await world.client.of(configMaps).list({ namespace: "default" })).items
    .map((each) => each.metadata.name)
    .filter((name) => name !== "kube-root-ca.crt")
    .join(",");
const at = (name: string) => ({ namespace: "default", name });

test("dependents go with their last owner, in the background", async () => {
  await using world = await createWorld(["garbage-collector-controller"]);
  const maps = world.client.of(configMaps);
  const one = await maps.create(map("one"));
  const two = await maps.create(map("two"));
  const child = await maps.create(
    map("child", { ownerReferences: [...ownedBy(one).ownerReferences, ...ownedBy(two).ownerReferences] }),
  );
  await maps.create(map("grandchild", ownedBy(child)));
  await world.pass(1000);
  assert.equal(await names(world), "child,grandchild,one,two");
  await maps.delete(at("one"));
  await world.until(async () => (await maps.get(at("child"))).metadata.ownerReferences?.length === 1);
  await maps.delete(at("two"));
  await world.until(async () => (await names(world)) === "");
});

test("an owner may be named by any version that is served", async () => {
  await using world = await createWorld(["garbage-collector-controller"]);
  const maps = world.client.of(configMaps);
  const scaler = await world.client.of(horizontalPodAutoscalers).create({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "scaler", namespace: "default" },
    spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } },
  });
  const one = await maps.create(map("one"));
  const { name, uid } = scaler.metadata;
  const older = { apiVersion: "autoscaling/v1", kind: "HorizontalPodAutoscaler", name, uid };
  await maps.create(map("child", { ownerReferences: [older, ...ownedBy(one).ownerReferences] }));
  await world.pass(1000);
  await maps.delete(at("one"));
  await world.until(async () => (await maps.get(at("child"))).metadata.ownerReferences?.length === 1);
});

test("owners that never were do not keep anything", async () => {
  await using world = await createWorld(["garbage-collector-controller"]);
  const maps = world.client.of(configMaps);
  const real = await maps.create(map("real"));
  await maps.create(map("wrong-uid", ownedBy(real, { uid: "11111111-1111-1111-1111-111111111111" })));
  await maps.create(map("no-owner", ownedBy(real, { name: "nobody", uid: "22222222-2222-2222-2222-222222222222" })));
  await maps.create(map("right", ownedBy(real)));
  await world.until(async () => (await names(world)) === "real,right");
});

test("an owner in another namespace is none; a cluster-scoped object is left alone", async () => {
  await using world = await createWorld(["garbage-collector-controller"]);
  const maps = world.client.of(configMaps);
  const far = await maps.create({ ...map("far"), metadata: { name: "far", namespace: "kube-system" } });
  await maps.create(map("child", ownedBy(far)));
  const volumes = world.client.of(persistentVolumes);
  await volumes.create({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "volume", ...ownedBy(far, { uid: "33333333-3333-3333-3333-333333333333" }) },
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/tmp" } },
  });
  await world.until(async () => (await names(world)) === "");
  await world.pass(10_000);
  assert.ok(await volumes.find({ name: "volume" }));
});

test("foreground: the owner waits for what blocks it, and only for that", async () => {
  await using world = await createWorld(["garbage-collector-controller"]);
  const maps = world.client.of(configMaps);
  const owner = await maps.create(map("owner"));
  await maps.create(
    map("blocks", { ...ownedBy(owner, { blockOwnerDeletion: true }), finalizers: ["test.example/hold"] }),
  );
  await maps.create(map("loose", { ...ownedBy(owner), finalizers: ["test.example/hold"] }));
  await world.pass(1000);
  await maps.delete(at("owner"), { propagationPolicy: "Foreground" });
  await world.until(async () => (await maps.get(at("blocks"))).metadata.deletionTimestamp !== undefined);
  await world.pass(5000);
  assert.equal(await names(world), "blocks,loose,owner");
  await maps.patch(at("blocks"), { metadata: { finalizers: null } }, { type: "merge" });
  await world.until(async () => (await names(world)) === "loose");
});

test("orphan: dependents lose the reference and stay", async () => {
  await using world = await createWorld(["garbage-collector-controller"]);
  const maps = world.client.of(configMaps);
  const owner = await maps.create(map("owner"));
  await maps.create(map("child", ownedBy(owner)));
  await world.pass(1000);
  await maps.delete(at("owner"), { propagationPolicy: "Orphan" });
  await world.until(async () => (await names(world)) === "child");
  assert.deepEqual((await maps.get(at("child"))).metadata.ownerReferences ?? [], []);
});

test("a deleted namespace is emptied, and says what holds it up", async () => {
  await using world = await createWorld([
    "namespace-controller",
    "serviceaccount-controller",
    "root-ca-certificate-publisher-controller",
    "replicaset-controller",
    "garbage-collector-controller",
  ]);
  const all = world.client.of(namespaces);
  await all.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "doomed" }, spec: {} });
  await world.until(
    async () => (await world.client.of(serviceAccounts).find({ namespace: "doomed", name: "default" })) !== undefined,
  );
  const maps = world.client.of(configMaps);
  await maps.create(map("held", { namespace: "doomed", finalizers: ["test.example/hold"] }));
  const labels = { app: "x" };
  await world.client.of(replicaSets).create({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "set", namespace: "doomed" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  });
  await world.until(async () => (await world.client.of(pods).list({ namespace: "doomed" })).items.length === 2);
  await all.delete({ name: "doomed" });
  const message = async (type: string): Promise<string | undefined> =>
    (await all.get({ name: "doomed" })).status?.conditions?.find((each) => each.type === type)?.message;
  await world.until(
    async () =>
      (await message("NamespaceFinalizersRemaining")) ===
      "Some content in the namespace has finalizers remaining: test.example/hold in 1 resource instances",
  );
  assert.equal(
    await message("NamespaceContentRemaining"),
    "Some resources are remaining: configmaps. has 1 resource instances",
  );
  assert.deepEqual((await world.client.of(pods).list({ namespace: "doomed" })).items, []);
  await maps.patch({ namespace: "doomed", name: "held" }, { metadata: { finalizers: null } }, { type: "merge" });
  await world.until(async () => (await all.find({ name: "doomed" })) === undefined);
});
