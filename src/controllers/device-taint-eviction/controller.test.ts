// Devices that get taints, on a real API server and a virtual clock.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { deviceTaintRules, events, namespaces, pods, resourceClaims, resourceSlices } from "../../api/index.ts";
import { formatTime } from "../../machinery/index.ts";
import { controllerWorld } from "../world.fixture.ts";

const [driver, pool] = ["gpu.example.com", "node1"];

async function world(test: TestContext) {
  const { clock, client, metrics, run } = await controllerWorld(test, {
    featureGates: { DRADeviceTaintRules: true, GenericWorkload: true, DRAWorkloadResourceClaims: true },
    runtimeConfig: { "resource.k8s.io/v1beta2": "true", "scheduling.k8s.io/v1alpha2": "true" },
  });
  await client.of(namespaces).find({ name: "default" });
  run(["device-taint-eviction-controller"], { options: { featureEnabled: () => true } });
  const publish = async (taints: object[] = []): Promise<void> => {
    const device = { name: "d1", ...(taints.length === 0 ? {} : { taints }) };
    const before = await client.of(resourceSlices).find({ name: "s1" });
    const spec = {
      driver,
      nodeName: "node1",
      pool: { name: pool, generation: 1, resourceSliceCount: 1 },
      devices: [device],
    };
    const slice = { apiVersion: "resource.k8s.io/v1", kind: "ResourceSlice", metadata: { name: "s1" }, spec } as never;
    if (before === undefined) await client.of(resourceSlices).create(slice);
    else await client.of(resourceSlices).update({ ...before, spec } as never);
  };
  const user = async (name: string, tolerations: object[] = []): Promise<void> => {
    const metadata = { name, namespace: "default" };
    const requests = [{ name: "r", exactly: { deviceClassName: "gpu" } }];
    await client.of(resourceClaims).create({
      ...{ apiVersion: "resource.k8s.io/v1", kind: "ResourceClaim", metadata },
      spec: { devices: { requests } },
    });
    const pod = await client.of(pods).create({
      ...{ apiVersion: "v1", kind: "Pod", metadata },
      spec: {
        nodeName: "node1",
        containers: [{ name: "c", image: "i", resources: { claims: [{ name: "x" }] } }],
        resourceClaims: [{ name: "x", resourceClaimName: name }],
      },
    });
    const claim = await client.of(resourceClaims).get(metadata);
    const results = [{ request: "r", driver, pool, device: "d1", ...(tolerations.length > 0 ? { tolerations } : {}) }];
    await client.of(resourceClaims).updateStatus({
      ...claim,
      status: {
        allocation: { devices: { results } },
        reservedFor: [{ resource: "pods", name, uid: pod.metadata.uid }],
      },
    });
  };
  return {
    ...{ clock, client, metrics, publish, user },
    names: async () =>
      (await client.of(pods).list({})).items
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name),
    told: async () =>
      (await client.of(events).list({})).items.map((each) => `${each.involvedObject.name}: ${each.message}`),
    condition: async (name: string) =>
      (await client.of(deviceTaintRules).get({ name })).status?.conditions?.map(
        ({ status, reason, message }) => `${status} ${reason} ${message}`,
      ),
    taint: () => ({ key: "broken", value: "yes", effect: "NoExecute", timeAdded: formatTime(clock.now()) }),
  };
}

test("a taint of the driver ends pods by their tolerations, and one that goes away ends none", async (test) => {
  const of = await world(test);
  const seconds = (tolerationSeconds?: number) => [
    { key: "broken", operator: "Exists", effect: "NoExecute", ...(tolerationSeconds ? { tolerationSeconds } : {}) },
  ];
  await of.publish();
  await of.user("now");
  await of.user("later", seconds(60));
  await of.user("never", seconds());
  await of.clock.advance(1000);
  assert.deepEqual(await of.names(), ["later", "never", "now"]);
  await of.publish([of.taint()]);
  await of.clock.advance(1000);
  assert.deepEqual(await of.names(), ["later", "never"]);
  const gone = (await of.client.of(pods).get({ namespace: "default", name: "now" })).status?.conditions?.at(-1);
  assert.deepEqual(
    [gone?.type, gone?.status, gone?.reason, gone?.message],
    [
      "DisruptionTarget",
      "True",
      "DeletionByDeviceTaintManager",
      "Device Taint manager: deleting due to NoExecute taint",
    ],
  );
  await of.publish([]);
  await of.clock.advance(1000);
  assert.deepEqual((await of.told()).sort(), ["later: Cancelling deletion", "now: Marking for deletion"]);
  await of.publish([of.taint()]);
  await of.clock.advance(58_000);
  assert.deepEqual(await of.names(), ["later", "never"]);
  await of.clock.advance(5000);
  assert.deepEqual(await of.names(), ["never"]);
  assert.match(of.metrics.render(), /^device_taint_eviction_controller_pod_deletions_total 2$/m);
});

test("whoever uses a claim that is reserved for the PodGroup leaves with it", async (test) => {
  const of = await world(test);
  await of.publish();
  await of.user("p");
  const at = { namespace: "default", name: "p" };
  const claim = await of.client.of(resourceClaims).get(at);
  const consumer = { apiGroup: "scheduling.k8s.io", resource: "podgroups", name: "g", uid: "0-1-2" };
  await of.client.of(resourceClaims).updateStatus({ ...claim, status: { ...claim.status, reservedFor: [consumer] } });
  const { spec } = await of.client.of(pods).get(at);
  await of.client.of(pods).create({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "member", namespace: "default" } },
    spec: { ...spec, schedulingGroup: { podGroupName: "g" } },
  });
  await of.clock.advance(1000);
  await of.publish([of.taint()]);
  await of.clock.advance(1000);
  assert.deepEqual(await of.names(), ["p"]);
});

test("a rule tells what it would do, what it does and what it has done", async (test) => {
  const of = await world(test);
  const rule = (name: string, effect: string) =>
    of.client.of(deviceTaintRules).create({
      apiVersion: "resource.k8s.io/v1beta2",
      kind: "DeviceTaintRule",
      metadata: { name },
      spec: { deviceSelector: { driver }, taint: { key: "k", value: "v", effect } },
    } as never);
  await of.publish();
  await of.user("p");
  await of.clock.advance(1000);
  await rule("try", "None");
  await rule("other", "NoSchedule");
  await of.clock.advance(1000);
  assert.deepEqual(await of.condition("try"), [
    "False NoEffect 1 published device selected. 1 allocated device selected. 1 pod would be evicted in 1 namespace if the effect was NoExecute. This information will not be updated again. Recreate the DeviceTaintRule to trigger an update.",
  ]);
  assert.deepEqual(await of.condition("other"), ["False OtherEffect Eviction only happens for the NoExecute effect."]);
  assert.deepEqual(await of.names(), ["p"]);
  await rule("evict", "NoExecute");
  await of.clock.advance(2000);
  assert.deepEqual(await of.names(), []);
  await of.clock.advance(25_000);
  assert.deepEqual(await of.condition("evict"), ["False Completed 1 pod evicted since starting the controller."]);
});
