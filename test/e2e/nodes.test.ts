// A cluster of two real nodes on one machine: traffic between them, the API server's way to the second one's kubelet, and its life.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { busyboxImage, called, runProgram, startTestCluster, type TestCluster, t8s } from "./harness.ts";
import { machinePicture } from "./machine.ts";
import { eventually } from "./workshop.ts";

const name = called("pair");
const flags = ["--nodes", "2"];
let dataDirectory: string;
let cluster: TestCluster;
let first: string;
let second: string;

/** The network namespaces of the cluster's pods: mounts below its directory. */
const podNamespaces = (): string[] =>
  machinePicture().lines.filter(
    (line) => line.startsWith(`mount ${join(dataDirectory, name)}/`) && /\/cni-[^/]+$/.test(line),
  );

/** Fails with what the machine has of the cluster. */
function assertNothingLeft(namespaces: readonly string[], message: string): void {
  const { bridge } = JSON.parse(readFileSync(join(dataDirectory, name, "cluster.json"), "utf8")) as { bridge: string };
  const own = new RegExp(`${dataDirectory}|[ /]t8s-(pods-|proxy-|hostports-)?${name}\\b|^link ${bridge}`);
  const left = machinePicture().lines.filter(
    (line) => own.test(line) || namespaces.some((each) => line.includes(each)),
  );
  assert.deepEqual(left, [], message);
}

const pod = (podName: string, nodeName: string, container: object, over: object = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: podName, labels: { app: podName } },
  spec: {
    nodeName,
    terminationGracePeriodSeconds: 1,
    containers: [{ name: "main", image: busyboxImage, ...container }],
    ...over,
  },
});
/** Answers with its own name and the address of who asks. */
const server = (podName: string, nodeName: string, container: object = {}, over: object = {}): object =>
  pod(
    podName,
    nodeName,
    {
      command: [
        "sh",
        "-c",
        `mkdir -p /www/cgi-bin; printf '#!/bin/sh\\nprintf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\n"; echo ${podName} $REMOTE_ADDR\\n' >/www/cgi-bin/who; ` +
          "chmod +x /www/cgi-bin/who; echo serving; exec httpd -f -p 8080 -h /www",
      ],
      readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      ...container,
    },
    over,
  );
const client = (podName: string, nodeName: string): object => pod(podName, nodeName, { command: ["sleep", "10000"] });

before(async () => {
  await runProgram(t8s, ["up", "--prepare"]);
  dataDirectory = mkdtempSync(join(tmpdir(), "t8s-"));
  cluster = await startTestCluster({ name, dataDirectory, flags });
  const names = await cluster.kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}");
  [first = "", second = ""] = names.split(" ");
  const hostPort = { ports: [{ containerPort: 8080, hostPort: 38_090 }] };
  await cluster.apply([
    server("web-a", first, {}),
    server("web-b", second, {}),
    server("port-a", first, hostPort),
    server("port-b", second, hostPort),
    client("client-a", first),
    client("client-b", second),
    pod("host-b", second, { command: ["sleep", "10000"] }, { hostNetwork: true }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "second" },
      spec: { selector: { app: "web-b" }, ports: [{ name: "web", port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "both" },
      spec: { type: "NodePort", ports: [{ port: 80, targetPort: 8080, nodePort: 31_090 }] },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "both", labels: { "kubernetes.io/service-name": "both" } },
      addressType: "IPv4",
      ports: [{ port: 8080, protocol: "TCP" }],
      endpoints: [],
    },
  ]);
  await cluster.kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=90s");
  const endpoints = [
    { addresses: [await podIp("web-a")], nodeName: first },
    { addresses: [await podIp("web-b")], nodeName: second },
  ];
  await cluster.kubectl("patch", "endpointslice", "both", "--type=merge", "-p", JSON.stringify({ endpoints }));
});
after(async () => {
  await cluster?.remove();
  rmSync(dataDirectory, { recursive: true, force: true });
});

/** kill -9 of the cluster's own process, which the launcher may have started. */
async function killCluster(): Promise<void> {
  const { pid } = JSON.parse(readFileSync(join(dataDirectory, name, "process.json"), "utf8")) as { pid: number };
  const ended = once(cluster.process, "exit");
  process.kill(pid, "SIGKILL");
  await ended;
}

