// Whole kubelets on simulated nodes with a virtual clock, against the real API server in memory. What is asserted here as text was recorded
// from a real cluster.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { configMaps, events, nodes, type Pod, type PodSpec, pods, secrets, serviceAccounts } from "../api/index.ts";
import { MetricRegistry, seededRng, silentLogger, VirtualClock } from "../base/index.ts";
import { type Client, createClient } from "../client/index.ts";
import type { Transport } from "../machinery/index.ts";
import { createFakeRuntime, type FakeRuntime, type FakeRuntimeOptions } from "../runtime/index.ts";
import { testServer } from "../server/testing.ts";
import type { ProbeAnswer } from "./host.ts";
import { createKubelet, createSimulatedHost, type KubeletConfig } from "./index.ts";

interface World {
  readonly clock: VirtualClock;
  readonly client: Client;
  readonly runtime: FakeRuntime;
  readonly host: ReturnType<typeof createSimulatedHost>;
  create(name: string, spec: Partial<PodSpec>, metadata?: Partial<Pod["metadata"]>): Promise<Pod>;
  pod(name: string): Promise<Pod>;
  /** Runs virtual time until it holds. */
  until(name: string, holds: (pod: Pod) => boolean): Promise<Pod>;
  told(name: string): Promise<string[]>;
  restart(): Promise<void>;
}

interface WorldOptions {
  readonly config?: Partial<KubeletConfig>;
  readonly image?: FakeRuntimeOptions["image"];
  readonly probe?: (target: string) => ProbeAnswer;
}

async function withWorld(options: WorldOptions, use: (world: World) => Promise<void>): Promise<void> {
  const clock = new VirtualClock();
  const server = await testServer({ clock });
  const client = createClient(server.transport(), { userAgent: "kubelet" });
  const host = createSimulatedHost({
    clock,
    machine: { hostname: "n1" },
    ...(options.probe === undefined ? {} : { probe: ({ target }) => options.probe!(target) }),
  });
  const runtime = createFakeRuntime({
    clock,
    appendLog: host.appendFile,
    ...(options.image === undefined ? {} : { image: options.image }),
  });
  let stop = new AbortController();
  /** The end is wrapped: waiting for the start must not wait for it. */
  const start = async (): Promise<{ readonly done: Promise<void> }> => {
    stop = new AbortController();
    const kubelet = createKubelet({
      ...{
        client,
        runtime,
        host,
        nodeName: "n1",
        clock,
        rng: seededRng(1),
        log: silentLogger,
        metrics: new MetricRegistry(),
      },
      config: { materializePods: false, clusterDns: ["10.96.0.10"], ...options.config },
    });
    const done = kubelet.run(stop.signal);
    let ready = false;
    void kubelet.ready.then(() => (ready = true));
    await clock.runUntil(() => ready, 10_000);
    return { done };
  };
  await client
    .of(serviceAccounts)
    .create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } });
  let running = await start();
  const pod = (name: string): Promise<Pod> => client.of(pods).get({ namespace: "default", name });
  try {
    await use({
      ...{ clock, client, runtime, host, pod },
      create: (name, spec, metadata = {}) =>
        client.of(pods).create({
          apiVersion: "v1",
          kind: "Pod",
          metadata: { name, namespace: "default", ...metadata },
          spec: { nodeName: "n1", automountServiceAccountToken: false, containers: [], ...spec },
        }),
      async until(name, holds) {
        for (let step = 0; step < 2000; step++) {
          const found = await pod(name);
          if (holds(found)) return found;
          await clock.advance(100);
        }
        throw new Error(`pod ${name} does not get there: ${JSON.stringify((await pod(name)).status)}`);
      },
      async told(name) {
        await clock.advance(100);
        const list = (await client.of(events).list({ namespace: "default" })).items;
        return list
          .filter((each) => each.involvedObject.name === name)
          .map((each) => `${each.type} ${each.reason} ${each.message}`);
      },
      async restart() {
        stop.abort(new DOMException("restart", "AbortError"));
        await running.done;
        running = await start();
      },
    });
  } finally {
    stop.abort(new DOMException("end", "AbortError"));
    await running.done;
    await runtime.close();
    await server.close();
  }
}

