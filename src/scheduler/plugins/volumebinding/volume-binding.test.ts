import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../../api/index.ts";
import { scheduleOne } from "../../cycle.ts";
import { makeNode, makePod, makeWorld, readerOf, type TestWorld } from "../../testing.ts";

const late = (name: string, over: Partial<StorageClass> = {}): StorageClass => ({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name, uid: name, resourceVersion: "1", creationTimestamp: "" },
  provisioner: "kubernetes.io/no-provisioner",
  volumeBindingMode: "WaitForFirstConsumer",
  ...over,
});

const claimOf = (name: string, storageClassName: string, storage = "1Gi"): PersistentVolumeClaim => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name, namespace: "default", uid: name, resourceVersion: "1", creationTimestamp: "" },
  spec: { accessModes: ["ReadWriteOnce"], storageClassName, resources: { requests: { storage } } },
  status: { phase: "Pending" },
});

const volumeOn = (name: string, node: string, storage = "1Gi"): PersistentVolume =>
  ({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, uid: name, resourceVersion: "1", creationTimestamp: "" },
    spec: {
      ...{ accessModes: ["ReadWriteOnce"], capacity: { storage }, storageClassName: "local", local: { path: "/x" } },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] },
          ],
        },
      },
    },
    status: { phase: "Available" },
  }) as PersistentVolume;

interface Start {
  readonly world: TestWorld;
  readonly claims: Map<string, PersistentVolumeClaim>;
  readonly schedule: (pod: string, claim: string) => Promise<void> | undefined;
}

function start(shape: {
  readonly classes: readonly StorageClass[];
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
}): Start {
  const claims = new Map(shape.claims.map((claim) => [claim.metadata.name, claim]));
  const world = makeWorld({
    listers: {
      storageClasses: readerOf(() => shape.classes),
      persistentVolumes: readerOf(() => shape.volumes ?? []),
      persistentVolumeClaims: readerOf(() => claims.values()),
    },
  });
  for (const name of ["n1", "n2"]) world.world.snapshot.setNode(makeNode(name));
  const { signal } = new AbortController();
  return {
    world,
    claims,
    schedule: (name, claimName) => {
      const pod = makePod(name, { spec: { volumes: [{ name: "v", persistentVolumeClaim: { claimName } }] } });
      world.pods.set(`default/${name}`, pod);
      world.world.queue.add(pod);
      return scheduleOne({ ...world.context, signal }, world.world.queue.pop()!);
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What the binder does once the scheduler has written. */
function bindClaim({ world, claims }: Start, name: string, volumeName: string): void {
  const claim = claims.get(name)!;
  claims.set(name, {
    ...claim,
    metadata: { ...claim.metadata, resourceVersion: "9", annotations: { "pv.kubernetes.io/bind-completed": "yes" } },
    spec: { ...claim.spec, volumeName },
  });
  world.claimChanged();
}

test("the pod goes where a volume is, the smallest one is given to its claim, and it is bound when the claim is", async () => {
  const volumes = [volumeOn("large", "n2", "9Gi"), volumeOn("small", "n2", "2Gi"), volumeOn("tiny", "n1", "1Mi")];
  const started = start({ classes: [late("local")], claims: [claimOf("c", "local")], volumes });
  const binding = started.schedule("p", "c");
  await settled();
  assert.deepEqual(started.world.bound, []);
  const [written] = started.world.written as PersistentVolume[];
  assert.equal(written?.metadata.name, "small");
  assert.deepEqual(written?.spec?.claimRef, {
    ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", name: "c", namespace: "default" },
    ...{ uid: "c", resourceVersion: "1" },
  });
  assert.deepEqual(written?.metadata.annotations, { "pv.kubernetes.io/bound-by-controller": "yes" });
  bindClaim(started, "c", "small");
  await binding;
  assert.deepEqual(started.world.bound, [{ key: "default/p", nodeName: "n2" }]);
});

test("two pods on their way are not promised one volume", async () => {
  const claims = [claimOf("a", "local"), claimOf("b", "local")];
  const started = start({ classes: [late("local")], claims, volumes: [volumeOn("v", "n1")] });
  const first = started.schedule("p", "a");
  await settled();
  await started.schedule("q", "b");
  assert.equal(started.world.written.length, 1);
  assert.match(
    started.world.events.at(-1)?.message ?? "",
    /^0\/2 nodes are available: 2 node\(s\) didn't find available persistent volumes to bind\./,
  );
  bindClaim(started, "a", "v");
  await first;
});

test("a provisioner is told the node; its refusal fails the binding", async () => {
  const classes = [late("made", { provisioner: "example.com/p" })];
  const started = start({ classes, claims: [claimOf("c", "made")] });
  const binding = started.schedule("p", "c");
  await settled();
  const [asked] = started.world.written as PersistentVolumeClaim[];
  const node = asked?.metadata.annotations?.["volume.kubernetes.io/selected-node"];
  assert.ok(node === "n1" || node === "n2");
  const refused = claimOf("c", "made");
  started.claims.set("c", { ...refused, metadata: { ...refused.metadata, resourceVersion: "5" } });
  started.world.claimChanged();
  await binding;
  assert.deepEqual(started.world.bound, []);
  assert.equal(
    started.world.events.at(-1)?.message,
    'running PreBind plugin "VolumeBinding": provisioning failed for PVC "default/c"',
  );
});

test("a class makes volumes only where its topology allows", async () => {
  const allowedTopologies = [{ matchLabelExpressions: [{ key: "kubernetes.io/hostname", values: ["n2"] }] }];
  const classes = [late("made", { provisioner: "example.com/p", allowedTopologies })];
  const started = start({ classes, claims: [claimOf("c", "made")] });
  const binding = started.schedule("p", "c");
  await settled();
  assert.deepEqual(
    started.world.events.map((event) => event.message),
    [],
  );
  assert.equal(started.world.written.length, 1);
  bindClaim(started, "c", "pvc-c");
  await binding;
  assert.deepEqual(started.world.bound, [{ key: "default/p", nodeName: "n2" }]);
});