const podIp = (podName: string): Promise<string> =>
  cluster.kubectl("get", "pod", podName, "-o", "jsonpath={.status.podIP}");
const nodeIp = (node: string): Promise<string> =>
  cluster.kubectl("get", "node", node, "-o", "jsonpath={.status.addresses[?(@.type=='InternalIP')].address}");
const inPod = (podName: string, script: string): Promise<string> =>
  cluster.kubectl("exec", podName, "--", "sh", "-c", script);
const ask = async (podName: string, authority: string): Promise<string> =>
  (await inPod(podName, `timeout 5 wget -qO- http://${authority}/cgi-bin/who`)).trim().replace(/\[::ffff:(.*)\]/, "$1");
const askMany = async (podName: string, authority: string): Promise<string[]> => {
  const each = `timeout 5 wget -qO- http://${authority}/cgi-bin/who`;
  const answers = (await inPod(podName, `for i in $(seq 24); do ${each}; done`)).trim().split("\n");
  return [...new Set(answers.map((line) => line.split(" ")[0]!))].sort();
};
const askFromHost = async (authority: string): Promise<string> =>
  (await (await fetch(`http://${authority}/cgi-bin/who`)).text()).trim().split(" ")[0]!;

test("two nodes, each with a name, an address and a range of its own", async () => {
  const items = JSON.parse(await cluster.kubectl("get", "nodes", "-o", "json")).items as {
    metadata: { name: string; labels: Record<string, string> };
    spec: { podCIDR: string };
  }[];
  assert.deepEqual(
    items.map(({ metadata }) => metadata.labels["kubernetes.io/hostname"]),
    [first, second],
  );
  assert.equal(second, `${first}-2`);
  assert.equal(new Set(items.map(({ spec }) => spec.podCIDR)).size, 2);
  assert.notEqual(await nodeIp(first), await nodeIp(second));
  const status = (await cluster.t8s("status")).stdout;
  assert.match(status, /2 of 2 nodes/);
  assert.match(status, new RegExp(`${second} +ready +${await nodeIp(second)}`));
});

test("pods of different nodes see each other under their own addresses", async () => {
  for (const [from, to] of [
    ["client-a", "web-b"],
    ["client-b", "web-a"],
  ] as const)
    assert.equal(await ask(from, `${await podIp(to)}:8080`), `${to} ${await podIp(from)}`);
  assert.match(await inPod("client-a", `ping -c 1 -W 3 ${await podIp("client-b")}`), /1 packets received/);
  assert.match(await inPod("client-b", `ping -c 1 -W 3 ${await nodeIp(first)}`), /1 packets received/);
});

test("a service and its name work on both nodes, its node port under both addresses", async () => {
  for (const from of ["client-a", "client-b"]) {
    assert.deepEqual(await askMany(from, "both"), ["web-a", "web-b"], from);
    assert.match(await inPod(from, "nslookup both.default.svc.cluster.local"), /Address/);
    await inPod(from, "timeout 5 nc kubernetes.default 443 </dev/null");
  }
  for (const node of [first, second]) {
    const address = `${await nodeIp(node)}:31090`;
    assert.match(await askFromHost(address), /^web-[ab]$/, `from outside by ${node}`);
    // Also by way of the other node and back to the own one.
    for (const from of ["client-a", "client-b"])
      assert.deepEqual(await askMany(from, address), ["web-a", "web-b"], `${from} by ${node}`);
  }
});

test("both nodes have the same host port, each its own", async () => {
  for (const [node, expected] of [
    [first, "port-a"],
    [second, "port-b"],
  ] as const) {
    const address = `${await nodeIp(node)}:38090`;
    assert.equal(await askFromHost(address), expected);
    for (const from of ["client-a", "client-b"]) assert.match(await ask(from, address), new RegExp(`^${expected} `));
  }
  assert.match(await ask("host-b", "127.0.0.1:38090"), /^port-b /);
});

test("a pod in the second node's network has its address and its name", async () => {
  assert.equal(await podIp("host-b"), await nodeIp(second));
  assert.equal((await inPod("host-b", "hostname")).trim(), second);
  const links = await inPod("host-b", "ip -o -4 address show");
  assert.match(links, new RegExp(`eth0 +inet ${(await nodeIp(second)).replaceAll(".", "\\.")}/`));
});

