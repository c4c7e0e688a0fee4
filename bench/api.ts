// What a request costs the API server: processor time of all its processes, kernel included, over TLS and HTTP/2 from h2load
// (Debian: nghttp2-client). Ours is the built package (node tools/build.ts first) on SQLite; with the programs given,
// upstream's server is measured in the same run.
//
//   node bench/api.ts [--requests 20000] [--kube-apiserver PATH --etcd PATH]
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { type ApiPeer, curl, startOurs, startUpstream, token } from "./lib/api-peers.ts";
import { machine } from "./lib/cluster-process.ts";

const { values } = parseArgs({
  options: { requests: { type: "string" }, "kube-apiserver": { type: "string" }, etcd: { type: "string" } },
});
const requests = Number(values.requests ?? 20_000);
const namespace = "bench";

const container = (name: string): object => ({
  name,
  image: "registry.example/app:1",
  args: ["--a=1", "--b=2"],
  env: Array.from({ length: 10 }, (_, index) => ({ name: `E${index}`, value: `v${index}` })),
  ports: [{ containerPort: 8080 }],
  resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "1", memory: "128Mi" } },
  readinessProbe: { httpGet: { path: "/", port: 8080 } },
  volumeMounts: [{ name: "v", mountPath: "/v" }],
});
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { generateName: "p-", labels: { app: "bench", tier: "web" }, annotations: { note: "n".repeat(300) } },
  spec: {
    schedulerName: "none",
    containers: [container("a"), container("b")],
    volumes: [{ name: "v", emptyDir: {} }],
  },
};
const configMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { generateName: "c-" },
  data: { k: "x".repeat(1000) },
};

interface Load {
  readonly what: string;
  readonly budgetUs: number;
  readonly path: string;
  readonly requests: number;
  readonly connections: number;
  readonly streams: number;
  readonly body?: object;
}

const loads = (podName: string): Record<"writes" | "reads", readonly Load[]> => {
  const base = `/api/v1/namespaces/${namespace}`;
  const many = { connections: 4, streams: 16 };
  return {
    writes: [
      { what: "create ConfigMap, 1 KB", budgetUs: 200, path: `${base}/configmaps`, requests, ...many, body: configMap },
      { what: "create Pod", budgetUs: 500, path: `${base}/pods`, requests: requests / 4, ...many, body: pod },
    ],
    reads: [
      { what: "get Pod", budgetUs: 70, path: `${base}/pods/${podName}`, requests: requests * 2, ...many },
      {
        what: "list 500 Pods",
        budgetUs: 4_000,
        path: `${base}/pods?limit=500`,
        requests: requests / 50,
        connections: 4,
        streams: 2,
      },
      {
        what: "list all Pods",
        budgetUs: 30_000,
        path: `${base}/pods?resourceVersion=0`,
        requests: requests / 500,
        connections: 4,
        streams: 1,
      },
    ],
  };
};

async function run(peer: ApiPeer, load: Load, bodyFile: string): Promise<void> {
  const data = load.body === undefined ? [] : ["-H", "content-type: application/json", "-d", bodyFile];
  if (load.body !== undefined) await writeFile(bodyFile, JSON.stringify(load.body));
  const cpuBefore = peer.cpuUs();
  const { stdout } = await promisify(execFile)("h2load", [
    ...["-n", String(load.requests), "-c", String(load.connections), "-m", String(load.streams)],
    ...["-H", `authorization: Bearer ${token}`, ...data, peer.url + load.path],
  ]);
  const cpuUs = Math.round((peer.cpuUs() - cpuBefore) / load.requests);
  const succeeded = Number(/(\d+) 2xx/.exec(stdout)?.[1] ?? 0);
  if (succeeded !== load.requests)
    throw new Error(`${peer.name}, ${load.what}: ${succeeded} of ${load.requests} requests succeeded`);
  const perSecond = Math.round(Number(/([\d.]+) req\/s/.exec(stdout)?.[1] ?? 0));
  console.log(`| ${peer.name} | ${load.what} | ${load.budgetUs} | ${cpuUs} | ${perSecond} |`);
}

async function measure(peer: ApiPeer, folder: string): Promise<void> {
  const bodyFile = join(folder, "body.json");
  await curl(peer.url, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
  await curl(peer.url, `/api/v1/namespaces/${namespace}/serviceaccounts`, account);
  for (const load of loads("").writes) await run(peer, load, bodyFile);
  const page = JSON.parse(await curl(peer.url, `/api/v1/namespaces/${namespace}/pods?limit=1`)) as {
    items: { metadata: { name: string } }[];
  };
  for (const load of loads(page.items[0]!.metadata.name).reads) await run(peer, load, bodyFile);
  console.log(`\n${peer.name}: ${Math.round(peer.rssBytes() / 1e6)} MB resident after the run\n`);
}

console.log(`${machine()}, load ${loadavg()[0]!.toFixed(1)}\n`);
const folder = await mkdtemp(join(tmpdir(), "bench-api-"));
try {
  const starts = [startOurs];
  const apiserver = values["kube-apiserver"];
  if (apiserver !== undefined) starts.push(() => startUpstream({ apiserver, etcd: values.etcd ?? "etcd" }));
  for (const start of starts) {
    const peer = await start();
    console.log("| server | request | budget, CPU µs | CPU µs | requests/s |\n|---|---|---|---|---|");
    try {
      await measure(peer, folder);
    } finally {
      await peer.close();
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
