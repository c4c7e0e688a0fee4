// The components as processes of their own: HTTPS, certificates and kubeconfigs between them, as a cluster put together by hand has it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  AppsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  KubeConfig,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Deployment,
  Watch,
} from "@kubernetes/client-node";
import { runProgram, t8s } from "./harness.ts";
import { type Component, eventually, freePort, Workshop } from "./workshop.ts";

function clientConfig(path: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(path);
  return config;
}

const deployment = (name: string, replicas: number): V1Deployment => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "main", image: "registry.example/app:1" }] },
    },
  },
});

const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Of a port whose certificate nobody can check. */
const ask = (port: number, path: string, token?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const sent = request({ host: "127.0.0.1", port, path, headers, rejectUnauthorized: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end();
  });

before(async () => {
  const built = await runProgram(t8s, ["version"]);
  assert.equal(built.status, 0, built.stderr);
});

describe("a cluster of processes", () => {
  const shop = new Workshop();
  after(() => shop.clear());

  test("rolls out, survives its API server and its leader being killed, and ends cleanly", async () => {
    const port = await freePort();
    const data = ["--store=sqlite", `--data-dir=${join(shop.directory, "data")}`];
    const admin = clientConfig(shop.kubeconfig("admin", port, { client: shop.pki.admin }));
    const [apps, core] = [admin.makeApiClient(AppsV1Api), admin.makeApiClient(CoreV1Api)];
    const elections = [
      "--leader-elect-lease-duration=4s",
      "--leader-elect-renew-deadline=3s",
      "--leader-elect-retry-period=1s",
    ];
    const startManager = async (): Promise<{ component: Component; health: number }> => {
      const health = await freePort();
      const flags = [`--secure-port=${health}`, "--bind-address=127.0.0.1", "--use-service-account-credentials"];
      const credentials = shop.kubeconfig("controller-manager", port, { client: shop.pki.controllerManager });
      const component = shop.start("controller-manager", `--kubeconfig=${credentials}`, ...flags, ...elections);
      return { component, health };
    };
    const available = (wanted: number): Promise<V1Deployment> =>
      eventually(`${wanted} available replicas`, async () => {
        const found = await apps.readNamespacedDeployment({ name: "web", namespace: "default" });
        return found.status?.availableReplicas === wanted ? found : undefined;
      });
    const scale = (replicas: number): Promise<unknown> =>
      apps.patchNamespacedDeployment({ name: "web", namespace: "default", body: { spec: { replicas } } }, merge);

    // The others are there before the API server: they wait for it.
    const first = await startManager();
    const schedulerPort = await freePort();
    const scheduler = shop.start(
      "scheduler",
      `--kubeconfig=${shop.kubeconfig("scheduler", port, { client: shop.pki.scheduler })}`,
      `--secure-port=${schedulerPort}`,
      "--bind-address=127.0.0.1",
      "--authentication-kubeconfig=/dev/null",
      ...elections,
    );
    const kubelet = shop.start(
      "kubelet",
      "--simulated",
      `--kubeconfig=${shop.kubeconfig("worker", port, { client: shop.pki.nodes.get("worker")!.client })}`,
      "--hostname-override=worker",
      "--node-ip=192.0.2.1",
      "--healthz-port=0",
    );
    await eventually("the complaint", async () => (/does not answer/.test(first.component.log()) ? true : undefined));
    let server = shop.apiServer(port, ...data);
    await eventually("the API server", async () => (await core.listNamespace()).items);

    await apps.createNamespacedDeployment({ namespace: "default", body: deployment("web", 2) });
    await available(2);
    const before = await core.listNamespacedPod({ namespace: "default" });

    assert.equal(await server.end("SIGKILL"), "SIGKILL");
    server = shop.apiServer(port, ...data);
    await eventually("the API server again", () => scale(3));
    await available(3);
    const later = await core.listNamespacedPod({ namespace: "default" });
    const uids = later.items.map((each) => each.metadata?.uid);
    for (const pod of before.items) assert.ok(uids.includes(pod.metadata?.uid), `${pod.metadata?.name} was lost`);

    const lease = () =>
      admin
        .makeApiClient(CoordinationV1Api)
        .readNamespacedLease({ name: "kube-controller-manager", namespace: "kube-system" });
    const held = await lease();
    const second = await startManager();
    assert.equal(await first.component.end("SIGKILL"), "SIGKILL");
    const taken = await eventually("a new leader", async () => {
      const found = await lease();
      return found.spec?.holderIdentity === held.spec?.holderIdentity ? undefined : found;
    });
    assert.equal(taken.spec?.leaseTransitions, (held.spec?.leaseTransitions ?? 0) + 1);
    await scale(1);
    await available(1);

    assert.deepEqual(await ask(second.health, "/healthz"), { status: 200, text: "ok" });
    assert.deepEqual(await ask(schedulerPort, "/livez"), { status: 200, text: "ok" });
    assert.equal((await ask(second.health, "/metrics")).status, 403);
    assert.equal((await ask(second.health, "/metrics", "nobody's")).status, 401);
    const token = await core.createNamespacedServiceAccountToken({
      name: "default",
      namespace: "kube-system",
      body: { spec: { audiences: [] } },
    });
    const refused = await ask(second.health, "/metrics", token.status?.token);
    assert.match(refused.text, /forbidden: User \\"system:serviceaccount:kube-system:default\\" cannot get path/);
    assert.match(scheduler.log(), /this flag has no effect flag=--authentication-kubeconfig/);

    // A server that takes requests and answers none holds nobody back.
    server.process.kill("SIGSTOP");
    for (const component of [second.component, scheduler, kubelet])
      assert.equal(await component.end("SIGTERM"), 0, component.log());
    server.process.kill("SIGCONT");
    assert.equal(await server.end("SIGTERM"), 0, server.log());
  });

  test("starts as envtest starts kube-apiserver: the certificate in --cert-dir is served", async () => {
    const port = await freePort();
    const folder = join(shop.directory, "envtest");
    mkdirSync(folder);
    for (const name of ["apiserver.crt", "apiserver.key"]) copyFileSync(shop.file(name), join(folder, name));
    const server = shop.start(
      "apiserver",
      "--store=memory",
      "--allow-privileged=true",
      "--authorization-mode=RBAC",
      "--bind-address=127.0.0.1",
      `--cert-dir=${folder}`,
      `--client-ca-file=${shop.file("ca.crt")}`,
      "--disable-admission-plugins=ServiceAccount",
      "--etcd-servers=http://127.0.0.1:1",
      `--secure-port=${port}`,
      `--service-account-issuer=https://127.0.0.1:${port}/`,
      `--service-account-key-file=${shop.file("sa.pub")}`,
      `--service-account-signing-key-file=${shop.file("sa.key")}`,
      "--service-cluster-ip-range=10.0.0.0/24",
    );
    const config = clientConfig(shop.kubeconfig("envtest", port, { client: shop.pki.admin }));
    const found = await eventually("the default namespace", () =>
      config.makeApiClient(CoreV1Api).readNamespace({ name: "default" }),
    );
    assert.equal(found.status?.phase, "Active");
    assert.deepEqual(readdirSync(folder).sort(), ["apiserver.crt", "apiserver.key"]);
    assert.match(server.log(), /this flag has no effect flag=--etcd-servers/);
    assert.equal(await server.end("SIGTERM"), 0, server.log());
  });

  test("says what is wrong and ends with a status", async (t) => {
    const taken = createServer().listen(0, "127.0.0.1");
    t.after(() => taken.close());
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const anyone = shop.kubeconfig("anyone", 1, {});
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [["apiserver", "--frobnicate"], 1, /unknown flag: --frobnicate/],
      [["apiserver", "--store=paper"], 1, /invalid argument "paper" for "--store" flag/],
      [["apiserver", "--authorization-mode=Guess", "--store=memory", `--cert-dir=${shop.directory}/x`], 1, /Guess/],
      [
        ["apiserver", "--token-auth-file=/nowhere", `--cert-dir=${shop.directory}/x`],
        1,
        /--token-auth-file.*\/nowhere/,
      ],
      [
        [
          "apiserver",
          "--store=memory",
          `--secure-port=${port}`,
          "--bind-address=127.0.0.1",
          `--cert-dir=${shop.directory}/x`,
        ],
        1,
        /cannot listen on 127\.0\.0\.1:\d+: the port is in use/,
      ],
      [["scheduler"], 1, /--kubeconfig is needed/],
      [["scheduler", "--kubeconfig=/nowhere"], 1, /cannot read the kubeconfig \/nowhere/],
      [
        ["scheduler", `--kubeconfig=${anyone}`, `--secure-port=${port}`, "--bind-address=127.0.0.1"],
        1,
        /the port is in use/,
      ],
      [["controller-manager", `--kubeconfig=${anyone}`, "--controllers=guess"], 1, /"guess" is not in the list/],
      [["controller-manager", `--kubeconfig=${anyone}`, "--leader-elect-lease-duration=1s"], 1, /must be longer/],
      [["proxy", `--kubeconfig=${anyone}`, "--healthz-bind-address=here"], 1, /use ADDRESS:PORT/],
    ];
    for (const [[name, ...flags], status, message] of cases) {
      const component = shop.start(name!, ...flags);
      const [ended] = (await once(component.process, "exit")) as [number];
      assert.match(component.log(), message);
      assert.equal(ended, status, component.log());
    }
  });
});