test("logs, exec, port-forward and proxies reach the second node's kubelet", async () => {
  assert.equal(await cluster.kubectl("logs", "web-b"), "serving\n");
  assert.equal(await inPod("web-b", "hostname"), "web-b\n");
  assert.equal(await cluster.kubectl("get", "--raw", `/api/v1/nodes/${second}/proxy/healthz`), "ok");
  assert.match(
    await cluster.kubectl("get", "--raw", "/api/v1/namespaces/default/pods/web-b:8080/proxy/cgi-bin/who"),
    /^web-b /,
  );
  assert.match(await cluster.kubectl("get", "--raw", `/api/v1/nodes/${second}/proxy/metrics/resource`), /node_cpu/);
  const pods = JSON.parse(await cluster.kubectl("get", "--raw", `/api/v1/nodes/${second}/proxy/pods`)).items as {
    metadata: { name: string };
  }[];
  assert.deepEqual(
    pods.map(({ metadata }) => metadata.name).filter((each) => each.endsWith("-a")),
    [],
  );
});

/** What kubectl prints while it runs; `ready` says when it serves, and with what. */
async function whileRunning<T>(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  serving: { readonly ready: RegExp; readonly work: (found: RegExpExecArray) => Promise<T> },
): Promise<T> {
  const child = spawn("kubectl", args, {
    env: { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: dataDirectory, ...env },
  });
  let told = "";
  try {
    const found = await new Promise<RegExpExecArray>((resolve, reject) => {
      const take = (chunk: Buffer): void => {
        told += chunk;
        const match = serving.ready.exec(told);
        if (match !== null) resolve(match);
      };
      child.stdout.on("data", take);
      child.stderr.on("data", take);
      child.once("exit", () => reject(new Error(`kubectl ${args.join(" ")} ended: ${told}`)));
    });
    return await serving.work(found);
  } finally {
    const ended = child.exitCode === null ? once(child, "exit") : undefined;
    child.kill();
    await ended;
  }
}

for (const [protocol, webSockets] of [
  ["WebSocket", "true"],
  ["SPDY", "false"],
] as const)
  test(`remote commands and forwarded ports of the second node over ${protocol}`, async () => {
    const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets, KUBECTL_PORT_FORWARD_WEBSOCKETS: webSockets };
    const run = (args: readonly string[], input?: string) =>
      cluster.tryKubectl(...args, { env, ...(input === undefined ? {} : { input }) });
    const exec = (command: readonly string[], input?: string) =>
      run(["exec", ...(input === undefined ? [] : ["-i"]), "web-b", "--", ...command], input);
    assert.deepEqual(await exec(["sh", "-c", "echo out; echo err >&2; exit 7"]), {
      status: 7,
      stdout: "out\n",
      stderr: "err\ncommand terminated with exit code 7\n",
    });
    const text = "0123456789abcdef".repeat(200_000);
    assert.equal((await exec(["wc", "-c"], text)).stdout.trim(), String(text.length));
    assert.equal((await exec(["cat"], text)).stdout, text);
    // The runtime breaks the connection off while we still write: again and again, since that is a matter of moments.
    for (let count = 0; count < 6; count++) {
      const { status, stderr } = await exec(["/nothere"]);
      assert.equal(status, 1);
      assert.match(stderr, /Internal error occurred: .*"\/nothere": stat \/nothere: no such file or directory/);
    }
    const forwarded = /Forwarding from 127\.0\.0\.1:(\d+)/;
    await whileRunning(["port-forward", "pod/web-b", ":8080"], env, {
      ready: forwarded,
      work: async ([, port]) => {
        const asked = Array.from({ length: 10 }, () => askFromHost(`127.0.0.1:${port}`));
        assert.deepEqual([...new Set(await Promise.all(asked))], ["web-b"]);
      },
    });
    await whileRunning(["port-forward", "service/second", ":80"], env, {
      ready: forwarded,
      work: async ([, port]) => assert.equal(await askFromHost(`127.0.0.1:${port}`), "web-b"),
    });
  });

