// StatefulSets, Jobs and owned objects live through crashes, broken connections and power losses: 30 seeds. Run more, or others:
// node src/sim/node/replay.ts --of workloads --from 5000 --to 6000
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runSeeds } from "./node/run-seeds.ts";

const replay = fileURLToPath(new URL("./node/replay.ts", import.meta.url));
const seeds = 30;

test("ordinals come in order, completions are counted once, what is owned lives as long as an owner", async () => {
  const results = await runSeeds(replay, { of: "workloads", from: 0, to: seeds });
  assert.equal(results.length, seeds);
  const broken = results.filter((result) => result.violation !== undefined);
  assert.deepEqual(
    broken.map(({ seed, violation }) => `node src/sim/node/replay.ts --of workloads --seed ${seed}   # ${violation}`),
    [],
  );
});
