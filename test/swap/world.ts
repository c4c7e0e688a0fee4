// One mixed cluster from start to end, inside namespaces of its own (run.ts makes them): network, mounts and processes vanish with
// this program. Arguments: the mix, the data directory, upstream's programs, scenario names (all when none is given).
// Writes result.json into the data directory.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Clock, systemClock, timeoutSignal } from "../../src/base/index.ts";
import { type Complaint, complaintsOf } from "./complaints.ts";
import { clientOf, nodeAddress, nodeName, prepare, startParts, untilNodeReady, World } from "./machine.ts";
import { mixes, type Part } from "./mixes.ts";
import { scenarios } from "./scenarios/list.ts";
import { openStage, type Scenario, type StageOptions } from "./stage.ts";

export interface Outcome {
  readonly scenario: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly why?: string;
}

export interface WorldResult {
  readonly mix: string;
  /** Seconds until the node was ready; why not, when it never was. */
  readonly readySeconds?: number;
  readonly failed?: string;
  readonly outcomes: readonly Outcome[];
  readonly complaints: Readonly<Partial<Record<Part, readonly Complaint[]>>>;
  /** Parts that ended by themselves. */
  readonly died: readonly string[];
}

const clock: Clock = systemClock;
const scenarioLimitMs = 180_000;

async function play(scenario: Scenario, options: Omit<StageOptions, "namespace" | "signal">): Promise<Outcome> {
  const startMs = clock.monotonic();
  using limit = timeoutSignal(clock, scenarioLimitMs);
  const seconds = (): number => Math.round((clock.monotonic() - startMs) / 100) / 10;
  try {
    await scenario.run(await openStage({ ...options, namespace: `swap-${scenario.name}`, signal: limit }));
    return { scenario: scenario.name, passed: true, seconds: seconds() };
  } catch (error) {
    return { scenario: scenario.name, passed: false, seconds: seconds(), why: (error as Error).message };
  }
}

async function main(mixName: string, directory: string, upstream: string, wanted: readonly string[]): Promise<void> {
  const mix = mixes[mixName];
  if (mix === undefined) throw new Error(`no mix ${mixName}; there are ${Object.keys(mixes).join(", ")}`);
  const world = new World(directory);
  const outcomes: Outcome[] = [];
  let readySeconds: number | undefined;
  let failed: string | undefined;
  try {
    const place = await prepare(directory, upstream);
    const startMs = clock.monotonic();
    await startParts(world, mix, place);
    const kubeconfig = join(directory, "admin.kubeconfig");
    const client = clientOf(kubeconfig);
    await untilNodeReady(client, world);
    readySeconds = Math.round((clock.monotonic() - startMs) / 100) / 10;
    const chosen = scenarios.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
    const options = { client, clock, kubeconfig, kubectlProgram: join(upstream, "kubectl"), nodeName, nodeAddress };
    outcomes.push(...(await Promise.all(chosen.map((scenario) => play(scenario, options)))));
  } catch (error) {
    failed = (error as Error).stack ?? String(error);
  }
  const complaints: Partial<Record<Part, readonly Complaint[]>> = {};
  for (const { name, logFile } of world.running)
    if (name in mix) complaints[name as Part] = complaintsOf(logFile, mix[name as Part]);
  const result: WorldResult = {
    mix: mixName,
    ...(readySeconds === undefined ? {} : { readySeconds }),
    ...(failed === undefined ? {} : { failed }),
    ...{ outcomes, complaints, died: world.died() },
  };
  writeFileSync(join(directory, "result.json"), JSON.stringify(result, null, 1));
  process.exit(0); // everything else ends with this program's namespaces
}

const [mixName = "", directory = "", upstream = "", ...wanted] = process.argv.slice(2);
await main(mixName, directory, upstream, wanted);
