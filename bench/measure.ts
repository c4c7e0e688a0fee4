// One part of `npm run bench`, in a process of its own: prints its table and adds its line to the history. What it starts ends with it,
// and what it leaves below its temporary directory is removed by bench/run.ts, which started it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../src/base/index.ts";
import { collect } from "./lib/collect.ts";
import { append, falls, loadNow, missing, readHistory, thisCommit, thisMachine } from "./lib/history.ts";
import type { Setup } from "./lib/part.ts";
import { tableOf } from "./lib/table.ts";
import { findUpstream } from "./lib/upstream.ts";
import { options, parts, sizesOf } from "./options.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({ options, allowPositionals: true });

function setUp(): Setup {
  const found = values["no-upstream"] ? "upstream is not measured, as asked" : findUpstream(values.upstream);
  if (typeof found === "string") console.error(found);
  const scripts = resolve(values.scripts ?? join(root, "bench", "load"));
  return {
    full: values.full,
    command: resolve(values.t8s ?? join(root, "t8s")),
    upstream: typeof found === "string" ? undefined : found,
    scripts: existsSync(scripts) ? scripts : undefined,
    scale: Number(values.scale),
    sizes: sizesOf(values.sizes),
    say: (line) => console.error(`  ${line}`),
  };
}

/** Setting up is no part of what is measured: dependencies and the build. */
function build(command: string): void {
  const { status } = spawnSync(command, ["version"], { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${command} version failed; its messages stand above`);
}

/** What was measured until then is printed, and not remembered. */
const stopping = new AbortController();

async function measure(name: string): Promise<number> {
  const setup = setUp();
  build(setup.command);
  const { part } = await parts[name]!();
  const loadBefore = loadNow();
  const limitMs = part.limitSeconds * (setup.full ? 10 : 1) * 1000;
  const { rows, cut } = await collect(part.run(setup), {
    ...{ clock: systemClock, limitMs },
    signal: stopping.signal,
  });
  const history = readHistory();
  const entry = {
    part: name,
    at: new Date().toISOString(),
    commit: thisCommit(),
    machine: thisMachine(),
    load: [loadBefore, loadNow()] as const,
    size: [setup.full ? "full" : String(setup.scale), ...(setup.sizes ?? [])].join(" "),
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
  if (!values["no-history"] && rows.length > 0 && !stopping.signal.aborted) append(entry);
  if (cut === undefined) return 0;
  console.log(`\n${name} is not whole: ${cut}`);
  if (stopping.signal.aborted) return stopping.signal.reason;
  for (const row of missing(entry, history)) console.log(`MISSING ${row}`);
  return 1;
}

for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => stopping.abort(status));
try {
  process.exit(await measure(positionals[0]!));
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exit(1);
}