test("kubectl proxy: pods, services and nodes behind one address", () =>
  whileRunning(
    ["proxy", "--port=0"],
    {},
    {
      ready: /Starting to serve on (127\.0\.0\.1:\d+)/,
      work: async ([, authority]) => {
        const get = async (path: string) => {
          const answer = await fetch(`http://${authority}/api/v1/${path}`, { redirect: "manual" });
          return { status: answer.status, text: await answer.text(), location: answer.headers.get("location") };
        };
        const inside = "namespaces/default";
        for (const path of [
          "pods/web-b:8080",
          "pods/http:web-b:8080",
          "services/second:web",
          "services/second:80",
          "services/http:second:80",
        ]) {
          const { status, text } = await get(`${inside}/${path}/proxy/cgi-bin/who`);
          assert.deepEqual([status, text.split(" ")[0]], [200, "web-b"], path);
        }
        assert.deepEqual(await get(`nodes/${second}/proxy/healthz`), { status: 200, text: "ok", location: null });
        const bare = `/api/v1/${inside}/pods/web-b:8080/proxy`;
        assert.deepEqual(await get(`${inside}/pods/web-b:8080/proxy`), { status: 301, text: "", location: `${bare}/` });
        const message = async (path: string): Promise<string> =>
          JSON.parse((await get(`${inside}/${path}`)).text).message;
        assert.equal(
          await message("pods/web-b:9/proxy/"),
          `error trying to reach service: dial tcp ${await podIp("web-b")}:9: connect: connection refused`,
        );
        assert.equal(await message("services/second:nope/proxy/"), 'no endpoints available for service "second:nope"');
      },
    },
  ));

test("a program of a node that dies is started again; what runs there goes on", async () => {
  for (const [program, file, pod] of [
    [`the kubelet of node ${second}`, "nodes/2/kubelet.json", "web-b"],
    [`containerd of node ${second}`, "nodes/2/containerd/process.json", "web-b"],
    ["containerd", "containerd/process.json", "web-a"],
  ] as const) {
    const record = join(dataDirectory, name, file);
    const pid = (): number => JSON.parse(readFileSync(record, "utf8")).pid;
    const old = pid();
    process.kill(old, "SIGKILL");
    await eventually(program, async () => (existsSync(record) && pid() !== old ? true : undefined));
    await cluster.eventually(["exec", pod, "--", "hostname"], (text) => text === `${pod}\n`);
    assert.equal(
      await cluster.kubectl("get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0].restartCount}"),
      "0",
    );
    assert.ok(cluster.log().includes(`: ${program} ended and is started again`), cluster.log());
  }
});

test("after kill -9 a start takes the same nodes over; after down nothing is left, and the next start resumes", async () => {
  const uids = async (): Promise<string> =>
    cluster.kubectl("get", "nodes,pods", "-o", "jsonpath={.items[*].metadata.uid}");
  const before = await uids();
  const namespaces = podNamespaces();
  assert.equal(namespaces.length, 6, "pods that have a network of their own");
  await killCluster();
  cluster = await startTestCluster({ name, dataDirectory });
  assert.equal(await uids(), before);
  assert.equal(
    await cluster.kubectl("get", "pod", "web-b", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"),
    "0",
  );
  assert.match(await ask("client-a", `${await podIp("web-b")}:8080`), /^web-b /);

  await killCluster();
  const down = await cluster.t8s("down");
  assert.equal(down.status, 0, down.stderr);
  assertNothingLeft(namespaces, "down must end the second node too, after a killed process as well");

  cluster = await startTestCluster({ name, dataDirectory });
  assert.equal(await uids(), before);
  await cluster.eventually(
    ["get", "pods", "web-b", "client-a", "-o", "jsonpath={.items[*].status.containerStatuses[0].restartCount}"],
    (text) => text === "1 1",
  );
  await cluster.kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s");
  assert.match(await ask("client-a", `${await podIp("web-b")}:8080`), /^web-b /);
});

test("with fewer nodes the others go, with all that was theirs; down leaves nothing", async () => {
  const namespaces = podNamespaces();
  assert.equal((await cluster.t8s("down")).status, 0);
  cluster = await startTestCluster({ name, dataDirectory, flags: ["--nodes", "1"] });
  await cluster.eventually(["get", "nodes", "-o", "name"], (text) => text.trim() === `node/${first}`);
  assert.ok(!existsSync(join(dataDirectory, name, "nodes", "2")));
  assert.equal((await cluster.t8s("down")).status, 0);
  assertNothingLeft(namespaces, "nothing of either node is left");
});