const phaseIs =
  (phase: string) =>
  (pod: Pod): boolean =>
    pod.status?.phase === phase;
const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") === true;
const waitingFor =
  (reason: string) =>
  (pod: Pod): boolean =>
    pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === reason;

describe("a kubelet on a simulated node", () => {
  it("registers its node, ready, with a lease", () =>
    withWorld({}, async ({ client, clock }) => {
      await clock.advance(1000);
      const node = await client.of(nodes).get({ name: "n1" });
      assert.deepEqual(
        node.status?.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]),
        [
          ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
          ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
          ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
          ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
        ],
      );
      assert.deepEqual([node.status?.capacity?.["cpu"], node.status?.allocatable?.["pods"]], ["8", "110"]);
      assert.deepEqual(node.status?.declaredFeatures, [
        "ExtendWebSocketsToKubelet",
        "InPlacePodLevelResourcesVerticalScaling",
        "RestartAllContainersOnContainerExits",
      ]);
    }));

  it("runs a pod to ready without waiting, and away again", () =>
    withWorld({}, async ({ create, until, client, pod, told, clock, runtime }) => {
      const before = clock.monotonic();
      await create("a", { containers: [{ name: "c", image: "web:1" }] });
      const ready = await until("a", isReady);
      assert.ok(clock.monotonic() - before <= 200, "it takes virtual time");
      assert.deepEqual(
        [ready.status?.podIP, ready.status?.phase, ready.status?.qosClass, ready.status?.observedGeneration],
        ["10.244.0.2", "Running", "BestEffort", 1],
      );
      assert.deepEqual(await told("a"), [
        'Normal Pulled Container image "web:1" already present on machine and can be accessed by the pod',
        "Normal Created Container created",
        "Normal Started Container started",
      ]);
      await client.of(pods).delete({ namespace: "default", name: "a" });
      await clock.advance(1000);
      await assert.rejects(pod("a"), /not found/);
      assert.deepEqual(
        [(await runtime.listPodSandboxes()).length, (await told("a")).at(-1)],
        [0, "Normal Killing Stopping container c"],
      );
    }));

  it("backs off from what crashes", () =>
    withWorld({}, async ({ create, until, told, clock }) => {
      await create("crash", { containers: [{ name: "c", image: "x:1", command: ["sh", "-c", "exit 3"] }] });
      const stateOf = (pod: Pod) => pod.status?.containerStatuses?.[0];
      const ended = (restarts: number) => (pod: Pod) =>
        stateOf(pod)?.restartCount === restarts && stateOf(pod)?.state?.terminated !== undefined;
      const pod = await until("crash", ended(1));
      assert.ok(
        (await told("crash")).includes(
          `Warning BackOff Back-off restarting failed container c in pod crash_default(${pod.metadata.uid})`,
        ),
      );
      await clock.advance(9000);
      const before = await until("crash", ended(1));
      assert.deepEqual(
        [stateOf(before)?.state?.terminated?.exitCode, stateOf(before)?.lastState?.terminated?.exitCode],
        [3, 3],
        "until the next try it says how the last one ended",
      );
      await clock.advance(2000);
      const next = await until("crash", (each) => (stateOf(each)?.restartCount ?? 0) >= 2);
      await clock.advance(150_000); // a delay by now that is longer than a step waits
      const waiting = stateOf(await until("crash", waitingFor("CrashLoopBackOff")));
      const delay = /^back-off [0-9m]+s restarting failed container=c pod=crash_default\((.*)\)$/;
      assert.equal(delay.exec(waiting?.state?.waiting?.message ?? "")?.[1], pod.metadata.uid);
      assert.equal(waiting?.lastState?.terminated?.exitCode, 3);
      assert.equal(next.status?.phase, "Running");
    }));

  it("starts init containers and sidecars in order, and ends sidecars last", () =>
    withWorld({}, async ({ create, until }) => {
      await create("s", {
        restartPolicy: "Never",
        initContainers: [
          { name: "i", image: "x:1", command: ["sh", "-c", "sleep 1"] },
          { name: "side", image: "x:1", restartPolicy: "Always" },
        ],
        containers: [{ name: "c", image: "x:1", command: ["sh", "-c", "sleep 2"] }],
      });
      const waiting = await until("s", (pod) => pod.status?.initContainerStatuses?.[0]?.state?.running !== undefined);
      assert.equal(waiting.status?.containerStatuses?.[0]?.state?.waiting?.reason, "PodInitializing");
      const done = await until("s", phaseIs("Succeeded"));
      assert.equal(done.status?.initContainerStatuses?.[1]?.state?.terminated?.exitCode, 143);
    }));

  it("tells what it cannot start", () =>
    withWorld(
      { image: (image) => (image.startsWith("gone") ? { error: "failed to resolve reference" } : "present") },
      async ({ create, until, told, client, clock }) => {
        await create("pull", { containers: [{ name: "c", image: "gone:1" }] });
        const pull = await until("pull", waitingFor("ImagePullBackOff"));
        assert.equal(
          pull.status?.containerStatuses?.[0]?.state?.waiting?.message,
          'Back-off pulling image "gone:1": ErrImagePull: failed to resolve reference',
        );
        const said = await told("pull");
        for (const text of [
          'Normal Pulling Pulling image "gone:1"',
          "Warning Failed Error: ErrImagePull",
          'Warning Failed Failed to pull image "gone:1": failed to resolve reference',
          'Normal BackOff Back-off pulling image "gone:1"',
        ])
          assert.ok(said.includes(text), `${text} is missing in ${said.join("\n")}`);
        await create("never", { containers: [{ name: "c", image: "gone:1", imagePullPolicy: "Never" }] });
        assert.equal(
          (await until("never", waitingFor("ErrImageNeverPull"))).status?.containerStatuses?.[0]?.state?.waiting
            ?.message,
          'Container image "gone:1" is not present with pull policy of Never',
        );
        await create("env", {
          containers: [{ name: "c", image: "x:1", envFrom: [{ configMapRef: { name: "late" } }] }],
        });
        assert.equal(
          (await until("env", waitingFor("CreateContainerConfigError"))).status?.containerStatuses?.[0]?.state?.waiting
            ?.message,
          'configmap "late" not found',
        );
        await client
          .of(configMaps)
          .create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "late", namespace: "default" }, data: {} });
        await clock.advance(15_000);
        await until("env", isReady);
      },
    ));

  it("refuses what does not fit", () =>
    withWorld({}, async ({ create, until, told }) => {
      await create("sel", { nodeSelector: { no: "where" }, containers: [{ name: "c", image: "x:1" }] });
      const { status } = await until("sel", phaseIs("Failed"));
      assert.deepEqual(
        [status?.reason, status?.message, status?.conditions],
        [
          "NodeAffinity",
          "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
          undefined,
        ],
      );
      assert.deepEqual(await told("sel"), [
        "Warning NodeAffinity Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
      ]);
    }));

  it("has room again as soon as the API has forgotten a pod, however long its containers take to end", () =>
    withWorld({}, async ({ create, until, client, runtime }) => {
      const resources = { requests: { cpu: "5" } };
      const annotations = { "runtime.typernetes.dev/stop-after": "60s" };
      await create("old", { containers: [{ name: "c", image: "x:1", resources }] }, { annotations });
      await until("old", isReady);
      await client.of(pods).delete({ namespace: "default", name: "old" }, { gracePeriodSeconds: 0 });
      await create("new", { containers: [{ name: "c", image: "x:1", resources }] });
      const { status } = await until("new", (pod) => pod.status?.phase !== "Pending");
      assert.deepEqual([status?.phase, status?.message], ["Running", undefined]);
      assert.equal((await runtime.listContainers({ state: "running" })).length, 2);
    }));

  it("listens to probes", () => {
    let healthy = true;
    return withWorld(
      {
        probe: () =>
          healthy
            ? { result: "success", output: "" }
            : { result: "failure", output: "HTTP probe failed with statuscode: 500" },
      },
      async ({ create, until, told }) => {
        await create("web", {
          containers: [
            {
              name: "c",
              image: "x:1",
              readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 2 },
              livenessProbe: { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 5 },
            },
          ],
        });
        await until("web", isReady);
        healthy = false;
        await until("web", (pod) => !isReady(pod));
        await until("web", (pod) => pod.status?.containerStatuses?.[0]?.restartCount === 1);
        healthy = true;
        await until("web", isReady);
        const said = await told("web");
        for (const text of [
          "Warning Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 500",
          "Warning Unhealthy Liveness probe failed: HTTP probe failed with statuscode: 500",
          "Normal Killing Container c failed liveness probe, will be restarted",
        ])
          assert.ok(said.includes(text), `${text} is missing in ${said.join("\n")}`);
      },
    );
  });

  it("tells what readiness probes say of a pod whose containers take their time to end", () => {
    let healthy = true;
    const failure = { result: "failure", output: "no" } as const;
    return withWorld(
      { probe: () => (healthy ? { result: "success", output: "" } : failure) },
      async ({ client, create, until }) => {
        const readinessProbe = { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 1 };
        await create(
          "web",
          { terminationGracePeriodSeconds: 60, containers: [{ name: "c", image: "x:1", readinessProbe }] },
          { annotations: { "runtime.typernetes.dev/stop-after": "30s" } },
        );
        await until("web", isReady);
        await client.of(pods).delete({ namespace: "default", name: "web" });
        await until("web", (pod) => pod.metadata.deletionTimestamp !== undefined && isReady(pod));
        healthy = false;
        const unready = await until("web", (pod) => !isReady(pod));
        assert.notEqual(unready.status?.containerStatuses?.[0]?.state?.running, undefined);
      },
    );
  });

  for (const stopExitCode of [143, 0])
    it(`ends what runs longer than it may, also when its containers then end with ${stopExitCode}`, () =>
      withWorld({}, async ({ create, until, told, clock }) => {
        const annotations = { "runtime.typernetes.dev/stop-exit-code": String(stopExitCode) };
        const spec = { activeDeadlineSeconds: 5, containers: [{ name: "c", image: "x:1" }] };
        await create("job", spec, { annotations });
        const ended = await until("job", phaseIs("Failed"));
        await clock.advance(60_000);
        const { status } = await until("job", () => true);
        const why = ["DeadlineExceeded", "Pod was active on the node longer than the specified deadline"];
        assert.deepEqual([ended.status?.reason, ended.status?.message], why);
        assert.deepEqual([status?.phase, status?.reason, status?.message], ["Failed", ...why]);
        assert.equal(status?.containerStatuses?.[0]?.state?.terminated?.exitCode, stopExitCode);
        assert.equal((await told("job")).filter((line) => line.includes("DeadlineExceeded")).length, 1);
      }));

  it("leaves running pods alone when it starts again, and ends those that went meanwhile", () =>
    withWorld({}, async ({ create, until, restart, runtime, client, pod, clock }) => {
      await create("stays", { containers: [{ name: "c", image: "x:1" }] });
      await until("stays", isReady);
      const [before] = await runtime.listContainers();
      await restart();
      await clock.advance(5000);
      assert.deepEqual(
        (await runtime.listContainers()).map((each) => each.id),
        [before?.id],
      );
      assert.ok(isReady(await pod("stays")));
      await client.of(pods).delete({ namespace: "default", name: "stays" }, { gracePeriodSeconds: 0 });
      await clock.advance(10_000);
      assert.deepEqual(await runtime.listPodSandboxes(), []);
    }));

  it("shows volumes as files that follow their objects", () =>
    withWorld({ config: { materializePods: true } }, async ({ create, until, client, host, clock }) => {
      await client.of(configMaps).create({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "cm", namespace: "default" },
        data: { a: "1", gone: "x" },
      });
      const pod = await create("v", {
        volumes: [{ name: "cm", configMap: { name: "cm" } }],
        containers: [{ name: "c", image: "x:1", volumeMounts: [{ name: "cm", mountPath: "/cm" }] }],
      });
      await until("v", isReady);
      const directory = `/var/lib/kubelet/pods/${pod.metadata.uid}/volumes/kubernetes.io~configmap/cm`;
      const read = async (name: string): Promise<string> =>
        new TextDecoder().decode(await host.files.read(`${directory}/${name}`));
      assert.equal(await read("a"), "1");
      const first = await host.files.readLink(`${directory}/..data`);
      await client
        .of(configMaps)
        .patch({ namespace: "default", name: "cm" }, { data: { a: "2", b: "3", gone: null } }, { type: "merge" });
      await clock.advance(2000);
      assert.deepEqual([await read("a"), await read("b")], ["2", "3"]);
      assert.notEqual(await host.files.readLink(`${directory}/..data`), first);
      assert.deepEqual((await host.files.list(directory)).filter((name) => !name.startsWith("..")).sort(), ["a", "b"]);
      await client.of(pods).delete({ namespace: "default", name: "v" });
      await clock.advance(2000);
      assert.equal(await host.files.stat(`/var/lib/kubelet/pods/${pod.metadata.uid}`), undefined);
    }));

  it("runs pods of its own directory and shows them", () =>
    withWorld({ config: { staticPodPath: "/manifests" } }, async ({ host, clock, pod, runtime }) => {
      host.appendFile(
        "/manifests/web.yaml",
        `apiVersion: v1
kind: Pod
metadata: {name: web, annotations: {runtime.typernetes.dev/stop-after: 25s}}
spec: {containers: [{name: c, image: 'x:1'}]}
`,
      );
      await clock.advance(60_000);
      const mirror = await pod("web-n1");
      assert.deepEqual(
        [
          mirror.status?.phase,
          mirror.metadata.annotations?.["kubernetes.io/config.source"],
          mirror.metadata.ownerReferences?.[0]?.kind,
        ],
        ["Running", "file", "Node"],
      );
      const text = await host.files.read("/manifests/web.yaml");
      const running = async () => (await runtime.listContainers({ state: "running" })).map(({ id }) => id);
      const [first] = await running();
      await host.files.remove("/manifests/web.yaml");
      await clock.advance(20_100);
      await host.files.write("/manifests/web.yaml", text, 0o644);
      await clock.advance(60_000);
      assert.equal((await running()).length, 1, "a file that is back before its pod has ended starts it again");
      assert.notEqual((await running())[0], first);
      assert.equal((await pod("web-n1")).status?.phase, "Running");
      await host.files.remove("/manifests/web.yaml");
      await clock.advance(60_000);
      await assert.rejects(pod("web-n1"), /not found/);
      assert.deepEqual(await running(), []);
    }));

  it("resizes a whole pod: its cgroup, and the containers that have no limit of their own", () =>
    withWorld({ config: { materializePods: true } }, async ({ host, client, create, until, told, runtime }) => {
      const own = { requests: { cpu: "100m", memory: "16Mi" }, limits: { cpu: "100m", memory: "16Mi" } };
      const pod = await create("p", {
        resources: { requests: { cpu: "200m", memory: "64Mi" }, limits: { cpu: "400m", memory: "128Mi" } },
        containers: [
          { name: "free", image: "x:1" },
          { name: "bound", image: "x:1", resources: own },
        ],
      });
      await until("p", isReady);
      const cgroup = `/kubepods/burstable/pod${pod.metadata.uid}`;
      const limits = async (name: string) => {
        const all = await runtime.listContainers({ podUid: pod.metadata.uid });
        const found = all.find(({ labels }) => labels["io.kubernetes.container.name"] === name);
        const { resources } = (await runtime.containerStatus(found!.id))!;
        return [resources?.cpuQuota, resources?.memoryLimitBytes];
      };
      assert.deepEqual(await limits("free"), [40_000, 128 * 1024 ** 2]);
      assert.deepEqual(await limits("bound"), [10_000, 16 * 1024 ** 2]);
      await client
        .of(pods)
        .patch(
          { namespace: "default", name: "p" },
          { spec: { resources: { limits: { cpu: "500m", memory: "256Mi" }, requests: { cpu: "300m" } } } },
          { type: "merge", subresource: "resize" },
        );
      await until("p", ({ status }) => status?.allocatedResources?.["cpu"] === "300m");
      await until("p", ({ status }) => !status?.conditions?.some(({ type }) => type === "PodResizeInProgress"));
      assert.deepEqual(host.cgroupSettings.get(cgroup), {
        cpuShares: 307,
        cpuQuota: 50_000,
        cpuPeriod: 100_000,
        memoryLimitBytes: 256 * 1024 ** 2,
      });
      assert.deepEqual(await limits("free"), [50_000, 256 * 1024 ** 2]);
      assert.deepEqual(await limits("bound"), [10_000, 16 * 1024 ** 2]);
      const reasons = (await told("p")).map((line) => line.split(" ")[1]).filter((each) => each?.startsWith("Resize"));
      assert.deepEqual(reasons.sort(), ["ResizeCompleted", "ResizeStarted"]);
    }));

  it("writes no secret where its file system in memory could not be had", () =>
    withWorld({ config: { materializePods: true } }, async ({ host, client, clock, create, until }) => {
      const at = { namespace: "default", name: "s" };
      await client
        .of(secrets)
        .create({ apiVersion: "v1", kind: "Secret", metadata: at, type: "Opaque", data: { k: "c2VjcmV0" } });
      const real = host.mounts.tmpfs;
      let refusals = 0;
      const mounts = host.mounts as { tmpfs: typeof real };
      mounts.tmpfs = async (...words) => {
        if (refusals++ < 2) throw new Error("no memory");
        await real(...words);
      };
      const volumes = [{ name: "s", secret: { secretName: "s" } }];
      const volumeMounts = [{ name: "s", mountPath: "/s" }];
      const pod = await create("p", { volumes, containers: [{ name: "c", image: "x:1", volumeMounts }] });
      const directory = `/var/lib/kubelet/pods/${pod.metadata.uid}/volumes/kubernetes.io~secret/s`;
      await clock.advance(100);
      assert.deepEqual(await host.files.list(directory), []);
      await until("p", isReady);
      assert.ok(refusals > 2);
      assert.deepEqual(await host.mounts.below(directory), [directory]);
      assert.ok((await host.files.list(directory)).includes("k"));
    }));

  it("runs pods of its own directory before there is an API server: it may be one of them", async () => {
    const clock = new VirtualClock();
    const host = createSimulatedHost({ clock, machine: { hostname: "n1" } });
    for (const name of ["etcd", "kube-apiserver"])
      host.appendFile(
        `/manifests/${name}.yaml`,
        `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {hostNetwork: true, containers: [{name: c, image: 'x:1'}]}\n`,
      );
    const runtime = createFakeRuntime({ clock, appendLog: host.appendFile });
    const refused = async (): Promise<never> => {
      throw new Error("connect ECONNREFUSED 127.0.0.1:6443");
    };
    const nobody = createClient({ request: refused } as unknown as Transport, { userAgent: "kubelet" });
    const kubelet = createKubelet({
      ...{ client: nobody, runtime, host, nodeName: "n1", clock, rng: seededRng(1), log: silentLogger },
      metrics: new MetricRegistry(),
      config: { materializePods: false, staticPodPath: "/manifests" },
    });
    const stop = new AbortController();
    const done = kubelet.run(stop.signal);
    await clock.advance(30_000);
    const running = await runtime.listContainers({ state: "running" });
    assert.deepEqual(running.map(({ labels }) => labels["io.kubernetes.pod.name"]).sort(), [
      "etcd-n1",
      "kube-apiserver-n1",
    ]);
    stop.abort(new DOMException("end", "AbortError"));
    let over = false;
    void done.then(() => (over = true));
    await clock.runUntil(() => over, 120_000);
    await runtime.close();
  });
});
