// Replays a seed, or runs many.
//   node src/sim/node/replay.ts --seed N            prints the trace, exits with 1 when a rule was broken
//   node src/sim/node/replay.ts --from A --to B     one JSON line for each seed from A up to and without B
// Of the first property; `--of workloads` of the second.
import process from "node:process";
import { parseArgs } from "node:util";
import { runDeploymentRollout } from "../deployment-rollout.ts";
import { runWorkloads } from "../workloads.ts";
import { loadComponents } from "../world.ts";

const properties = { rollouts: runDeploymentRollout, workloads: runWorkloads };

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    from: { type: "string" },
    to: { type: "string" },
    of: { type: "string", default: "rollouts" },
  },
});
const run = properties[values.of as keyof typeof properties];
if (run === undefined) throw new Error(`--of must be one of ${Object.keys(properties).join(", ")}, not ${values.of}`);
await loadComponents();
if (values.seed !== undefined) {
  const result = await run({ seed: Number(values.seed), print: (line) => console.log(line) });
  console.log(
    `hash ${result.hash}, ${result.commits} commits, ${(result.virtualMs / 1000).toFixed(0)} virtual seconds`,
  );
  if (result.violation !== undefined) {
    console.error(`seed ${result.seed}: ${result.violation}`);
    process.exitCode = 1;
  }
} else {
  // Refused connections and conflicts are thousands here, and nobody reads where they were made.
  Error.stackTraceLimit = 0;
  for (let seed = Number(values.from ?? 0); seed < Number(values.to ?? 100); seed++)
    console.log(JSON.stringify(await run({ seed })));
}
