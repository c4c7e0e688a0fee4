// `t8s up` as a process of its own, measured from outside: over TLS, as any client would, and by what /proc tells of it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { nodes, type Pod, pods } from "../../src/api/index.ts";
import { type Client, createClient } from "../../src/client/index.ts";
import { httpTransport, type LoadedKubeconfig, loadKubeconfig } from "../../src/client/node/index.ts";
import { StatusError } from "../../src/machinery/index.ts";
import { pausePod } from "./pause-pod.ts";

/** Longest wait for any one thing; a benchmark that waits longer has failed. */
const patienceMs = 60_000;
const pollMs = 3;
/** A hundred containers take their time. */
const stopLimitMs = 90_000;
/** Unit of times in /proc/PID/stat on every Linux that Node runs on. */
const ticksPerSecond = 100;

export interface Usage {
  /** User and system time since the process began, seconds. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** What the kernel counts for one process. */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    rssBytes: Number(resident) * 1024,
  };
}

export interface UpOptions {
  /** The program: `./t8s`. */
  readonly command: string;
  readonly dataDirectory: string;
  readonly name: string;
  readonly more?: readonly string[];
}

export interface Up {
  readonly pid: number;
  /** `performance.now()` when the process was asked for. */
  readonly startedMs: number;
  /** What it has printed so far. */
  output(): string;
  stop(): Promise<void>;
}

export function startUp({ command, dataDirectory, name, more = [] }: UpOptions): Up {
  const startedMs = performance.now();
  const child: ChildProcess = spawn(command, ["up", "--name", name, "--data-dir", dataDirectory, ...more], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => {
      output += chunk;
    });
  const gone = once(child, "exit");
  // A benchmark that is given up takes its cluster with it.
  const end = (): void => void child.kill("SIGTERM");
  process.once("exit", end);
  void gone.then(() => process.off("exit", end));
  return {
    pid: child.pid!,
    startedMs,
    output: () => output,
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
      await gone;
      clearTimeout(late);
      if (child.signalCode === "SIGKILL")
        throw new Error(`t8s up did not stop within ${stopLimitMs / 1000} s; it said:\n${output}`);
    },
  };
}

async function until<T>(up: Up, what: string, attempt: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (performance.now() > deadline) throw new Error(`no ${what} within ${patienceMs} ms; t8s said:\n${up.output()}`);
    await delay(pollMs);
  }
}

/** Asks /readyz once; undefined when it is refused or not answered with 200. */
function askReady(loaded: LoadedKubeconfig): Promise<true | undefined> {
  const { server, ca, cert, key } = loaded.transport as { server: string; ca: string; cert: string; key: string };
  return new Promise((resolve) => {
    const asking = request(`${server}/readyz`, { ca, cert, key, agent: false }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode === 200 ? true : undefined));
    });
    asking.once("error", () => resolve(undefined));
    asking.end();
  });
}

export interface Connected {
  readonly client: Client;
  /** Milliseconds from the start of the process to the first 200 of /readyz. */
  readonly apiReadyMs: number;
  close(): void;
}

/** Waits for the API. */
export async function connectTo(up: Up, kubeconfigFile: string): Promise<Connected> {
  const loaded = await until(up, "kubeconfig", () =>
    existsSync(kubeconfigFile) && readFileSync(kubeconfigFile, "utf8").length > 0
      ? loadKubeconfig(kubeconfigFile)
      : undefined,
  );
  await until(up, "answer of /readyz", () => askReady(loaded));
  const apiReadyMs = performance.now() - up.startedMs;
  const transport = httpTransport(loaded.transport);
  return { client: createClient(transport, { userAgent: "t8s-bench" }), apiReadyMs, close: () => transport.close() };
}

/** When the node's Ready condition is True by a heartbeat of another second than `before`; the heartbeat itself. */
export async function nodeReady(up: Up, client: Client, before: string): Promise<{ atMs: number; heartbeat: string }> {
  const ending = new AbortController();
  try {
    for await (const event of client.of(nodes).watch({ signal: ending.signal })) {
      if (event.type === "BOOKMARK") continue;
      const ready = event.object.status?.conditions?.find((each) => each.type === "Ready");
      const heartbeat = String(ready?.lastHeartbeatTime ?? "");
      if (ready?.status === "True" && heartbeat !== before)
        return { atMs: performance.now() - up.startedMs, heartbeat };
    }
  } finally {
    ending.abort();
  }
  throw new Error(`the watch of nodes ended before one was ready; t8s said:\n${up.output()}`);
}

/** Creates a pod as soon as its namespace lets it in, and tells when it is seen Running. Milliseconds from the start. */
export async function podRunning(up: Up, client: Client, name: string): Promise<number> {
  const ending = new AbortController();
  try {
    await until(up, "ServiceAccount of the default namespace", () => createPod(client, name));
    for await (const event of client.of(pods).watch({ namespace: "default", signal: ending.signal })) {
      if (event.type === "BOOKMARK" || event.object.metadata.name !== name) continue;
      if (event.object.status?.phase === "Running") return performance.now() - up.startedMs;
    }
  } finally {
    ending.abort();
  }
  throw new Error(`the watch of pods ended before ${name} ran; t8s said:\n${up.output()}`);
}

/** Pods are refused until the controllers have made the namespace's ServiceAccount. */
async function createPod(client: Client, name: string): Promise<Pod | undefined> {
  try {
    return await client.of(pods).create(pausePod(name));
  } catch (error) {
    if (error instanceof StatusError && (error.status.code === 403 || error.status.code === 404)) return undefined;
    throw error;
  }
}

export const kubeconfigOf = (dataDirectory: string, name: string): string => join(dataDirectory, name, "kubeconfig");

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
