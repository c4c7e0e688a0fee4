import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { get } from "node:https";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import {
  type Cluster,
  type Deployment,
  deployments,
  isForbidden,
  type NewObject,
  nodes,
  pods,
  replicaSets,
  type StartClusterOptions,
  seededRng,
  startCluster,
  VirtualClock,
} from "./index.ts";

const web = { namespace: "default", name: "web" } as const;
const deployment = (replicas: number): NewObject<Deployment> => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: web,
  spec: {
    replicas,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web:1" }] } },
  },
});

const available = async (cluster: Cluster): Promise<number> =>
  (await cluster.client.of(deployments).get(web)).status?.availableReplicas ?? 0;

test("a Deployment becomes available on a simulated node and goes with all it owns", async () => {
  await using cluster = await startCluster();
  const client = cluster.client.of(deployments);
  await client.create(deployment(2));
  await cluster.waitFor(async () => (await available(cluster)) === 2, { what: "two available replicas" });
  const running = (await cluster.client.of(pods).list({ namespace: "default" })).items;
  assert.deepEqual(
    running.map((pod) => [pod.spec.nodeName, pod.status?.phase]),
    [
      ["node-0", "Running"],
      ["node-0", "Running"],
    ],
  );
  await client.delete(web);
  await cluster.waitFor(async () => (await cluster.client.of(replicaSets).list()).items.length === 0);
});

test("a pod that restarts all of its containers finds a node", async () => {
  await using cluster = await startCluster();
  const at = { namespace: "default", name: "p" } as const;
  const rule = { action: "RestartAllContainers" as const, exitCodes: { operator: "In" as const, values: [88] } };
  const container = { name: "c", image: "web:1", restartPolicy: "Never" as const, restartPolicyRules: [rule] };
  await cluster.client
    .of(pods)
    .create({ apiVersion: "v1", kind: "Pod", metadata: at, spec: { containers: [container] } });
  await cluster.waitFor(async () => (await cluster.client.of(pods).get(at)).status?.phase === "Running");
});

test("when it resolves the nodes are there; more can be added and switched off", async () => {
  await using cluster = await startCluster({ nodes: 2 });
  const names = async (): Promise<string[]> =>
    (await cluster.client.of(nodes).list()).items.map((node) => node.metadata.name);
  assert.deepEqual(await names(), ["node-0", "node-1"]);
  assert.equal(await cluster.addNode("extra"), "extra");
  assert.deepEqual(await names(), ["extra", "node-0", "node-1"]);
  await assert.rejects(cluster.addNode("extra"), /there is a node extra already/);
  await cluster.stopNode("extra");
  await assert.rejects(cluster.stopNode("extra"), /there is no node extra/);
});

test("authorization answers as over the wire", async () => {
  await using cluster = await startCluster({ nodes: 0, controllers: [], scheduler: false });
  const nobody = cluster.clientAs({ username: "nobody", groups: ["system:authenticated"] });
  await assert.rejects(nobody.of(pods).list({ namespace: "default" }), isForbidden);
  const kubelet = cluster.clientAs({ username: "system:node:a", groups: ["system:nodes", "system:authenticated"] });
  await kubelet.of(pods).list({ fieldSelector: "spec.nodeName=a" });
});

test("a virtual clock and a seed: minutes pass in a moment, and always in the same way", async () => {
  const run = async (): Promise<string[]> => {
    const clock = new VirtualClock();
    await using cluster = await startCluster({ clock, rng: seededRng(7) });
    await cluster.client.of(deployments).create(deployment(3));
    await clock.advance(600_000);
    assert.equal(await available(cluster), 3);
    return (await cluster.client.of(pods).list()).items.map((pod) => `${pod.metadata.name} ${pod.metadata.uid}`);
  };
  assert.deepEqual(await run(), await run());
});

test("a listening cluster has a kubeconfig that works over TLS", async () => {
  await using cluster = await startCluster({ listen: true, nodes: 0, controllers: [], scheduler: false });
  const config = load(cluster.kubeconfig!) as {
    clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
    users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
  };
  const { server, "certificate-authority-data": ca } = config.clusters[0]!.cluster;
  const user = config.users[0]!.user;
  assert.equal(server, cluster.url);
  const pem = (text: string): Buffer => Buffer.from(text, "base64");
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const options = {
      ...{ ca: pem(ca), cert: pem(user["client-certificate-data"]), key: pem(user["client-key-data"]) },
      agent: false as const,
    };
    get(`${server}/api/v1/nodes`, options, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(answer.statusCode));
    }).once("error", reject);
  });
  assert.equal(status, 200);
});

test("unknown controllers and admission plugins are refused by name", async () => {
  const refused: readonly [StartClusterOptions, RegExp][] = [
    [{ controllers: ["no-such-controller"] }, /"no-such-controller" is not in the list of known controllers/],
    [{ admission: { enable: ["NoSuchPlugin"] } }, /NoSuchPlugin/],
  ];
  for (const [options, expected] of refused) await assert.rejects(startCluster(options), expected);
});

test("stop is idempotent, and the process ends by itself", async () => {
  const index = new URL("./index.ts", import.meta.url).href;
  const program = `
    import { startCluster } from ${JSON.stringify(index)};
    for (const listen of [false, true]) {
      const cluster = await startCluster({ listen, nodes: 2 });
      await cluster.stop();
      await cluster.stop();
    }
    process.once("beforeExit", () => {
      const left = process.getActiveResourcesInfo().filter((name) => name !== "PipeWrap"); // standard output
      console.log(left.length === 0 ? "nothing is left" : left.join());
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 0);
  assert.equal(output.trim(), "nothing is left");
});
