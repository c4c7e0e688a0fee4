// Kills a writing process at seeded instants, again and again on one file. What was acknowledged must be there, and
// nothing may be there by half; crash-child.ts checks the latter, and that history leads to the present, at each start.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { type Rng, seededRng } from "../../base/index.ts";

const roundsEach = 100;
const seeds = [20_261, 20_262];

let folder = "";
let child = "";
let worker = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "store-crash-"));
  child = join(folder, "crash-child.mjs");
  worker = join(folder, "worker.mjs");
  // Bundled as the product is, which starts in half the time.
  await build({
    entryPoints: ["crash-child", "worker"].map((name) => fileURLToPath(new URL(`./${name}.ts`, import.meta.url))),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
  });
});
after(() => rm(folder, { recursive: true }));

/** [serial, revision] of the last acknowledged commit of each writer. */
type Acknowledged = Map<number, readonly [number, number]>;

/** Runs the child until it has acknowledged some commits, or until it is about to open the file, and kills it. */
async function round(path: string, rng: Rng, acknowledged: Acknowledged): Promise<void> {
  const killAt = rng.below(10) === 0 ? "starting" : rng.below(300);
  const process_ = spawn(process.execPath, [child, path, pathToFileURL(worker).href], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise<unknown>((resolve) => process_.once("exit", (code, signal) => resolve(signal ?? code)));
  let commits = 0;
  for await (const line of createInterface({ input: process_.stdout })) {
    if (line === "starting") {
      if (killAt === "starting") process_.kill("SIGKILL");
    } else if (line.startsWith("found ")) {
      check(JSON.parse(line.slice("found ".length)), acknowledged);
    } else {
      const [writer, serial, revision] = line.split(" ").map(Number) as [number, number, number];
      const before = acknowledged.get(writer);
      assert.ok(
        before === undefined || revision > before[1],
        `revision ${revision} of writer ${writer} after ${before?.[1]}`,
      );
      acknowledged.set(writer, [serial, revision]);
      if (++commits === killAt) process_.kill("SIGKILL");
    }
    if (killAt === 0 && line.startsWith("found ")) process_.kill("SIGKILL");
  }
  assert.equal(await exited, "SIGKILL", "how the child ended");
}

function check(
  found: { revision: number; writers: readonly (readonly [number, number])[] },
  acknowledged: Acknowledged,
): void {
  for (const [writer, [serial, revision]] of acknowledged) {
    const [foundSerial, foundRevision] = found.writers[writer]!;
    assert.ok(found.revision >= revision, `the store is at ${found.revision}, ${revision} was acknowledged`);
    assert.ok(foundSerial >= serial, `writer ${writer}: ${serial} was acknowledged, ${foundSerial} is there`);
    assert.ok(
      foundSerial <= serial + 1,
      `writer ${writer}: ${foundSerial} is there, ${serial + 1} was the last asked for`,
    );
    if (foundSerial === serial) assert.equal(foundRevision, revision, `revision of writer ${writer}`);
    else assert.ok(foundRevision > revision, `revision of writer ${writer} grows`);
    acknowledged.set(writer, [foundSerial, foundRevision]);
  }
}

describe("a store whose process is killed", { concurrency: true }, () => {
  for (const seed of seeds)
    test(`keeps what it acknowledged, ${roundsEach} times, seed ${seed}`, async () => {
      const rng = seededRng(seed);
      const acknowledged: Acknowledged = new Map();
      for (let index = 0; index < roundsEach; index++) await round(join(folder, `${seed}.db`), rng, acknowledged);
      assert.equal(acknowledged.size, 8, "every writer wrote");
    });
});
