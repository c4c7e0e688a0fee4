// `npm run swap`: the same scenarios on clusters whose parts are ours and upstream's by turns. Each cluster lives in namespaces of
// its own (network, mounts, processes), so nothing of it outlasts its turn. Needs root and what real containers need.
//   npm run swap [-- --upstream DIR] [--mix NAME…] [--scenario NAME…] [--keep]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { commandLine } from "../../tools/command-line.ts";
import { needContainers, needKnown, needPrograms } from "../../tools/needs.ts";
import { mixes } from "./mixes.ts";
import { inNamespaces } from "./namespaces.ts";
import { binDirectory, buildPrograms, insistOnPrograms } from "./programs.ts";
import { report, type UsualShapes, usualOf } from "./report.ts";
import { scenarios } from "./scenarios/list.ts";
import type { WorldResult } from "./world.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
/** A guard against a cluster that hangs. */
const worldLimitMs = 600_000;

const usage = `Plays the same scenarios on clusters whose components are ours and upstream's by turns. docs/swap.md says more.

Usage: npm run swap [-- FLAGS]

  --mix NAME        one mix, or some when given more than once: ${Object.keys(mixes).join(", ")}
  --scenario NAME   one scenario, or some
  --upstream DIR    upstream's programs, if not those that this command builds
  --keep            keep the logs and objects of every part`;

const { values } = commandLine(
  {
    upstream: { type: "string", default: binDirectory },
    mix: { type: "string", multiple: true },
    scenario: { type: "string", multiple: true, default: [] },
    keep: { type: "boolean", default: false },
  },
  { usage },
);

async function build(): Promise<void> {
  const child = spawn(join(root, "t8s"), ["version"], { stdio: ["ignore", "ignore", "inherit"] });
  const [status] = (await once(child, "exit")) as [number | null];
  if (status !== 0) throw new Error("the build failed; its messages stand above");
}

async function runWorld(mix: string, signal: AbortSignal): Promise<WorldResult> {
  const directory = mkdtempSync(join(tmpdir(), "t8s-swap-"));
  await inNamespaces(join(here, "world.ts"), [mix, directory, values.upstream, ...values.scenario], {
    id: directory.slice(-6).toLowerCase(),
    limitMs: worldLimitMs,
    signal,
  });
  const file = join(directory, "result.json");
  const result: WorldResult = existsSync(file)
    ? JSON.parse(readFileSync(file, "utf8"))
    : {
        mix,
        failed: `no result within ${worldLimitMs / 1000} s; the logs are in ${directory}`,
        outcomes: [],
        complaints: {},
        died: [],
      };
  const kept = values.keep || (!existsSync(file) && !signal.aborted);
  if (kept) console.log(`the logs of ${mix} are in ${directory}`);
  else rmSync(directory, { recursive: true, force: true });
  return result;
}

const usualFile = join(root, ".t8s", "swap-usual.json");

async function main(): Promise<number> {
  const stopping = new AbortController();
  // The mix that is played ends, and what it left on the machine goes.
  for (const [name, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)
    process.on(name, () => stopping.abort(status));
  const wanted = values.mix ?? Object.keys(mixes);
  needKnown("mix", wanted, Object.keys(mixes));
  needKnown(
    "scenario",
    values.scenario,
    scenarios.map(({ name }) => name),
  );
  needContainers("npm run swap", (line) => console.log(line));
  const usesEtcd = wanted.some((name) => mixes[name]?.apiserver === "upstream");
  needPrograms("npm run swap", { unshare: "util-linux", mount: "mount", ...(usesEtcd ? { etcd: "etcd-server" } : {}) });
  if (values.upstream === binDirectory) buildPrograms();
  else insistOnPrograms(values.upstream);
  await build();
  if (stopping.signal.aborted) return stopping.signal.reason;
  const results: WorldResult[] = [];
  for (const name of wanted) {
    const result = await runWorld(name, stopping.signal);
    if (stopping.signal.aborted) return stopping.signal.reason;
    results.push(result);
    const passed = result.outcomes.filter((each) => each.passed).length;
    console.log(
      `${name}: ${passed} of ${result.outcomes.length}${result.failed ? ` (${result.failed.split("\n")[0]})` : ""}`,
    );
  }
  mkdirSync(dirname(usualFile), { recursive: true });
  let usual: UsualShapes = existsSync(usualFile) ? JSON.parse(readFileSync(usualFile, "utf8")) : {};
  const measure = results.find(({ mix }) => mix === "upstream");
  if (measure !== undefined) writeFileSync(usualFile, JSON.stringify((usual = usualOf(measure, usual)), null, 1));
  console.log(report(results, usual));
  return results.every(({ failed, outcomes }) => !failed && outcomes.every(({ passed }) => passed)) ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  console.error(`swap: ${(error as Error).message}`);
  process.exit(1);
}
