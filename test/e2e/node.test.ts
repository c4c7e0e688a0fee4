// `t8s kubelet` as a process of its own, against an API server process and a containerd that somebody else runs: what a real node does
// besides starting pods. Attach, gRPC probes, log rotation, a restart of the kubelet, disk pressure with image collection and eviction.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { silentLogger } from "../../src/base/index.ts";
import { nodeAddress } from "../../src/cluster/index.ts";
import { connectCri } from "../../src/runtime/cri/index.ts";
import { type TestContainerd, testContainerd, testImage } from "../../src/runtime/cri/testing.ts";
import { type Output, type RunOptions, runProgram, t8s } from "./harness.ts";
import { removeCgroup } from "./machine.ts";
import { type Component, eventually, freePort, Workshop } from "./workshop.ts";

const shop = new Workshop();
let containerd: TestContainerd;
let kubeconfig: string;
let apiPort: number;
let kubeletPort: number;
let kubelet: Component | undefined;

const kubectl = (args: readonly string[], options: RunOptions = {}): Promise<Output> =>
  runProgram("kubectl", args, { ...options, env: { KUBECONFIG: kubeconfig, HOME: shop.directory } });

const apply = async (...pods: object[]): Promise<void> => {
  const input = pods.map((pod) => JSON.stringify(pod)).join("\n");
  const output = await kubectl(["apply", "-f", "-"], { input });
  assert.equal(output.status, 0, output.stderr);
};

const shows = (what: string, args: readonly string[], done: (text: string) => boolean): Promise<string> =>
  eventually(what, async () => {
    const { stdout, stderr } = await kubectl(args);
    if (!done(stdout)) throw new Error(`${stdout}${stderr}\nthe kubelet said:\n${kubelet?.log() ?? ""}`);
    return stdout;
  });

const pod = (name: string, container: object, over: object = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: {
    nodeName: "worker",
    terminationGracePeriodSeconds: 1,
    containers: [{ name: "main", image: testImage, imagePullPolicy: "IfNotPresent", ...container }],
    ...over,
  },
});

const podLogs = (): string => join(shop.directory, "pods");

const cgroup = `t8s-node-${process.pid}`;

function startKubelet(...flags: string[]): Component {
  return shop.start(
    "kubelet",
    `--kubeconfig=${shop.kubeconfig("node", apiPort, { client: shop.pki.nodes.get("worker")!.client })}`,
    "--hostname-override=worker",
    `--node-ip=${nodeAddress()}`,
    `--container-runtime-endpoint=unix://${containerd.socket}`,
    `--root-dir=${join(shop.directory, "kubelet")}`,
    `--pod-logs-dir=${podLogs()}`,
    `--cgroup-root=/${cgroup}`,
    `--client-ca-file=${shop.file("ca.crt")}`,
    `--tls-cert-file=${shop.file("nodes/worker-serving.crt")}`,
    `--tls-private-key-file=${shop.file("nodes/worker-serving.key")}`,
    `--port=${kubeletPort}`,
    "--healthz-port=0",
    ...flags,
  );
}

before(async () => {
  const built = await runProgram(t8s, ["version"]);
  assert.equal(built.status, 0, built.stderr);
  containerd = await testContainerd();
  [apiPort, kubeletPort] = [await freePort(), await freePort()];
  kubeconfig = shop.kubeconfig("admin", apiPort, { client: shop.pki.admin });
  shop.apiServer(apiPort, "--store=memory", "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition");
  await shows("the API server", ["get", "--raw", "/readyz"], (text) => text === "ok");
  kubelet = startKubelet("--container-log-max-size=4Ki", "--container-log-max-files=3");
  await shows("the node", ["get", "node", "worker"], (text) => / Ready /.test(text));
});

after(async () => {
  await kubectl(["delete", "pods", "--all", "--wait=true", "--timeout=30s"]);
  await kubelet?.end("SIGTERM");
  await shop.clear();
  await containerd.destroy();
  removeCgroup(cgroup);
});

