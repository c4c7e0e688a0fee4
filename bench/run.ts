// `npm run bench [-- PART… --full]`: this project beside upstream, in one run. Each part is a process of its own, prints one table, and
// adds one line to bench/history.jsonl. bench/README.md says what the parts are.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../src/base/index.ts";
import { collect } from "./lib/collect.ts";
import { append, falls, loadNow, missing, readHistory, thisCommit, thisMachine } from "./lib/history.ts";
import type { Part, Setup } from "./lib/part.ts";
import { tableOf } from "./lib/table.ts";
import { findUpstream } from "./lib/upstream.ts";

const parts: Readonly<Record<string, () => Promise<{ readonly part: Part }>>> = {
  start: () => import("./parts/start.ts"),
  idle: () => import("./parts/idle.ts"),
  library: () => import("./parts/library.ts"),
  api: () => import("./parts/api.ts"),
  watch: () => import("./parts/watch.ts"),
  watchers: () => import("./parts/watchers.ts"),
  store: () => import("./parts/store.ts"),
  cycle: () => import("./parts/cycle.ts"),
  scheduler: () => import("./parts/scheduler.ts"),
  workloads: () => import("./parts/workloads.ts"),
  fleet: () => import("./parts/fleet.ts"),
};

const options = {
  full: { type: "boolean", default: false },
  upstream: { type: "string" },
  "no-upstream": { type: "boolean", default: false },
  scripts: { type: "string" },
  t8s: { type: "string" },
  scale: { type: "string", default: "1" },
  "no-history": { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const root = fileURLToPath(new URL("..", import.meta.url));
const words = process.argv.slice(2);
const { values, positionals } = parseArgs({ options, allowPositionals: true });

async function usage(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(parts).map(async ([name, load]) => `  ${name.padEnd(10)} ${(await load()).part.about}`),
  );
  return `Measures this project beside upstream.

Usage: npm run bench [-- PART… FLAGS]; all parts when none is named

Parts:
${lines.join("\n")}

Flags:
  --full           the sizes of the published figures; takes an hour
  --scale NUMBER   multiplies the sizes of loads: 0.1 to see whether a part works
  --upstream DIR   upstream's programs, if not those that npm run swap builds
  --no-upstream    measure this project alone
  --scripts DIR    the load scripts, if not ../shared/bench
  --t8s PATH       the program to measure, if not ./t8s
  --no-history     do not add to bench/history.jsonl`;
}

function setUp(): Setup {
  const found = values["no-upstream"] ? "upstream is not measured, as asked" : findUpstream(values.upstream);
  if (typeof found === "string") console.error(found);
  const scripts = resolve(values.scripts ?? join(root, "..", "shared", "bench"));
  const scale = Number(values.scale);
  if (!(scale > 0)) throw new Error(`--scale takes a number above 0, not ${values.scale}`);
  return {
    full: values.full,
    command: resolve(values.t8s ?? join(root, "t8s")),
    upstream: typeof found === "string" ? undefined : found,
    scripts: existsSync(scripts) ? scripts : undefined,
    scale,
    say: (line) => console.error(`  ${line}`),
  };
}

/** Setting up is no part of what is measured: dependencies and the build. */
function build(command: string): void {
  const { status } = spawnSync(command, ["version"], { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${command} version failed; its messages stand above`);
}

async function measure(name: string): Promise<number> {
  const setup = setUp();
  build(setup.command);
  const { part } = await parts[name]!();
  const loadBefore = loadNow();
  const limitMs = part.limitSeconds * (setup.full ? 10 : 1) * 1000;
  const { rows, cut } = await collect(part.run(setup), { clock: systemClock, limitMs });
  const history = readHistory();
  const entry = {
    part: name,
    at: new Date().toISOString(),
    commit: thisCommit(),
    machine: thisMachine(),
    load: [loadBefore, loadNow()] as const,
    size: setup.full ? "full" : String(setup.scale),
    rows,
    ...(cut === undefined ? {} : { cut: cut.split("\n", 1)[0]! }),
  };
  const { cores, model, node, system } = entry.machine;
  console.log(`\n## ${name}: ${part.about}\n`);
  console.log(
    `${cores} cores of ${model}, Node ${node}, ${system}; load ${entry.load.join(" before, ")} after; ${entry.commit}\n`,
  );
  if (setup.scale !== 1) console.log(`Loads are ${setup.scale} times what the rows say.\n`);
  if (rows.length > 0) console.log(tableOf(rows));
  for (const line of falls(entry, history)) console.log(`\nFELL ${line}`);
  if (!values["no-history"] && rows.length > 0) append(entry);
  if (cut === undefined) return 0;
  console.log(`\n${name} is not whole: ${cut}`);
  for (const row of missing(entry, history)) console.log(`MISSING ${row}`);
  return 1;
}

/** A process for each: no part finds the memory, timers or compiled code of another. */
async function measureAll(names: readonly string[]): Promise<number> {
  const flags = words.filter((word) => !positionals.includes(word));
  const failed: string[] = [];
  const startedMs = performance.now();
  for (const name of names) {
    const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), name, ...flags], {
      stdio: "inherit",
    });
    const [status] = (await once(child, "exit")) as [number | null];
    if (status !== 0) failed.push(name);
  }
  console.log(
    `\n${names.length} parts in ${Math.round((performance.now() - startedMs) / 1000)} s${failed.length > 0 ? `; failed: ${failed.join(", ")}` : ""}`,
  );
  return failed.length > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const unknown = positionals.filter((name) => !(name in parts));
  if (values.help || unknown.length > 0) {
    if (unknown.length > 0) console.error(`no part ${unknown.join(", ")}\n`);
    console.log(await usage());
    return unknown.length > 0 ? 2 : 0;
  }
  const wanted = positionals.length > 0 ? positionals : Object.keys(parts);
  return wanted.length === 1 ? measure(wanted[0]!) : measureAll(wanted);
}

for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => process.exit(status));
process.exit(await main());
