import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { clusterLayout } from "../../cluster/index.ts";
import { fleetFlags, fleetThreads, keepSimulatedNodes, simulatedNodes } from "./fleet.ts";

test("the number of simulated nodes is kept with the cluster", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "t8s-fleet-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const layout = clusterLayout("fleet", directory);
  mkdirSync(layout.directory);
  assert.equal(simulatedNodes(layout), undefined);
  keepSimulatedNodes(layout, 300);
  assert.equal(simulatedNodes(layout), 300);
  writeFileSync(layout.simulatedFile, "{}");
  assert.throws(() => simulatedNodes(layout), /--nodes/);
});

test("the heap's limit is six tenths of the memory, in MB", () => {
  assert.ok(fleetFlags(10 * 2 ** 30).includes("--max-old-space-size=6144"));
});

test("few nodes have no thread of their own; many have one, or what the cores have room for beside the main one", () => {
  const threads = [
    [1, 8],
    [500, 8],
    [1000, 1],
    [1000, 2],
    [1000, 4],
    [1000, 64],
  ].map(([nodes, cores]) => fleetThreads(nodes!, cores));
  assert.deepEqual(threads, [0, 0, 0, 1, 3, 4]);
});