describe("the JavaScript client of the Kubernetes project", () => {
  const shop = new Workshop();
  let core: CoreV1Api;
  let config: KubeConfig;
  let server: Component;
  const namespace = "default";
  after(() => shop.clear());

  before(async () => {
    const port = await freePort();
    writeFileSync(shop.file("tokens.csv"), 'secret,ann,1,"system:masters"\n');
    server = shop.apiServer(port, "--store=memory", `--token-auth-file=${shop.file("tokens.csv")}`);
    config = clientConfig(shop.kubeconfig("ann", port, { token: "secret" }));
    core = config.makeApiClient(CoreV1Api);
    await eventually("the API server", async () => (await core.listNamespace()).items);
  });

  test("creates, reads, patches, replaces and deletes", async () => {
    const created = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: "a" }, data: { k: "1" } },
    });
    assert.match(created.metadata?.uid ?? "", /^[0-9a-f-]{36}$/);
    const patched = await core.patchNamespacedConfigMap({ name: "a", namespace, body: { data: { l: "2" } } }, merge);
    assert.deepEqual(patched.data, { k: "1", l: "2" });
    const strategic = setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch);
    await core.patchNamespacedConfigMap(
      { name: "a", namespace, body: { metadata: { labels: { x: "y" } } } },
      strategic,
    );
    await assert.rejects(core.replaceNamespacedConfigMap({ name: "a", namespace, body: created }), { code: 409 });
    const current = await core.readNamespacedConfigMap({ name: "a", namespace });
    await core.replaceNamespacedConfigMap({ name: "a", namespace, body: { ...current, data: { m: "3" } } });
    const { items } = await core.listNamespacedConfigMap({ namespace, labelSelector: "x=y" });
    assert.deepEqual(
      items.map((each) => each.data),
      [{ m: "3" }],
    );
    await core.deleteNamespacedConfigMap({ name: "a", namespace });
    await assert.rejects(core.readNamespacedConfigMap({ name: "a", namespace }), { code: 404 });
  });

  test("watches from a version", async () => {
    const start = await core.listNamespacedConfigMap({ namespace });
    const seen: string[] = [];
    const watching = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion: start.metadata?.resourceVersion, fieldSelector: "metadata.name=w" },
      (type: string, object: V1ConfigMap) => void seen.push(`${type} ${object.metadata?.name}`),
      () => {},
    );
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "other" } } });
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "w" } } });
    await core.patchNamespacedConfigMap({ name: "w", namespace, body: { data: { a: "b" } } }, merge);
    await core.deleteNamespacedConfigMap({ name: "w", namespace });
    await eventually("three events", async () => (seen.length >= 3 ? seen : undefined));
    watching.abort();
    assert.deepEqual(seen, ["ADDED w", "MODIFIED w", "DELETED w"]);
  });

  test("keeps an informer's cache", async () => {
    const list = () => core.listNamespacedConfigMap({ namespace });
    const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list);
    const seen: string[] = [];
    for (const verb of ["add", "update", "delete"] as const)
      informer.on(verb, (object: V1ConfigMap) => {
        if (object.metadata?.name === "i") seen.push(verb);
      });
    await informer.start();
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "i" }, data: { n: "0" } } });
    await core.patchNamespacedConfigMap({ name: "i", namespace, body: { data: { n: "1" } } }, merge);
    await eventually("the patched object", async () =>
      informer.get("i", namespace)?.data?.["n"] === "1" ? true : undefined,
    );
    await core.deleteNamespacedConfigMap({ name: "i", namespace });
    await eventually("the deletion", async () => (seen.includes("delete") ? true : undefined));
    await informer.stop();
    assert.deepEqual([seen[0], seen.at(-1)], ["add", "delete"]);
  });

  test("is told when its credentials are not known", async () => {
    const stranger = clientConfig(
      shop.kubeconfig("stranger", Number(new URL(config.getCurrentCluster()!.server).port), { token: "wrong" }),
    );
    await assert.rejects(stranger.makeApiClient(CoreV1Api).listNamespace(), { code: 401 });
    assert.equal(await server.end("SIGTERM"), 0);
  });
});
