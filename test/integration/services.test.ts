import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type EndpointSlice,
  endpointSlices,
  endpoints,
  nodes,
  pods,
  type Service,
  services,
} from "../../src/api/index.ts";
import { createWorld, type World } from "./world.ts";

const namespace = "default";
const at = (name: string) => ({ namespace, name });

async function addNode(world: World, name: string, labels: Record<string, string> = {}): Promise<void> {
  await world.client.of(nodes).create({ apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec: {} });
}

async function addPod(
  world: World,
  name: string,
  over: { ip: string; ready?: boolean; labels?: Record<string, string> },
): Promise<void> {
  const { ip, ready = true, labels = { app: "a" } } = over;
  const spec = {
    nodeName: "n",
    containers: [{ name: "c", image: "i", ports: [{ name: "http", containerPort: 8080 }] }],
  };
  await world.client.of(pods).create({ apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels }, spec });
  await setReady(world, name, { ip, ready });
}

async function setReady(world: World, name: string, state: { ip: string; ready: boolean }): Promise<void> {
  const conditions = [
    {
      type: "Ready",
      status: state.ready ? "True" : "False",
      lastTransitionTime: new Date(world.clock.now()).toISOString().replace(/\.\d+/, ""),
    },
  ];
  const status = { phase: "Running", podIP: state.ip, podIPs: [{ ip: state.ip }], conditions };
  await world.client.of(pods).patch(at(name), { status }, { type: "strategic", subresource: "status" });
}

const addService = (world: World, spec: object = {}): Promise<Service> =>
  world.client.of(services).create({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s", namespace },
    spec: { selector: { app: "a" }, ports: [{ port: 80, targetPort: "http" }], ...spec },
  });

const slicesOf = async (world: World): Promise<EndpointSlice[]> =>
  (await world.client.of(endpointSlices).list({ namespace, labelSelector: "kubernetes.io/service-name=s" })).items;
const states = async (world: World): Promise<string> =>
  (await slicesOf(world))
    .flatMap((slice) => slice.endpoints ?? [])
    .map((endpoint) => `${endpoint.addresses[0]}=${endpoint.conditions?.ready}`)
    .sort()
    .join(" ");
const subsets = async (world: World): Promise<string> =>
  ((await world.client.of(endpoints).find(at("s")))?.subsets ?? [])
    .map(
      (subset) =>
        `${(subset.addresses ?? []).map((each) => each.ip)}|${(subset.notReadyAddresses ?? []).map((each) => each.ip)}|${(subset.ports ?? []).map((each) => each.port)}`,
    )
    .join(" ");

test("Endpoints and EndpointSlices follow pods, and go with the service", async () => {
  await using world = await createWorld([
    "endpoints-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
  ]);
  await world.addAccount(namespace);
  await addNode(world, "n");
  await addService(world);
  await world.until(async () => (await slicesOf(world)).length === 1);
  const [placeholder] = await slicesOf(world);
  await addPod(world, "p1", { ip: "10.244.0.1" });
  await addPod(world, "p2", { ip: "10.244.0.2", ready: false });
  await addPod(world, "other", { ip: "10.244.0.3", labels: { app: "b" } });
  await world.until(async () => (await subsets(world)) === "10.244.0.1|10.244.0.2|8080");
  await world.until(async () => (await states(world)) === "10.244.0.1=true 10.244.0.2=false");
  assert.deepEqual(
    (await slicesOf(world)).map((slice) => slice.metadata.name),
    [placeholder!.metadata.name],
    "the first slice was taken up",
  );
  const shown = await world.client.of(endpoints).get(at("s"));
  assert.deepEqual(shown.metadata.labels, { "endpoints.kubernetes.io/managed-by": "endpoint-controller" });
  await setReady(world, "p2", { ip: "10.244.0.2", ready: true });
  await world.until(async () => (await subsets(world)) === "10.244.0.1,10.244.0.2||8080");
  await world.client.of(pods).delete(at("p1"), { gracePeriodSeconds: 0 });
  await world.until(async () => (await states(world)) === "10.244.0.2=true");
  await world.until(async () => (await subsets(world)) === "10.244.0.2||8080");
  await world.client.of(services).delete(at("s"));
  await world.until(async () => (await world.client.of(endpoints).find(at("s"))) === undefined);
  await world.until(async () => (await slicesOf(world)).length === 0);
});

test("zones of nodes and hints", async () => {
  await using world = await createWorld(["endpointslice-controller"]);
  await world.addAccount(namespace);
  await addService(world, { trafficDistribution: "PreferSameZone" });
  await addPod(world, "p1", { ip: "10.244.0.1" });
  await world.pass(2000);
  assert.equal(await states(world), "", "the node is not known");
  await addNode(world, "n", { "topology.kubernetes.io/zone": "z1" });
  await world.until(async () => (await states(world)) !== "");
  const [endpoint] = (await slicesOf(world))[0]!.endpoints!;
  assert.deepEqual([endpoint?.zone, endpoint?.hints], ["z1", { forZones: [{ name: "z1" }] }]);
  await world.client
    .of(nodes)
    .patch({ name: "n" }, { metadata: { labels: { "topology.kubernetes.io/zone": "z2" } } }, { type: "merge" });
  await world.until(async () => (await slicesOf(world))[0]?.endpoints?.[0]?.hints?.forZones?.[0]?.name === "z2");
});

test("Endpoints made by hand are mirrored as long as the service has no selector", async () => {
  await using world = await createWorld(["endpoints-controller", "endpointslice-mirroring-controller"]);
  await addService(world, { selector: undefined });
  await world.client.of(endpoints).create({
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "s", namespace, labels: { mine: "1" } },
    subsets: [{ addresses: [{ ip: "192.0.2.7" }, { ip: "2001:db8::7" }], ports: [{ port: 8080 }] }],
  });
  await world.until(async () => (await slicesOf(world)).length === 2);
  assert.equal(await states(world), "192.0.2.7=true 2001:db8::7=true");
  const [slice] = await slicesOf(world);
  assert.equal(
    slice?.metadata.labels?.["endpointslice.kubernetes.io/managed-by"],
    "endpointslicemirroring-controller.k8s.io",
  );
  assert.deepEqual(
    slice?.metadata.ownerReferences?.map(({ kind, name, controller }) => [kind, name, controller]),
    [["Endpoints", "s", true]],
  );
  await world.client
    .of(endpoints)
    .patch(at("s"), { subsets: [{ addresses: [{ ip: "192.0.2.8" }], ports: [{ port: 8080 }] }] }, { type: "merge" });
  await world.until(async () => (await states(world)) === "192.0.2.8=true");
  await world.client.of(services).patch(at("s"), { spec: { selector: { app: "a" } } }, { type: "merge" });
  await world.until(async () => (await slicesOf(world)).length === 0);
});
