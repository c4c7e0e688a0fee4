// The recorded scenarios on a simulated machine, by virtual time. What a real container does is told by its command as far as
// src/runtime/fake reads it; `npm run states` plays all of them with real ones.
import assert from "node:assert/strict";
import { test } from "node:test";
import { causeOf, compare, type Difference } from "./compare.ts";
import { clear, emptied, play } from "./play.ts";
import { readScenarios, type Scenario } from "./scenarios.ts";
import { createSimulatedStage, type SimulatedStage } from "./simulated.ts";

/** How many scenarios agree at least in every snapshot. This figure only rises. */
const floor = 1;

/** About what only containers do: their files, processes, logs and images. */
const needsContainers = ({ id }: Scenario): boolean => /^(pod-|sa-no-automount)/.test(id);

async function playOne(stage: SimulatedStage, scenario: Scenario, namespace: string): Promise<readonly Difference[]> {
  const found = compare(scenario, await play(stage, scenario, namespace));
  await clear(stage, namespace);
  await emptied(stage, namespace);
  return found;
}

test(`at least ${floor} scenarios are lived as recorded, without containers`, async (t) => {
  await using stage = await createSimulatedStage();
  const differences: Difference[] = [];
  let [agreed, played] = [0, 0];
  for (const scenario of readScenarios()) {
    if (needsContainers(scenario)) continue;
    const found = await stage.until(playOne(stage, scenario, `st-${String(played++).padStart(4, "0")}`));
    if (found.length === 0) agreed++;
    differences.push(...found);
  }
  t.diagnostic(`${agreed} of ${played} agree`);
  const causes = [...Map.groupBy(differences, causeOf)].sort(([, a], [, b]) => b.length - a.length);
  const lines = causes.map(([cause, all]) => `${all.length} ${cause} (${all[0]!.scenario})`);
  assert.ok(agreed >= floor, `${agreed} of ${played} agree, ${floor} did before:\n${lines.slice(0, 40).join("\n")}`);
  if (process.env["STATES_SHOW"]) console.log(`${lines.join("\n")}`);
});
