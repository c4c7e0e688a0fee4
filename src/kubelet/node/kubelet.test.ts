// A whole kubelet on a real containerd and a real API server (in memory): what only real containers can show.
import assert from "node:assert/strict";
import { mkdir, readdir, rmdir } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import WebSocket from "ws";
import { configMaps, type Pod, type PodSpec, type PodStatus, pods, secrets, serviceAccounts } from "../../api/index.ts";
import { MetricRegistry, silentLogger, sleep, systemClock, systemRng } from "../../base/index.ts";
import { type Client, createClient } from "../../client/index.ts";
import { connectCri } from "../../runtime/cri/index.ts";
import { type TestContainerd, testContainerd, testImage, whyNoContainers } from "../../runtime/cri/testing.ts";
import type { ContainerRuntime } from "../../runtime/index.ts";
import { type TestServer, testServer } from "../../server/testing.ts";
import { createKubelet, type Kubelet } from "../index.ts";
import { createNodeHost, type KubeletServer, serveKubelet } from "./index.ts";

const obstacle = await whyNoContainers();

describe("a kubelet with real containers", { skip: obstacle }, () => {
  let containerd: TestContainerd;
  let runtime: ContainerRuntime;
  let server: TestServer;
  let client: Client;
  let kubelet: Kubelet;
  let api: KubeletServer;
  let running: Promise<void>;
  const stop = new AbortController();
  const cgroup = (): string => `t8s-kubelet-${containerd.directory.slice(-6)}`;

  before(async () => {
    containerd = await testContainerd();
    runtime = await connectCri({ socket: containerd.socket, log: silentLogger });
    server = await testServer();
    client = createClient(server.transport(), { userAgent: "kubelet" });
    const { directory } = containerd;
    for (const name of ["kubelet", "containers"]) await mkdir(`${directory}/${name}`, { recursive: true });
    kubelet = createKubelet({
      ...{
        client,
        runtime,
        host: createNodeHost(),
        nodeName: "n1",
        clock: systemClock,
        rng: systemRng,
        log: silentLogger,
        metrics: new MetricRegistry(),
      },
      config: {
        ...{
          rootDirectory: `${directory}/kubelet`,
          podLogsDirectory: `${directory}/pods`,
          containerLogsDirectory: `${directory}/containers`,
        },
        ...{ cgroupRoot: `/${cgroup()}`, clusterDns: ["10.96.0.10"] },
      },
    });
    running = kubelet.run(stop.signal);
    await kubelet.ready;
    api = await serveKubelet({
      kubelet,
      bindAddress: "127.0.0.1",
      port: 0,
      client,
      clock: systemClock,
      log: silentLogger,
    });
    await client
      .of(serviceAccounts)
      .create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } });
  });
  after(async () => {
    await api?.close();
    stop.abort();
    await running;
    await runtime?.close();
    await containerd?.destroy();
    await server?.close();
    await removeCgroups();
  });

  const removeCgroups = async (): Promise<void> => {
    for (const hierarchy of ["", ...(await readdir("/sys/fs/cgroup"))])
      for (const below of ["/kubepods/burstable", "/kubepods/besteffort", "/kubepods", ""])
        await rmdir(`/sys/fs/cgroup/${hierarchy}/${cgroup()}${below}`).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
        });
  };
  const create = (name: string, spec: Partial<PodSpec>): Promise<Pod> =>
    client.of(pods).create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "default", labels: { app: name } },
      spec: {
        nodeName: "n1",
        terminationGracePeriodSeconds: 1,
        automountServiceAccountToken: false,
        containers: [],
        ...spec,
      },
    });
  const reaches = async (name: string, holds: (status: PodStatus) => boolean): Promise<PodStatus> => {
    let status: PodStatus | undefined;
    for (let step = 0; step < 400; step++) {
      status = (await client.of(pods).get({ namespace: "default", name })).status;
      if (status !== undefined && holds(status)) return status;
      await sleep(systemClock, 50);
    }
    throw new Error(`pod ${name} does not get there: ${JSON.stringify(status)}`);
  };
  const remove = async (name: string): Promise<void> => {
    await client.of(pods).delete({ namespace: "default", name });
    for (let step = 0; step < 200; step++) {
      const left = await client.of(pods).find({ namespace: "default", name });
      // The object goes first, what the pod had on the machine right after it.
      if (left === undefined && (await leftovers(name)).length === 0) return;
      await sleep(systemClock, 50);
    }
    throw new Error(`of pod ${name} something stays: ${(await leftovers(name)).join(", ")}`);
  };
  const leftovers = async (name: string): Promise<string[]> => {
    const logs = (await readdir(`${containerd.directory}/pods`)).filter((each) => each.startsWith(`default_${name}_`));
    const known = new Set((await client.of(pods).list()).items.map((pod) => pod.metadata.uid));
    const directories = (await readdir(`${containerd.directory}/kubelet/pods`)).filter((uid) => !known.has(uid));
    const cgroups = await kubelet.context.host.cgroups.list(`/${cgroup()}/kubepods/besteffort`);
    return [...logs, ...directories, ...cgroups.filter((each) => !known.has(each.slice("pod".length)))];
  };
  const get = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${api.port}${path}`)).text();
  const shell = (script: string): Pick<PodSpec["containers"][number], "name" | "image" | "command"> => ({
    name: "c",
    image: testImage,
    command: ["sh", "-c", script],
  });

  it("gives containers their files, variables, names and limits", async () => {
    await client.of(configMaps).create({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "cm", namespace: "default" },
      data: { a: "1" },
    });
    await client.of(secrets).create({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace: "default" },
      data: { k: btoa("hidden") },
    });
    await create("files", {
      restartPolicy: "Never",
      securityContext: { fsGroup: 2000, runAsUser: 1000 },
      hostAliases: [{ ip: "192.0.2.7", hostnames: ["seven"] }],
      volumes: [
        { name: "cm", configMap: { name: "cm" } },
        { name: "s", secret: { secretName: "s", defaultMode: 0o400 } },
        { name: "e", emptyDir: { medium: "Memory" } },
        { name: "d", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
      ],
      containers: [
        {
          ...shell(
            'cat /v/cm/a /v/s/k /v/d/labels; echo; id -u; id -G; hostname; echo "$POD $K $CM_a"; grep seven /etc/hosts; grep ndots /etc/resolv.conf; echo x > /sub/f && cat /v/e/x/f; echo bye > /dev/termination-log; exit 7',
          ),
          resources: { requests: { cpu: "100m", memory: "16Mi" }, limits: { cpu: "200m", memory: "64Mi" } },
          env: [
            { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
            { name: "K", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
          ],
          envFrom: [{ prefix: "CM_", configMapRef: { name: "cm" } }],
          volumeMounts: [
            { name: "cm", mountPath: "/v/cm" },
            { name: "s", mountPath: "/v/s" },
            { name: "e", mountPath: "/v/e" },
            { name: "d", mountPath: "/v/d" },
            { name: "e", mountPath: "/sub", subPath: "x" },
          ],
        },
      ],
    });
    const status = await reaches("files", ({ phase }) => phase === "Failed");
    assert.equal(
      await get("/containerLogs/default/files/c"),
      '1hiddenapp="files"\n1000\n0 2000\nfiles\nfiles hidden 1\n192.0.2.7\tseven\noptions ndots:5\nx\n',
    );
    const end = status.containerStatuses?.[0]?.state?.terminated;
    assert.deepEqual([end?.exitCode, end?.reason, end?.message], [7, "Error", "bye\n"]);
    await remove("files");
  });

  it("asks probes over the network and in the container", async () => {
    await create("web", {
      containers: [
        {
          ...shell("mkdir /w; echo hi > /w/index.html; httpd -f -p 8080 -h /w"),
          readinessProbe: { httpGet: { port: 8080, path: "/index.html" }, periodSeconds: 1 },
          livenessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
          startupProbe: { exec: { command: ["cat", "/w/index.html"] }, periodSeconds: 1 },
        },
      ],
    });
    await reaches(
      "web",
      ({ conditions }) => conditions?.some((each) => each.type === "Ready" && each.status === "True") === true,
    );
    const summary = JSON.parse(await get("/stats/summary")) as {
      pods: { podRef: { name: string }; memory: { usageBytes: number } }[];
    };
    assert.ok((summary.pods.find((each) => each.podRef.name === "web")?.memory.usageBytes ?? 0) > 0);
  });

  it("runs commands for WebSocket callers, with their input and exit code", async () => {
    const command = ["sh", "-c", "cat; echo err >&2; exit 5"]
      .map((each) => `command=${encodeURIComponent(each)}`)
      .join("&");
    const socket = new WebSocket(`ws://127.0.0.1:${api.port}/exec/default/web/c?${command}&input=1&output=1&error=1`, [
      "v5.channel.k8s.io",
      "v4.channel.k8s.io",
    ]);
    const seen = new Map<number, string>();
    socket.on("message", (data: Buffer) =>
      seen.set(data[0]!, (seen.get(data[0]!) ?? "") + data.subarray(1).toString()),
    );
    await new Promise<void>((resolve, reject) => {
      socket.on("open", () => {
        socket.send(Buffer.from("\u0000hello"));
        socket.send(Buffer.from([255, 0]));
      });
      socket.on("close", () => resolve());
      socket.on("error", reject);
    });
    assert.equal(socket.protocol, "v5.channel.k8s.io");
    assert.deepEqual([seen.get(1), seen.get(2)], ["hello", "err\n"]);
    const status = JSON.parse(seen.get(3) ?? "{}") as { status: string; reason: string; details: { causes: object[] } };
    assert.deepEqual(
      [status.status, status.reason, status.details.causes],
      ["Failure", "NonZeroExitCode", [{ reason: "ExitCode", message: "5" }]],
    );
  });

  it("speaks the older WebSocket protocols: base64, and errors as plain text", async () => {
    const run = async (script: string, protocols: string[]): Promise<string[]> => {
      const command = ["sh", "-c", script].map((each) => `command=${encodeURIComponent(each)}`).join("&");
      const url = `ws://127.0.0.1:${api.port}/exec/default/web/c?${command}&output=1`;
      const socket = new WebSocket(url, protocols);
      const messages: string[] = [];
      socket.on("message", (data: Buffer) => messages.push(data.toString("latin1")));
      await new Promise<void>((resolve, reject) => {
        socket.on("close", () => resolve());
        socket.on("error", reject);
      });
      return messages;
    };
    assert.deepEqual(await run("echo hi", ["channel.k8s.io"]), ["\u0001", "\u0001hi\n"]);
    assert.deepEqual(await run("echo hi", []), ["\u0001", "\u0001hi\n"]);
    assert.deepEqual(await run("echo hi", ["base64.channel.k8s.io"]), ["1", `1${btoa("hi\n")}`]);
    const failed = await run("exit 3", ["channel.k8s.io"]);
    assert.match(failed.at(-1) ?? "", /^\u0003command terminated with non-zero exit code/);
  });

  it("forwards ports to WebSocket callers, a pair of channels each", async () => {
    const forward = (query: string, protocols: string[], message?: string | Buffer): Promise<string[]> => {
      const socket = new WebSocket(`ws://127.0.0.1:${api.port}/portForward/default/web?${query}`, protocols);
      const messages: string[] = [];
      if (message !== undefined) socket.on("open", () => socket.send(message));
      socket.on("message", (data: Buffer) => messages.push(data.toString("latin1")));
      return new Promise((resolve) => {
        socket.on("close", () => resolve(messages));
        socket.on("unexpected-response", async (_, response) => {
          const told = (await response.setEncoding("utf8").toArray()).join("");
          resolve([`${response.statusCode} ${told.trim()}`]);
        });
      });
    };
    const ask = "GET /nothere HTTP/1.0\r\n\r\n";
    // A free port of the pod beside the one that is served: its data channel ends with nothing, its error channel says why.
    const binary = await forward("port=8080,8081", ["nobody", "v4.channel.k8s.io"], Buffer.from(`\0${ask}`));
    assert.deepEqual(binary.slice(0, 4).sort(), ["\0\x90\x1f", "\x01\x90\x1f", "\x02\x91\x1f", "\x03\x91\x1f"]);
    assert.match(binary.join("\n"), /^\0HTTP\/1\.\d 404 /m);
    assert.match(binary.join("\n"), /^\x03error forwarding port 8081 to pod .* connection refused/m);
    const text = await forward("port=8080", ["v4.base64.channel.k8s.io"], `0${btoa(ask)}`);
    assert.match(atob(text[2]?.slice(1) ?? ""), /^HTTP\/1\.\d 404 /);
    assert.deepEqual(await forward("", ["v4.channel.k8s.io"]), ['400 query parameter "port" is required']);
    assert.deepEqual(await forward("port=0", []), ['400 port "0" must be > 0']);
    assert.deepEqual(await forward("port=1,x", []), [
      '400 unable to parse "1,x" as a port: strconv.ParseUint: parsing "x": invalid syntax',
    ]);
    assert.deepEqual(await forward("port=65536", []), [
      '400 unable to parse "65536" as a port: strconv.ParseUint: parsing "65536": value out of range',
    ]);
    await remove("web");
  });

  it("follows the log of a running container to its end", async () => {
    await create("talks", {
      restartPolicy: "Never",
      containers: [shell("for i in 1 2 3; do echo line $i; sleep 0.3; done")],
    });
    await reaches("talks", ({ containerStatuses }) => containerStatuses?.[0]?.state?.running !== undefined);
    assert.equal(await get("/containerLogs/default/talks/c?follow=true"), "line 1\nline 2\nline 3\n");
    assert.equal(await get("/containerLogs/default/talks/c?tailLines=1"), "line 3\n");
    assert.equal(await get("/containerLogs/default/talks/c?limitBytes=4"), "line");
    assert.equal(
      await get("/containerLogs/default/talks/c?previous=true"),
      'previous terminated container "c" in pod "talks" not found',
    );
    assert.equal(await get("/containerLogs/default/talks/x"), 'container "x" not found in pod "talks"');
    await remove("talks");
  });

  it("tells why a container cannot start", async () => {
    await create("bad", {
      restartPolicy: "Never",
      containers: [{ name: "c", image: testImage, command: ["/no/such"] }],
    });
    const status = await reaches("bad", ({ phase }) => phase === "Failed");
    const end = status.containerStatuses?.[0]?.state?.terminated;
    assert.deepEqual([end?.exitCode, end?.reason], [128, "StartError"]);
    assert.match(end?.message ?? "", /exec: "\/no\/such": stat \/no\/such: no such file or directory/);
    await remove("bad");
  });
});
