// Budgets, quotas, clean-up and protection: controllers that keep a cluster in order.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clusterRoles,
  configMaps,
  events,
  leases,
  nodes,
  type Pod,
  persistentVolumeClaims,
  podDisruptionBudgets,
  pods,
  replicaSets,
  resourceQuotas,
} from "../../src/api/index.ts";
import { formatTime } from "../../src/machinery/index.ts";
import { createWorld, type World } from "./world.ts";

const namespace = "default";
const at = (name: string) => ({ namespace, name });

const addNode = (world: World, name: string, spec: object = {}) =>
  world.client.of(nodes).create({ apiVersion: "v1", kind: "Node", metadata: { name }, spec });

const addPod = (world: World, name: string, spec: object = {}): Promise<Pod> =>
  world.client.of(pods).create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: { app: "a" } },
    spec: { containers: [{ name: "c", image: "i" }], ...spec },
  });

async function setStatus(world: World, name: string, phase: string, ready: "True" | "False" = "False"): Promise<void> {
  const conditions = [{ type: "Ready", status: ready, lastTransitionTime: formatTime(world.clock.now()) }];
  const options = { type: "strategic", subresource: "status" } as const;
  await world.client.of(pods).patch(at(name), { status: { phase, conditions } }, options);
}

const findPod = (world: World, name: string): Promise<Pod | undefined> => world.client.of(pods).find(at(name));
const told = async (world: World, reason: string): Promise<string[]> =>
  (await world.client.of(events).list({ namespace })).items
    .filter((event) => event.reason === reason)
    .map((event) => `${event.involvedObject.name}: ${event.message}`);

test("a budget follows its pods; without any it says so", async () => {
  await using world = await createWorld(["disruption-controller", "replicaset-controller"]);
  await world.addAccount(namespace);
  const budgets = world.client.of(podDisruptionBudgets);
  const selector = { matchLabels: { app: "a" } };
  const type = { apiVersion: "policy/v1", kind: "PodDisruptionBudget" } as const;
  await budgets.create({ ...type, metadata: { name: "b", namespace }, spec: { selector, maxUnavailable: "50%" } });
  const state = async (): Promise<string> => {
    const { status } = await budgets.get(at("b"));
    const [condition] = status?.conditions ?? [];
    return `${status?.expectedPods}/${status?.currentHealthy}/${status?.desiredHealthy}/${status?.disruptionsAllowed} ${condition?.reason}`;
  };
  await world.until(async () => (await state()) === "0/0/0/0 InsufficientPods");
  await world.until(async () => (await told(world, "NoPods")).includes("b: No matching pods found"));
  const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "c", image: "i" }] } };
  const spec = { replicas: 4, selector, template };
  await world.client
    .of(replicaSets)
    .create({ apiVersion: "apps/v1", kind: "ReplicaSet", metadata: { name: "s", namespace }, spec });
  await world.until(async () => (await state()) === "4/0/2/0 InsufficientPods");
  for (const pod of (await world.client.of(pods).list({ namespace })).items.slice(0, 3))
    await setStatus(world, pod.metadata.name, "Running", "True");
  await world.until(async () => (await state()) === "4/3/2/1 SufficientPods");
});

test("a budget of pods without a controller cannot be told by percentage", async () => {
  await using world = await createWorld(["disruption-controller"]);
  await world.addAccount(namespace);
  await addPod(world, "p1");
  const budgets = world.client.of(podDisruptionBudgets);
  await budgets.create({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "b", namespace },
    spec: { selector: { matchLabels: { app: "a" } }, maxUnavailable: 1 },
  });
  await world.until(async () => (await told(world, "UnmanagedPods")).length > 0);
  assert.match(
    (await told(world, "UnmanagedPods"))[0]!,
    /^b: Pods selected by this PodDisruptionBudget \(selector: &LabelSelector\{MatchLabels:map\[string\]string\{app: a,\},MatchExpressions:\[\]LabelSelectorRequirement\{\},\}\) were found/,
  );
  await budgets.patch(at("b"), { spec: { maxUnavailable: "x%" } }, { type: "merge" }).catch(() => {});
  await world.client.of(pods).patch(
    at("p1"),
    {
      metadata: {
        ownerReferences: [{ apiVersion: "example.com/v1", kind: "Thing", name: "t", uid: "u", controller: true }],
      },
    },
    { type: "merge" },
  );
  await world.until(async () => {
    const [condition] = (await budgets.get(at("b"))).status?.conditions ?? [];
    return (
      condition?.reason === "SyncFailed" &&
      condition.message === 'no matches for kind "Thing" in version "example.com/v1"'
    );
  });
});

