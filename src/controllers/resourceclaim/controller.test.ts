// Claims of PodGroups on a real API server and a virtual clock.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { events, namespaces, podGroups, pods, resourceClaims, resourceClaimTemplates } from "../../api/index.ts";
import { controllerWorld } from "../world.fixture.ts";

const namespace = "default";
const entry = { name: "gpu", resourceClaimTemplateName: "t" };

async function world(test: TestContext) {
  const { clock, client, run } = await controllerWorld(test, {
    featureGates: { GenericWorkload: true, DRAWorkloadResourceClaims: true },
    runtimeConfig: { "scheduling.k8s.io/v1alpha2": "true" },
  });
  await client.of(namespaces).find({ name: namespace });
  run(["resourceclaim-controller"], { options: { featureEnabled: () => true } });
  const make = {
    template: () =>
      client.of(resourceClaimTemplates).create({
        ...{ apiVersion: "resource.k8s.io/v1", kind: "ResourceClaimTemplate", metadata: { name: "t", namespace } },
        spec: { spec: { devices: { requests: [{ name: "r", exactly: { deviceClassName: "gpu" } }] } } },
      }),
    group: () =>
      client.of(podGroups).create({
        ...{ apiVersion: "scheduling.k8s.io/v1alpha2", kind: "PodGroup", metadata: { name: "g", namespace } },
        spec: { schedulingPolicy: { basic: {} }, resourceClaims: [entry] },
      }),
    pod: (name: string, more: object = {}) =>
      client.of(pods).create({
        ...{ apiVersion: "v1", kind: "Pod", metadata: { name, namespace } },
        spec: {
          containers: [{ name: "c", image: "i" }],
          ...{ schedulingGroup: { podGroupName: "g" }, resourceClaims: [entry] },
          ...more,
        },
      }),
  };
  return {
    ...{ clock, client, make },
    claims: async () => (await client.of(resourceClaims).list({ namespace })).items,
    told: async (name: string) => {
      const pod = await client.of(pods).get({ namespace, name });
      return pod.status?.resourceClaimStatuses?.map((each) => each.resourceClaimName);
    },
  };
}

test("a group's claim is made once, told to its members, and reserved for the group", async (test) => {
  const of = await world(test);
  await of.make.template();
  await of.make.pod("early");
  await of.clock.advance(1000);
  assert.deepEqual(await of.claims(), []);
  const group = await of.make.group();
  await of.make.pod("late", { nodeName: "n1" });
  await of.clock.advance(2000);
  const [claim, ...others] = await of.claims();
  assert.equal(others.length, 0);
  assert.match(claim!.metadata.name, /^g-gpu-/);
  assert.deepEqual(claim!.metadata.ownerReferences, [
    {
      ...{ apiVersion: "scheduling.k8s.io/v1alpha2", kind: "PodGroup", name: "g", uid: group.metadata.uid },
      controller: true,
    },
  ]);
  const { name } = claim!.metadata;
  const { status } = await of.client.of(podGroups).get({ namespace, name: "g" });
  assert.deepEqual(status?.resourceClaimStatuses, [{ name: "gpu", resourceClaimName: name }]);
  assert.deepEqual([await of.told("early"), await of.told("late")], [[name], [name]]);

  const claims = of.client.of(resourceClaims);
  const protectedClaim = await claims.update({
    ...claim!,
    metadata: { ...claim!.metadata, finalizers: ["resource.kubernetes.io/delete-protection"] },
  });
  await claims.updateStatus({ ...protectedClaim, status: { allocation: {} } });
  await of.clock.advance(1000);
  const consumer = { apiGroup: "scheduling.k8s.io", resource: "podgroups", name: "g", uid: group.metadata.uid };
  assert.deepEqual((await claims.get({ namespace, name })).status?.reservedFor, [consumer]);

  // A member that is over takes nothing along; the group does.
  await of.client.of(pods).delete({ namespace, name: "late" }, { gracePeriodSeconds: 0 });
  await of.clock.advance(1000);
  assert.deepEqual((await claims.get({ namespace, name })).status?.reservedFor, [consumer]);
  await of.client.of(podGroups).delete({ namespace, name: "g" });
  const going = await of.client.of(podGroups).find({ namespace, name: "g" });
  if (going !== undefined)
    await of.client.of(podGroups).update({ ...going, metadata: { ...going.metadata, finalizers: [] } });
  await of.clock.advance(1000);
  const free = await claims.get({ namespace, name });
  assert.deepEqual([free.status, free.metadata.finalizers], [{}, undefined]);
});

test("a group's template that is not there is told, and followed once it is", async (test) => {
  const of = await world(test);
  await of.make.group();
  await of.clock.advance(10);
  const [event] = (await of.client.of(events).list({ namespace })).items;
  assert.deepEqual(
    [event?.involvedObject.kind, event?.reason, event?.message],
    [
      "PodGroup",
      "FailedResourceClaimCreation",
      'PodGroupResourceClaim gpu: resource claim template "t": resourceclaimtemplate.resource.k8s.io "t" not found',
    ],
  );
  await of.make.template();
  await of.clock.advance(1000);
  assert.equal((await of.claims()).length, 1);
});
