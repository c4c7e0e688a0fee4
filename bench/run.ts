// `npm run bench [-- PART… --full]`: this project beside upstream, in one run. Each part is a process of its own, prints one table, and
// adds one line to bench/history.jsonl. bench/README.md says what the parts are. However a part ends, by its last row, its limit or a
// signal, nothing of it stays on the machine; what a killed run left is removed by the next one.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { removeCgroups } from "../test/swap/namespaces.ts";
import { commandLine } from "../tools/command-line.ts";
import { beginRun, removeBelow } from "../tools/suite-run.ts";
import { isUpstreamNode, namespacesId } from "./lib/upstream-cluster.ts";
import { options, parts, sizesOf } from "./options.ts";

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
  --sizes LIST     numbers of nodes that the fleet is measured at: 2500, or 1000,5000
  --upstream DIR   upstream's programs, if not those that npm run swap builds
  --no-upstream    measure this project alone
  --scripts DIR    the load scripts, if not bench/load
  --t8s PATH       the program to measure, if not ./t8s
  --no-history     do not add to bench/history.jsonl
  --name NAME      name of the run (default bench); two at a time would measure each other`;
}

const { values, positionals } = commandLine(options, { usage: await usage(), words: true });
const flags = Object.entries(values).flatMap(([flag, value]) => {
  if (typeof value === "boolean") return value ? [`--${flag}`] : [];
  return [`--${flag}=${value}`];
});
const program = fileURLToPath(new URL("measure.ts", import.meta.url));
const stopping = new AbortController();

/** A process for each: no part finds the memory, timers or compiled code of another. Its status; whatever it left is gone then. */
async function measure(part: string): Promise<number | null> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const run = await beginRun({
    ...{ suite: "bench", name: values.name, dataDirectory: folder, temporary: folder },
    say: (line) => console.error(line),
  }).catch(async (error) => {
    await removeBelow(folder);
    throw error;
  });
  // A group of its own: Ctrl-C is for this process alone, which ends the part and then what the part started.
  const child = spawn(process.execPath, [...process.execArgv, program, part, ...flags], {
    ...{ stdio: "inherit", detached: true },
    env: { ...process.env, TMPDIR: folder },
  });
  const gone = once(child, "exit");
  run.owns(child.pid!);
  const stop = (): void => void child.kill("SIGTERM");
  if (stopping.signal.aborted) stop();
  stopping.signal.addEventListener("abort", stop);
  const [status] = (await gone) as [number | null];
  stopping.signal.removeEventListener("abort", stop);
  const namespaces = readdirSync(folder).filter(isUpstreamNode).map(namespacesId);
  await removeBelow(folder, child.pid);
  for (const id of namespaces) await removeCgroups(id);
  run.end();
  return status;
}

async function measureAll(names: readonly string[]): Promise<number> {
  const failed: string[] = [];
  const startedMs = performance.now();
  for (const name of names) {
    const status = await measure(name);
    if (stopping.signal.aborted) return stopping.signal.reason;
    if (status !== 0) failed.push(name);
  }
  if (names.length > 1)
    console.log(
      `\n${names.length} parts in ${Math.round((performance.now() - startedMs) / 1000)} s${failed.length > 0 ? `; failed: ${failed.join(", ")}` : ""}`,
    );
  return failed.length > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  if (!(Number(values.scale) > 0)) throw new Error(`--scale takes a number above 0, not ${values.scale}`);
  for (const flag of ["t8s", "scripts"] as const)
    if (values[flag] !== undefined && !existsSync(values[flag]))
      throw new Error(`--${flag} ${values[flag]}: there is no such ${flag === "t8s" ? "program" : "folder"}`);
  sizesOf(values.sizes);
  const unknown = positionals.filter((name) => !(name in parts));
  if (unknown.length === 0) return measureAll(positionals.length > 0 ? positionals : Object.keys(parts));
  console.error(`no part ${unknown.join(", ")}\n\n${await usage()}`);
  return 2;
}

for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)
  process.on(signal, () => stopping.abort(status));
try {
  process.exit(await main());
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exit(1);
}
