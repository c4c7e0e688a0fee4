// How long `t8s up` needs until a client outside can work: API ready, node Ready, first pod Running (created the moment the
// API is ready), on a first start and on a resumed one. Medians of wall time, best and worst beside them, and the processor
// time of the process until the pod runs, which a busy machine stretches less.
//
//   node tools/launch.mjs bench/start.ts [--runs 5] [--t8s ./t8s]
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  connectTo,
  kubeconfigOf,
  machine,
  median,
  nodeReady,
  podRunning,
  startUp,
  usageOf,
} from "./lib/cluster-process.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "5" }, t8s: { type: "string", default: "./t8s" } },
});
const command = resolve(values.t8s);
const name = "bench";

interface Start {
  readonly apiMs: number;
  readonly nodeMs: number;
  readonly podMs: number;
  readonly cpuMs: number;
}

async function measure(dataDirectory: string, run: { readonly pod: string; readonly heartbeat: string }) {
  const up = startUp({ command, dataDirectory, name });
  try {
    const { client, apiReadyMs, close } = await connectTo(up, kubeconfigOf(dataDirectory, name));
    const [node, podMs] = await Promise.all([nodeReady(up, client, run.heartbeat), podRunning(up, client, run.pod)]);
    const start: Start = { apiMs: apiReadyMs, nodeMs: node.atMs, podMs, cpuMs: usageOf(up.pid).cpuSeconds * 1000 };
    close();
    return { start, heartbeat: node.heartbeat };
  } finally {
    await up.stop();
  }
}

// The set-up is no part of what is measured: packages, dependencies, build.
for (const words of [["up", "--prepare"], ["version"]]) {
  const done = spawnSync(command, words, { stdio: ["ignore", "ignore", "inherit"] });
  if (done.status !== 0) throw new Error(`${values.t8s} ${words.join(" ")} failed; its messages stand above`);
}
const first: Start[] = [];
const resumed: Start[] = [];
for (let run = 0; run < Number(values.runs); run++) {
  const dataDirectory = await mkdtemp(join(tmpdir(), "bench-start-"));
  try {
    const fresh = await measure(dataDirectory, { pod: "first", heartbeat: "" });
    first.push(fresh.start);
    resumed.push((await measure(dataDirectory, { pod: "second", heartbeat: fresh.heartbeat })).start);
  } finally {
    spawnSync(command, ["delete", "--name", name, "--data-dir", dataDirectory], { stdio: "ignore" });
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2);
function row(title: string, budgetMs: number | undefined, pick: (start: Start) => number): string {
  const cell = (starts: readonly Start[]): string => {
    const all = starts.map(pick);
    return `${seconds(median(all))} (${seconds(Math.min(...all))}–${seconds(Math.max(...all))})`.padEnd(20);
  };
  return `${title.padEnd(20)} ${(budgetMs === undefined ? "" : seconds(budgetMs)).padEnd(8)} ${cell(first)} ${cell(resumed)}`;
}
console.log(`${machine()}; load ${loadavg()[0]!.toFixed(1)}; ${values.runs} runs; seconds: median (best–worst)`);
console.log(`${"".padEnd(20)} ${"budget".padEnd(8)} ${"first start".padEnd(20)} resumed`);
console.log(row("API ready", 500, (start) => start.apiMs));
console.log(row("node Ready", 1000, (start) => start.nodeMs));
console.log(row("first pod Running", 2000, (start) => start.podMs));
console.log(row("processor time", undefined, (start) => start.cpuMs));
