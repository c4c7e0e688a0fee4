// Volumes that are emptied by a pod, on a real API server and a virtual clock. The test is the kubelet.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  events,
  namespaces,
  type PersistentVolume,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
} from "../../api/index.ts";
import { MetricRegistry, seededRng, silentLogger, VirtualClock } from "../../base/index.ts";
import { createClient } from "../../client/index.ts";
import { testServer } from "../../server/testing.ts";
import { runControllers } from "../run.ts";
import { recyclerPod } from "./recycle.ts";

const at = { namespace: "default", name: "c" };
const pod = { namespace: "default", name: "recycler-for-pv" };

async function world(test: TestContext, source: object) {
  const clock = new VirtualClock();
  const rng = seededRng(1);
  const server = await testServer({
    clock,
    rng,
    admission: { disable: ["ServiceAccount", "StorageObjectInUseProtection"] },
  });
  const client = createClient(server.transport(), { userAgent: "test" });
  const stop = new AbortController();
  await client.of(namespaces).find({ name: "default" });
  const running = runControllers({
    ...{ client, clock, rng, metrics: new MetricRegistry(), log: silentLogger, signal: stop.signal },
    names: ["persistentvolume-binder-controller"],
  });
  test.after(async () => {
    stop.abort();
    await clock.advance(0);
    await running;
    await server.close();
  });
  const spec = { accessModes: ["ReadWriteOnce"], storageClassName: "" };
  await client.of(persistentVolumes).create({
    ...{ apiVersion: "v1", kind: "PersistentVolume", metadata: { name: "pv" } },
    spec: { ...spec, capacity: { storage: "3Gi" }, persistentVolumeReclaimPolicy: "Recycle", ...source },
  } as never);
  await client.of(persistentVolumeClaims).create({
    ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: at },
    spec: { ...spec, resources: { requests: { storage: "1Gi" } } },
  } as never);
  await clock.advance(1000);
  const volume = () => client.of(persistentVolumes).get({ name: "pv" });
  assert.equal((await volume()).status?.phase, "Bound");
  return {
    ...{ clock, client, volume },
    release: async () => {
      await client.of(persistentVolumeClaims).delete(at);
      await clock.advance(100);
    },
    end: async (status: object) => {
      await client.of(pods).patch(pod, { status }, { type: "merge", subresource: "status" });
      await clock.advance(100);
    },
    told: async () =>
      (await client.of(events).list({})).items
        .filter(({ involvedObject }) => involvedObject.kind === "PersistentVolume")
        .map((each) => `${each.type} ${each.reason}: ${each.message}`)
        .sort(),
  };
}

const directory = { hostPath: { path: "/tmp/v" } };

test("a released volume is emptied by a pod and available again", async (test) => {
  const of = await world(test, directory);
  await of.release();
  assert.equal((await of.volume()).status?.phase, "Released");
  const { spec } = await of.client.of(pods).get(pod);
  assert.deepEqual(
    [spec.restartPolicy, spec.activeDeadlineSeconds, spec.volumes?.[0]?.hostPath?.path],
    ["Never", 90, "/tmp/v"],
  );
  await of.client.of(events).create({
    ...{ apiVersion: "v1", kind: "Event", metadata: { name: "e", namespace: "default" } },
    ...{ involvedObject: { kind: "Pod", ...pod }, type: "Normal", reason: "Pulled", message: "it is here" },
  });
  await of.clock.advance(100);
  await of.end({ phase: "Succeeded" });
  const volume = await of.volume();
  assert.deepEqual([volume.status?.phase, volume.spec.claimRef], ["Available", undefined]);
  assert.equal(await of.client.of(pods).find(pod), undefined);
  assert.deepEqual(await of.told(), [
    "Normal RecyclerPod: Recycler pod: it is here",
    "Normal VolumeRecycled: Volume recycled",
  ]);
});

test("one that could not be emptied has failed, and is tried again", async (test) => {
  const of = await world(test, directory);
  await of.release();
  await of.end({ phase: "Failed", message: "Pod was active on the node longer than the specified deadline" });
  const { status } = await of.volume();
  const message =
    "Recycle failed: failed to recycle volume: Pod was active on the node longer than the specified deadline";
  assert.deepEqual([status?.phase, status?.message], ["Failed", message]);
  assert.deepEqual(await of.told(), [`Warning VolumeFailedRecycle: ${message}`]);
  await of.clock.advance(20_000);
  await of.end({ phase: "Succeeded" });
  assert.equal((await of.volume()).status?.phase, "Available");
});

test("what nobody can empty has failed", async (test) => {
  const of = await world(test, { csi: { driver: "disk.example.com", volumeHandle: "h" } });
  await of.release();
  assert.equal((await of.volume()).status?.phase, "Failed");
  assert.deepEqual(await of.told(), ["Warning VolumeFailedRecycle: No recycler plugin found for the volume!"]);
});

test("one that pods still use is left alone", async (test) => {
  const of = await world(test, directory);
  await of.client.of(pods).create({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "user", namespace: "default" } },
    spec: {
      containers: [{ name: "c", image: "i" }],
      volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }],
    },
  });
  await of.release();
  assert.equal((await of.volume()).status?.phase, "Released");
  assert.deepEqual(await of.told(), ["Normal VolumeFailedRecycle: Volume is used by pods: default/user"]);
  assert.equal(await of.client.of(pods).find(pod), undefined);
});

for (const [source, capacity, seconds] of [
  ["hostPath", "1Gi", 60],
  ["hostPath", "10Gi", 300],
  ["nfs", "1Gi", 300],
  ["nfs", "100Gi", 3000],
] as const)
  test(`a recycler of ${source} and ${capacity} has ${seconds} seconds`, () => {
    const volume = {
      metadata: { name: "pv" },
      spec: { capacity: { storage: capacity }, [source]: { path: "/p", server: "s" } },
    } as unknown as PersistentVolume;
    assert.equal(recyclerPod(volume)?.spec?.activeDeadlineSeconds, seconds);
  });
