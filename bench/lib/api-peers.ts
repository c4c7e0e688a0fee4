// API servers as processes of their own on loopback: ours on SQLite, and upstream's with etcd as the peer. Both take the
// token `bench` as an administrator.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { usageOf } from "./cluster-process.ts";

export const token = "bench";
const patienceMs = 30_000;

export interface ApiPeer {
  readonly name: string;
  readonly url: string;
  /** Processor time of all its processes so far, microseconds. */
  cpuUs(): number;
  rssBytes(): number;
  close(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function workFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bench-api-"));
  await writeFile(join(folder, "tokens.csv"), `${token},admin,admin,system:masters\n`);
  execFileSync("openssl", ["genrsa", "-out", join(folder, "sa.key"), "2048"], { stdio: "ignore" });
  return folder;
}

const commonFlags = (folder: string, port: number): string[] => [
  `--secure-port=${port}`,
  "--bind-address=127.0.0.1",
  `--cert-dir=${join(folder, "certs")}`,
  `--token-auth-file=${join(folder, "tokens.csv")}`,
  "--authorization-mode=Node,RBAC",
  "--service-cluster-ip-range=10.96.0.0/16",
  "--service-account-issuer=https://kubernetes.default.svc",
  `--service-account-key-file=${join(folder, "sa.key")}`,
  `--service-account-signing-key-file=${join(folder, "sa.key")}`,
];

function start(folder: string, program: string, flags: readonly string[]): ChildProcess {
  const log = openSync(join(folder, "log"), "a");
  return spawn(program, flags, { stdio: ["ignore", log, log] });
}

async function peer(name: string, url: string, own: { folder: string; children: ChildProcess[] }): Promise<ApiPeer> {
  const pids = own.children.map((child) => child.pid!);
  const sum = (of: (pid: number) => number): number => pids.reduce((total, pid) => total + of(pid), 0);
  const close = async (): Promise<void> => {
    for (const child of own.children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    await rm(own.folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + patienceMs;
  while ((await curl(url, "/readyz")) !== "ok") {
    if (Date.now() > deadline || own.children.some((child) => child.exitCode !== null)) {
      await close();
      throw new Error(`${name} did not become ready at ${url}`);
    }
    await delay(50);
  }
  return {
    name,
    url,
    cpuUs: () => sum((pid) => usageOf(pid).cpuSeconds * 1e6),
    rssBytes: () => sum((pid) => usageOf(pid).rssBytes),
    close,
  };
}

/** The body of an answer, or nothing when nobody answers. With `body` it is a POST. */
export async function curl(url: string, path: string, body?: object): Promise<string> {
  const data = body === undefined ? [] : ["-H", "content-type: application/json", "-d", JSON.stringify(body)];
  const child = spawn("curl", ["-ks", "-m", "10", "-H", `authorization: Bearer ${token}`, ...data, `${url}${path}`]);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await once(child, "close");
  return text;
}

/** The built package. */
export async function startOurs(): Promise<ApiPeer> {
  const folder = await workFolder();
  const port = await freePort();
  const program = new URL("../../dist/t8s.js", import.meta.url).pathname;
  const flags = [program, "apiserver", "--store=sqlite", `--data-dir=${join(folder, "data")}`];
  const child = start(folder, process.execPath, [...flags, ...commonFlags(folder, port)]);
  return peer("t8s", `https://127.0.0.1:${port}`, { folder, children: [child] });
}

export async function startUpstream(programs: { apiserver: string; etcd: string }): Promise<ApiPeer> {
  const folder = await workFolder();
  const [port, clients, peers] = [await freePort(), await freePort(), await freePort()];
  const [clientUrl, peerUrl] = [`http://127.0.0.1:${clients}`, `http://127.0.0.1:${peers}`];
  const etcd = start(folder, programs.etcd, [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
  ]);
  const apiserver = start(folder, programs.apiserver, [
    `--etcd-servers=${clientUrl}`,
    "--disable-admission-plugins=ServiceAccount",
    ...commonFlags(folder, port),
  ]);
  return peer("kube-apiserver + etcd", `https://127.0.0.1:${port}`, { folder, children: [apiserver, etcd] });
}