test("a quota is counted anew when something goes or ends", async () => {
  await using world = await createWorld(["resourcequota-controller"]);
  await world.addAccount(namespace);
  const quotas = world.client.of(resourceQuotas);
  const hard = { pods: "3", "requests.cpu": "2", configmaps: "9", "count/replicasets.apps": "4" };
  await world.client.of(configMaps).create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m", namespace } });
  await quotas.create({ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q", namespace }, spec: { hard } });
  const used = async (): Promise<string> => JSON.stringify((await quotas.get(at("q"))).status?.used ?? {});
  const shows = async (expected: object): Promise<void> => {
    const text = JSON.stringify(expected);
    await world.until(async () => (await used()) === text);
  };
  const none = { configmaps: "1", "count/replicasets.apps": "0", pods: "0", "requests.cpu": "0" };
  await world.until(async () => (await used()) !== "{}");
  assert.deepEqual(JSON.parse(await used()), none);
  const containers = [{ name: "c", image: "i", resources: { requests: { cpu: "500m" } } }];
  await addPod(world, "p1", { containers });
  await addPod(world, "p2", { containers });
  assert.deepEqual(JSON.parse(await used()), { ...none, pods: "2", "requests.cpu": "1" });
  await world.pass(1000);
  await setStatus(world, "p1", "Succeeded");
  await world.until(async () => (await used()).includes('"pods":"1"'));
  await world.client.of(pods).delete(at("p2"), { gracePeriodSeconds: 0 });
  await world.until(async () => (await used()).includes('"pods":"0"'));
  await quotas.patch(
    at("q"),
    { spec: { hard: { pods: "5", configmaps: null, "count/replicasets.apps": null } } },
    { type: "merge" },
  );
  await shows({ pods: "0", "requests.cpu": "0" });
});

test("pods of a node that is gone fail and go, after a while", async () => {
  await using world = await createWorld(["pod-garbage-collector-controller"]);
  await world.addAccount(namespace);
  await addNode(world, "here");
  await addPod(world, "stays", { nodeName: "here" });
  await addPod(world, "lost", { nodeName: "gone" });
  await world.client.of(pods).patch(at("lost"), { metadata: { finalizers: ["test.example/hold"] } }, { type: "merge" });
  await world.pass(39_000);
  assert.equal((await findPod(world, "lost"))?.status?.phase, "Pending");
  await world.until(async () => (await findPod(world, "lost"))?.metadata.deletionTimestamp !== undefined);
  const { status } = (await findPod(world, "lost"))!;
  assert.equal(status?.phase, "Failed");
  const condition = status?.conditions?.find((each) => each.type === "DisruptionTarget");
  assert.deepEqual(
    [condition?.status, condition?.reason, condition?.message],
    ["True", "DeletionByPodGC", "PodGC: node no longer exists"],
  );
  assert.ok(await findPod(world, "stays"));
});

test("a silent node's state is unknown, and its pods leave after five minutes", async () => {
  await using world = await createWorld(["node-lifecycle-controller", "taint-eviction-controller"]);
  await world.addAccount(namespace);
  const all = world.client.of(nodes);
  const report = async (name: string): Promise<void> => {
    const now = formatTime(world.clock.now());
    const condition = {
      type: "Ready",
      status: "True",
      reason: "KubeletReady",
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    };
    await all.patch({ name }, { status: { conditions: [condition] } }, { type: "strategic", subresource: "status" });
  };
  // Another one that lives: a cluster that is silent as a whole is cut off and is not evicted.
  for (const name of ["silent", "alive"]) {
    await addNode(world, name);
    await report(name);
  }
  const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" } as const;
  await world.client
    .of(leases)
    .create({ ...lease, metadata: { name: "alive", namespace: "kube-node-lease" }, spec: {} });
  const beat = async (): Promise<void> => {
    const renewTime = new Date(world.clock.now()).toISOString().replace("Z", "000Z");
    await world.client
      .of(leases)
      .patch({ namespace: "kube-node-lease", name: "alive" }, { spec: { renewTime } }, { type: "merge" });
  };
  const passAlive = async (ms: number): Promise<void> => {
    for (let leftMs = ms; leftMs > 0; leftMs -= 10_000) {
      await beat();
      await world.pass(Math.min(leftMs, 10_000));
    }
  };
  await addPod(world, "p", { nodeName: "silent" });
  await setStatus(world, "p", "Running", "True");
  await passAlive(40_000);
  const ready = async (name: string): Promise<string | undefined> =>
    (await all.get({ name })).status?.conditions?.find((each) => each.type === "Ready")?.status;
  assert.equal(await ready("silent"), "True");
  await passAlive(30_000);
  assert.deepEqual([await ready("silent"), await ready("alive")], ["Unknown", "True"]);
  const taints = (await all.get({ name: "silent" })).spec?.taints
    ?.map((taint) => `${taint.key}:${taint.effect}`)
    .sort();
  assert.deepEqual(taints, ["node.kubernetes.io/unreachable:NoExecute", "node.kubernetes.io/unreachable:NoSchedule"]);
  const pod = await findPod(world, "p");
  assert.equal(pod?.status?.conditions?.find((each) => each.type === "Ready")?.status, "False");
  await passAlive(270_000);
  assert.equal((await findPod(world, "p"))?.metadata.deletionTimestamp, undefined);
  await passAlive(40_000);
  const evicted = await findPod(world, "p");
  assert.ok(evicted?.metadata.deletionTimestamp);
  assert.equal(
    evicted.status?.conditions?.find((each) => each.type === "DisruptionTarget")?.reason,
    "DeletionByTaintManager",
  );
});

test("aggregated roles take up what their selectors choose", async () => {
  await using world = await createWorld(["clusterrole-aggregation-controller"]);
  const roles = world.client.of(clusterRoles);
  const has = async (resource: string): Promise<boolean> =>
    ((await roles.get({ name: "view" })).rules ?? []).some((rule) => rule.resources?.includes(resource));
  await world.until(() => has("configmaps"));
  assert.equal(await has("widgets"), false);
  await roles.create({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "widgets-view", labels: { "rbac.authorization.k8s.io/aggregate-to-view": "true" } },
    rules: [{ apiGroups: ["example.com"], resources: ["widgets"], verbs: ["get"] }],
  });
  await world.until(() => has("widgets"));
  await roles.delete({ name: "widgets-view" });
  await world.until(async () => !(await has("widgets")));
});

test("a claim in use waits for its pod", async () => {
  await using world = await createWorld(["persistentvolumeclaim-protection-controller"]);
  await world.addAccount(namespace);
  const claims = world.client.of(persistentVolumeClaims);
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  await claims.create({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "data", namespace },
    spec,
  } as never);
  await addPod(world, "p", { nodeName: "n", volumes: [{ name: "v", persistentVolumeClaim: { claimName: "data" } }] });
  await world.until(
    async () => (await claims.get(at("data"))).metadata.finalizers?.includes("kubernetes.io/pvc-protection") ?? false,
  );
  await claims.delete(at("data"));
  await world.pass(10_000);
  assert.ok((await claims.find(at("data")))?.metadata.deletionTimestamp);
  await world.client.of(pods).delete(at("p"), { gracePeriodSeconds: 0 });
  await world.until(async () => (await claims.find(at("data"))) === undefined);
});

test("nodes get ranges of addresses and the time to keep secrets", async () => {
  await using world = await createWorld(["node-ipam-controller", "ttl-controller"], {
    clusterCidr: "10.244.0.0/23,fd00:10::/56",
  });
  await addNode(world, "n1", { podCIDR: "10.244.1.0/24", podCIDRs: ["10.244.1.0/24"] });
  await addNode(world, "n2");
  const ranges = async (name: string) => (await world.client.of(nodes).get({ name })).spec?.podCIDRs?.join();
  await world.until(async () => (await ranges("n2")) !== undefined);
  assert.equal(await ranges("n2"), "10.244.0.0/24,fd00:10::/64");
  assert.equal(
    (await world.client.of(nodes).get({ name: "n2" })).metadata.annotations?.["node.alpha.kubernetes.io/ttl"],
    "0",
  );
  await addNode(world, "n3");
  await world.until(async () => (await told(world, "CIDRNotAvailable")).length > 0);
  assert.deepEqual(await told(world, "CIDRNotAvailable"), ["n3: Node n3 status is now: CIDRNotAvailable"]);
  await world.client.of(nodes).delete({ name: "n1" });
  await world.until(async () => (await ranges("n3")) === "10.244.1.0/24,fd00:10:0:1::/64");
});
