// API servers as processes of their own on loopback, ours on SQLite and upstream's with etcd, started with the same flags; and a scheduler
// beside either. Both take the token `bench` as an administrator.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { needPrograms } from "../../tools/needs.ts";
import { type Child, lastWords, startChild } from "./child.ts";
import { usageOf } from "./cluster-process.ts";
import type { Setup } from "./part.ts";
import { bounded, type UpstreamPrograms } from "./upstream.ts";

export const token = "bench";
const readyLimitMs = 60_000;

export interface Usage {
  /** Processor time of all processes so far, kernel included, microseconds. */
  cpuUs(): number;
  rssBytes(): number;
}

export interface ApiPeer extends Usage {
  readonly side: "ours" | "upstream";
  readonly url: string;
  /** Its files, removed when it is closed. */
  readonly folder: string;
  /** One for each process. */
  readonly pidFiles: readonly string[];
  readonly kubeconfig: string;
  /** Milliseconds from the start of its processes to the first answer of /readyz. */
  readonly readyMs: number;
  /** Program and flags that start a scheduler of the same side. */
  readonly scheduler: readonly [string, readonly string[]];
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
  needPrograms("this part", { curl: "curl", openssl: "openssl" });
  const folder = await mkdtemp(join(tmpdir(), "bench-api-"));
  await writeFile(join(folder, "tokens.csv"), `${token},admin,admin,system:masters\n`);
  execFileSync("openssl", ["genrsa", "-out", join(folder, "sa.key"), "2048"], { stdio: "ignore" });
  return folder;
}

/** As in the script upstream-up.sh. */
const defaultDisabled = ["ServiceAccount"];

const apiFlags = (folder: string, port: number, disabled: readonly string[]): string[] => [
  `--secure-port=${port}`,
  "--bind-address=127.0.0.1",
  `--cert-dir=${join(folder, "certs")}`,
  `--token-auth-file=${join(folder, "tokens.csv")}`,
  "--authorization-mode=Node,RBAC",
  "--service-cluster-ip-range=10.96.0.0/16",
  "--service-account-issuer=https://kubernetes.default.svc",
  `--service-account-key-file=${join(folder, "sa.key")}`,
  `--service-account-signing-key-file=${join(folder, "sa.key")}`,
  `--disable-admission-plugins=${disabled.join(",")}`,
];

const schedulerFlags = (kubeconfig: string): string[] => [
  `--kubeconfig=${kubeconfig}`,
  "--leader-elect=false",
  "--secure-port=0",
  "--kube-api-qps=5000",
  "--kube-api-burst=5000",
];

function usageOfAll(pids: readonly number[]): Usage {
  const sum = (of: (pid: number) => number): number => pids.reduce((total, pid) => total + of(pid), 0);
  return {
    cpuUs: () => sum((pid) => usageOf(pid).cpuSeconds * 1e6),
    rssBytes: () => sum((pid) => usageOf(pid).rssBytes),
  };
}

interface Made {
  readonly side: ApiPeer["side"];
  readonly folder: string;
  readonly port: number;
  readonly startedMs: number;
  readonly children: readonly Child[];
  readonly scheduler: (kubeconfig: string) => readonly [string, readonly string[]];
}

async function peer({ side, folder, port, startedMs, children, scheduler }: Made): Promise<ApiPeer> {
  const url = `https://127.0.0.1:${port}`;
  const close = async (): Promise<void> => {
    // Without its etcd upstream's server would wait for it while it stops.
    for (const child of children) await child.stop(side === "upstream" ? "SIGKILL" : "SIGTERM");
    await rm(folder, { recursive: true, force: true });
  };
  while (!(await isReady(url))) {
    const dead = children.find((child) => child.ended);
    if (dead === undefined && performance.now() - startedMs < readyLimitMs) {
      await delay(5);
      continue;
    }
    const words = lastWords((dead ?? children[0]!).logFile);
    await close();
    throw new Error(`the API server of ${side} did not become ready; it said:\n${words}`);
  }
  const readyMs = performance.now() - startedMs;
  const pidFiles = children.map(({ pid }) => {
    const file = join(folder, `${pid}.pid`);
    writeFileSync(file, `${pid}\n`);
    return file;
  });
  const kubeconfig = join(folder, "kubeconfig");
  const named = (name: string, key: string, value: object) => [{ name, [key]: value }];
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "b",
      clusters: named("b", "cluster", { server: url, "insecure-skip-tls-verify": true }),
      users: named("b", "user", { token }),
      contexts: named("b", "context", { cluster: "b", user: "b" }),
    }),
  );
  return {
    ...{ side, url, folder, pidFiles, kubeconfig, readyMs, close },
    ...usageOfAll(children.map(({ pid }) => pid)),
    scheduler: scheduler(kubeconfig),
  };
}

