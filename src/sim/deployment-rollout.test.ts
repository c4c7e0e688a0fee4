// A Deployment is created, rolled out, scaled, rolled back and deleted while processes crash, connections break and machines lose power:
// 1,000 seeds, two at a time. Run more, or others: node src/sim/node/replay.ts --from 5000 --to 6000
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runDeploymentRollout } from "./deployment-rollout.ts";
import { runSeeds } from "./node/run-seeds.ts";
import { loadComponents } from "./world.ts";

const replay = fileURLToPath(new URL("./node/replay.ts", import.meta.url));
const seeds = 1_000;

test("rollouts converge, stay above their minimum and leave nothing behind, whatever breaks", async () => {
  const results = (
    await Promise.all([0, seeds / 2].map((from) => runSeeds(replay, { of: "rollouts", from, to: from + seeds / 2 })))
  ).flat();
  assert.equal(results.length, seeds);
  const broken = results.filter((result) => result.violation !== undefined);
  assert.deepEqual(
    broken.map((result) => `node src/sim/node/replay.ts --seed ${result.seed}   # ${result.violation}`),
    [],
  );
});

test("equal seeds give equal histories, others give others", async () => {
  await loadComponents();
  const hashes = [];
  for (const seed of [11, 11, 12]) hashes.push((await runDeploymentRollout({ seed })).hash);
  assert.equal(hashes[0], hashes[1]);
  assert.notEqual(hashes[1], hashes[2]);
});
