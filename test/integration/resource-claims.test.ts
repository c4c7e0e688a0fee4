// ResourceClaims over the real API server, with the rights of the controller's account. Expectations are what upstream's
// kube-controller-manager 1.36.3 does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { events, pods, type resource_v1, resourceClaims, resourceClaimTemplates } from "../../src/api/index.ts";
import { createWorld, type World } from "./world.ts";

const at = (name: string) => ({ namespace: "default", name });
const devices = { requests: [{ name: "r", exactly: { deviceClassName: "gpu.example.com" } }] };
const controllers = ["resourceclaim-controller"];

async function addTemplate({ client }: World): Promise<void> {
  await client.of(resourceClaimTemplates).create({
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaimTemplate",
    metadata: at("template"),
    spec: { metadata: { labels: { from: "template" } }, spec: { devices } },
  } as Parameters<ReturnType<typeof client.of<resource_v1.ResourceClaimTemplate>>["create"]>[0]);
}

async function addPod(world: World, name: string, rest: object = {}): Promise<void> {
  await world.client.of(pods).create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: at(name),
    spec: {
      containers: [{ name: "c", image: "i" }],
      resourceClaims: [{ name: "gpu", resourceClaimTemplateName: "template" }],
      ...rest,
    },
  });
}

const claimsOf = async ({ client }: World) => (await client.of(resourceClaims).list({ namespace: "default" })).items;
const toldName = async ({ client }: World, pod: string): Promise<string | undefined> =>
  (await client.of(pods).get(at(pod))).status?.resourceClaimStatuses?.[0]?.resourceClaimName;

test("a pod gets a claim after its template, once there is one, and its status says which", async () => {
  await using world = await createWorld(controllers);
  await world.addAccount("default");
  await addPod(world, "p");
  const told = async () =>
    (await world.client.of(events).list({ namespace: "default" })).items.find(
      ({ reason }) => reason === "FailedResourceClaimCreation",
    );
  await world.until(async () => (await told()) !== undefined);
  const event = await told();
  assert.deepEqual(
    [event?.type, event?.source?.component, event?.message],
    [
      "Warning",
      "resource_claim",
      'PodResourceClaim gpu: resource claim template "template": resourceclaimtemplate.resource.k8s.io "template" not found',
    ],
  );
  await addTemplate(world);
  await world.until(async () => (await toldName(world, "p")) !== undefined);
  const [claim, ...more] = await claimsOf(world);
  assert.equal(more.length, 0);
  const pod = await world.client.of(pods).get(at("p"));
  assert.equal(await toldName(world, "p"), claim?.metadata.name);
  assert.match(claim?.metadata.name ?? "", /^p-gpu-[a-z0-9]{5}$/);
  assert.deepEqual(claim?.metadata.labels, { from: "template" });
  assert.deepEqual(claim?.metadata.ownerReferences, [
    { apiVersion: "v1", kind: "Pod", name: "p", uid: pod.metadata.uid, controller: true },
  ]);
  const manager = pod.metadata.managedFields?.find((each) => each.manager === "ResourceClaimController");
  assert.deepEqual([manager?.operation, manager?.subresource], ["Apply", "status"]);
});

test("a claim that is deleted under its pod is made anew", async () => {
  await using world = await createWorld(controllers);
  await world.addAccount("default");
  await addTemplate(world);
  const entries = [
    { name: "gpu", resourceClaimTemplateName: "template" },
    { name: "other", resourceClaimTemplateName: "template" },
  ];
  await addPod(world, "p", { resourceClaims: entries });
  await world.until(async () => (await toldName(world, "p")) !== undefined);
  const first = await toldName(world, "p");
  await world.client.of(resourceClaims).delete(at(first ?? ""));
  await world.until(async () => (await toldName(world, "p")) !== first);
  assert.deepEqual(
    (await claimsOf(world)).map(({ metadata }) => metadata.name).sort(),
    (await world.client.of(pods).get(at("p"))).status?.resourceClaimStatuses
      ?.map(({ resourceClaimName }) => resourceClaimName)
      .sort(),
  );
});

test("reservations of pods that are gone or over are taken back, and the allocation with the last", async () => {
  await using world = await createWorld(controllers);
  await world.addAccount("default");
  const claims = world.client.of(resourceClaims);
  const made = await claims.create({
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaim",
    metadata: { ...at("shared"), finalizers: ["resource.kubernetes.io/delete-protection"] },
    spec: { devices },
  } as Parameters<typeof claims.create>[0]);
  const shared = { resourceClaims: [{ name: "gpu", resourceClaimName: "shared" }], nodeName: "n" };
  await addPod(world, "user", shared);
  const user = await world.client.of(pods).get(at("user"));
  const allocation = { devices: { results: [{ request: "r", driver: "gpu.example.com", pool: "p", device: "d" }] } };
  const uid = "11111111-1111-1111-1111-111111111111";
  await claims.updateStatus({
    ...made,
    status: { allocation, reservedFor: [{ resource: "pods", name: "never-was", uid }] },
  } as typeof made);
  // The pod came to its node without the scheduler: the claim is reserved for it; who never was is forgotten.
  await world.until(async () => {
    const users = (await claims.get(at("shared"))).status?.reservedFor ?? [];
    return users.length === 1 && users[0]?.uid === user.metadata.uid;
  });
  await world.client.of(pods).updateStatus({ ...user, status: { ...user.status, phase: "Succeeded" } });
  await world.until(async () => {
    const { metadata, status } = await claims.get(at("shared"));
    return status?.allocation === undefined && (metadata.finalizers ?? []).length === 0;
  });
  assert.equal((await claims.get(at("shared"))).status?.reservedFor, undefined);
});

test("the generated claim of a pod that is over goes before the pod does", async () => {
  await using world = await createWorld(controllers);
  await world.addAccount("default");
  await addTemplate(world);
  await addPod(world, "p", { nodeName: "n" });
  await world.until(async () => (await toldName(world, "p")) !== undefined);
  const pod = await world.client.of(pods).get(at("p"));
  await world.client.of(pods).updateStatus({ ...pod, status: { ...pod.status, phase: "Failed" } });
  await world.until(async () => (await claimsOf(world)).length === 0);
  const { resourceVersion } = (await world.client.of(pods).get(at("p"))).metadata;
  await world.pass(10_000);
  assert.equal((await claimsOf(world)).length, 0);
  assert.equal((await world.client.of(pods).get(at("p"))).metadata.resourceVersion, resourceVersion);
});
