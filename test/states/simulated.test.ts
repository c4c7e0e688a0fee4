// The recorded scenarios on a simulated machine, by virtual time. What a real container does is told by its command as far as
// src/runtime/fake reads it; `npm run states` plays all of them with real ones.
import assert from "node:assert/strict";
import { test } from "node:test";
import { causeOf } from "./compare.ts";
import { playAll } from "./play-all.ts";
import { readScenarios } from "./scenarios.ts";
import { createSimulatedStage } from "./simulated.ts";

/** How many scenarios agree at least in every snapshot. This figure only rises. */
const floor = 66;

/** What controllers alone decide; the other groups are about nodes, or wait for minutes. */
const groups = new Set([
  ...[
    "autoscaling",
    "deployment",
    "disruption",
    "garbage",
    "namespace",
    "quota",
    "replicaset",
    "job",
    "serviceaccount",
  ],
]);

test(`at least ${floor} scenarios are lived as recorded, without containers`, async (t) => {
  await using stage = await createSimulatedStage();
  const scenarios = readScenarios().filter(({ group }) => groups.has(group));
  const results = await stage.until(playAll(stage, scenarios, { atOnce: 12 }));
  const agreed = [...results.values()].filter((found) => found.length === 0).length;
  t.diagnostic(`${agreed} of ${scenarios.length} agree`);
  const lines = [...Map.groupBy([...results.values()].flat(), causeOf)]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([cause, all]) => {
      const { want, got } = all[0]!;
      const ids = [...new Set(all.map(({ scenario }) => scenario))];
      return `${cause} (${ids.join(", ")})\n  want ${JSON.stringify(want)}\n  got  ${JSON.stringify(got)}`;
    });
  assert.ok(
    agreed >= floor,
    `${agreed} of ${scenarios.length} agree, ${floor} did before:\n${lines.slice(0, 60).join("\n")}`,
  );
});
