// Plays many scenarios on one stage: beside each other where they do not disturb one another, the others alone, at the end.
import { compare, type Difference } from "./compare.ts";
import { clear, emptied, play, type Stage } from "./play.ts";
import type { Scenario } from "./scenarios.ts";

export type Results = ReadonlyMap<Scenario, readonly Difference[]>;

export interface PlayAllOptions {
  readonly atOnce: number;
  readonly done?: (scenario: Scenario, differences: readonly Difference[], tookMs: number) => void;
}

/** These use the node as a whole (its processors, its taints and labels) or the cluster's defaults. */
const needsAll = (scenario: Scenario): boolean =>
  /nodes\/node1|priorityClassName|"cpu":"1500m"|hostPort|is-default-class/.test(JSON.stringify(scenario.steps));

export async function playAll(
  stage: Stage,
  scenarios: readonly Scenario[],
  { atOnce, done }: PlayAllOptions,
): Promise<Results> {
  const results = new Map<Scenario, readonly Difference[]>();
  const namespaces: string[] = [];
  const one = async (scenario: Scenario): Promise<string> => {
    const namespace = `st-${String(namespaces.length).padStart(4, "0")}`;
    namespaces.push(namespace);
    const startMs = stage.clock.monotonic();
    let found: readonly Difference[];
    try {
      found = compare(scenario, await play(stage, scenario, namespace));
    } catch (error) {
      // What the cluster refused or never did is told like any other difference; the others are still played.
      found = [{ scenario: scenario.id, state: "run", place: "failed", want: undefined, got: String(error) }];
    }
    results.set(scenario, found);
    done?.(scenario, found, stage.clock.monotonic() - startMs);
    await clear(stage, namespace);
    return namespace;
  };
  const next = scenarios.filter((each) => !needsAll(each))[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const scenario of next) await one(scenario);
    }),
  );
  for (const namespace of namespaces) await emptied(stage, namespace);
  for (const scenario of scenarios.filter(needsAll)) await emptied(stage, await one(scenario));
  return results;
}