test("attach carries both directions", async () => {
  await apply(pod("echo", { command: ["cat"], stdin: true, stdinOnce: true }));
  await shows("the pod", ["get", "pod", "echo"], (text) => /1\/1 +Running/.test(text));
  const child = spawn("kubectl", ["attach", "-i", "echo"], {
    env: { ...process.env, KUBECONFIG: kubeconfig, HOME: shop.directory },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  child.stdin.write("over here\n");
  await eventually("the echo", async () => (said.includes("over here\n") ? true : undefined));
  child.stdin.end();
  await once(child, "exit");
  // stdinOnce: the container's input ended with the client.
  await shows(
    "the end",
    ["get", "pod", "echo", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"],
    (text) => text === "1",
  );
});

test("a gRPC probe decides readiness", async () => {
  let serving = false;
  const server = new Server();
  server.addService(
    {
      Check: {
        path: "/grpc.health.v1.Health/Check",
        requestStream: false,
        responseStream: false,
        requestSerialize: (value: Buffer) => value,
        requestDeserialize: (value: Buffer) => value,
        responseSerialize: (value: Buffer) => value,
        responseDeserialize: (value: Buffer) => value,
      },
    },
    // HealthCheckResponse.status: SERVING is 1, NOT_SERVING 2.
    {
      Check: (_: unknown, answer: (error: null, value: Buffer) => void) =>
        answer(null, Buffer.from([8, serving ? 1 : 2])),
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`${nodeAddress()}:0`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  try {
    const readinessProbe = { grpc: { port }, periodSeconds: 1 };
    await apply(pod("asked", { readinessProbe }, { hostNetwork: true }));
    await shows("the failed probe", ["get", "events", "--field-selector", "reason=Unhealthy"], (text) =>
      /Readiness probe failed: service unhealthy \(responded with "NOT_SERVING"\)/.test(text),
    );
    serving = true;
    await shows("readiness", ["get", "pod", "asked"], (text) => /1\/1 +Running/.test(text));
  } finally {
    server.forceShutdown();
  }
});

test("a log is rotated and read on", async () => {
  await apply(
    pod("talker", {
      command: [
        "sh",
        "-c",
        'i=0; while [ $i -lt 400 ]; do echo "line $i of a long story"; i=$((i+1)); done; sleep 3600',
      ],
    }),
  );
  const directory = await eventually("the log directory", async () => {
    const found = readdirSync(podLogs()).find((each) => each.startsWith("default_talker_"));
    return found === undefined ? undefined : join(podLogs(), found, "main");
  });
  await eventually("a rotated log", async () =>
    readdirSync(directory).some((each) => /^0\.log\.\d{8}-\d{6}$/.test(each)) ? true : undefined,
  );
  const { stdout } = await kubectl(["exec", "talker", "--", "sh", "-c", "echo after >/proc/1/fd/1"]);
  assert.equal(stdout, "");
  await shows("what came later", ["logs", "talker", "--tail=1"], (text) => text === "after\n");
  assert.doesNotMatch(readFileSync(join(directory, "0.log"), "utf8"), /long story/);
});

test("a restarted kubelet leaves what runs alone; without room it removes images and puts pods out", async () => {
  await apply(pod("stays", { command: ["sleep", "3600"] }));
  const started = await shows(
    "the pod",
    ["get", "pod", "stays", "-o", "jsonpath={.status.containerStatuses[0].state.running.startedAt}"],
    (text) => text !== "",
  );
  assert.equal(await kubelet!.end("SIGKILL"), "SIGKILL");
  kubelet = startKubelet();
  await shows("the new kubelet", ["get", "--raw", "/api/v1/nodes/worker/proxy/healthz"], (text) => text === "ok");
  assert.equal(
    await shows(
      "the pod",
      ["get", "pod", "stays", "-o", "jsonpath={.status.containerStatuses[0].state.running.startedAt}"],
      (text) => text !== "",
    ),
    started,
  );

  await containerd.addImage("t8s.test/unused:1");
  assert.equal(await kubelet!.end("SIGTERM"), 0);
  kubelet = startKubelet("--eviction-hard=nodefs.available<100%", "--minimum-image-ttl-duration=0s");
  await shows(
    "the eviction",
    ["get", "pod", "stays", "-o", "jsonpath={.status.phase} {.status.reason}"],
    (text) => text === "Failed Evicted",
  );
  await shows(
    "the condition",
    ["get", "node", "worker", "-o", "jsonpath={.status.conditions[?(@.type=='DiskPressure')]}"],
    (text) => /"reason":"KubeletHasDiskPressure","status":"True"/.test(text),
  );
  const runtime = await connectCri({ socket: containerd.socket, log: silentLogger });
  try {
    await eventually("the image's end", async () => {
      const tags = (await runtime.listImages()).flatMap((each) => each.repoTags);
      return tags.includes("t8s.test/unused:1") ? undefined : tags;
    });
  } finally {
    await runtime.close();
  }
});