/** One request over a connection of its own; curl is what both sides' certificates, made by themselves, are no matter to. */
async function isReady(url: string): Promise<boolean> {
  try {
    const words = ["-ksf", "-m", "5", "-H", `authorization: Bearer ${token}`, `${url}/readyz`];
    return execFileSync("curl", words, { stdio: ["ignore", "pipe", "ignore"] }).toString() === "ok";
  } catch {
    return false; // refused, or not ready
  }
}

async function startOurs(command: string, disabled = defaultDisabled): Promise<ApiPeer> {
  const folder = await workFolder();
  const port = await freePort();
  const startedMs = performance.now();
  const flags = [
    "apiserver",
    "--store=sqlite",
    `--data-dir=${join(folder, "data")}`,
    ...apiFlags(folder, port, disabled),
  ];
  const child = startChild(command, flags, join(folder, "apiserver.log"));
  return peer({
    ...{ side: "ours", folder, port, startedMs },
    children: [child],
    scheduler: (kubeconfig) => [command, ["scheduler", ...schedulerFlags(kubeconfig)]],
  });
}

async function startUpstream(programs: UpstreamPrograms, disabled = defaultDisabled): Promise<ApiPeer> {
  const { directory, etcd: etcdProgram } = programs;
  const folder = await workFolder();
  const [port, clients, peers] = [await freePort(), await freePort(), await freePort()];
  const [clientUrl, peerUrl] = [`http://127.0.0.1:${clients}`, `http://127.0.0.1:${peers}`];
  const startedMs = performance.now();
  const etcdFlags = [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    "--quota-backend-bytes=8000000000",
  ];
  const etcd = startChild(...bounded(etcdProgram, etcdFlags), join(folder, "etcd.log"));
  const flags = [`--etcd-servers=${clientUrl}`, ...apiFlags(folder, port, disabled)];
  const apiserver = startChild(...bounded(join(directory, "kube-apiserver"), flags), join(folder, "apiserver.log"));
  return peer({
    ...{ side: "upstream", folder, port, startedMs },
    children: [apiserver, etcd],
    scheduler: (kubeconfig) => bounded(join(directory, "kube-scheduler"), schedulerFlags(kubeconfig)),
  });
}

export interface EachSide {
  readonly ours: ReadonlyMap<string, number>;
  /** Undefined when upstream is not measured. */
  readonly upstream: ReadonlyMap<string, number> | undefined;
}

/** The same measurement on one side after the other: two at a time would measure each other. */
export async function* onEachSide(
  setup: Setup,
  measure: (peer: ApiPeer) => Promise<ReadonlyMap<string, number>>,
  disabled = defaultDisabled,
): AsyncGenerator<EachSide, void, void> {
  const run = async (starting: Promise<ApiPeer>): Promise<ReadonlyMap<string, number>> => {
    const side = await starting;
    setup.say(`${side.side}: API ready after ${(side.readyMs / 1000).toFixed(2)} s`);
    try {
      return await measure(side);
    } finally {
      await side.close();
    }
  };
  const ours = await run(startOurs(setup.command, disabled));
  yield { ours, upstream: undefined };
  if (setup.upstream === undefined) return;
  try {
    yield { ours, upstream: await run(startUpstream(setup.upstream, disabled)) };
  } catch (error) {
    // What was measured of ours is not lost for it; the table then has no upstream for these rows.
    setup.say(`upstream failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}

/** The figures of one key, as a row takes them. */
export function figures(
  { ours, upstream }: EachSide,
  key: string,
): { readonly ours: number; readonly upstream?: number } {
  const figure = (side: ReadonlyMap<string, number>): number => {
    const found = side.get(key);
    if (found === undefined) throw new Error(`nothing was measured for ${key}`);
    return found;
  };
  return { ours: figure(ours), ...(upstream === undefined ? {} : { upstream: figure(upstream) }) };
}
