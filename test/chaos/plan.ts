// What happens in a round: a function of the run's seed and the round's number, so a round can be played again alone.
import { type Rng, seededRng } from "../../src/base/index.ts";
import { type Fault, faults } from "./faults.ts";

export interface Plan {
  readonly fault: Fault;
  /** From the beginning of the round, in which the workloads begin to change, to the strike. */
  readonly strikeAfterMs: number;
  readonly lastsMs: number;
  readonly webReplicas: number;
  readonly databaseReplicas: number;
  /** The Deployment's pods are all replaced. */
  readonly rollsOut: boolean;
  /** A pod is deleted as the fault strikes. */
  readonly deletesPod: boolean;
  /** For choices that need to know the cluster. */
  readonly rng: Rng;
}

const roundSeed = (seed: number, round: number): number =>
  (Math.imul(seed, 0x9e3779b1) ^ Math.imul(round, 0x85ebca6b)) >>> 0;

/** Every fault once, in a random order, then again in another. */
function faultOf(seed: number, round: number, choice: readonly Fault[]): Fault {
  const rng = seededRng(roundSeed(seed, -1 - Math.floor(round / choice.length)));
  const deck = choice.map((fault) => ({ fault, at: rng.next() })).sort((a, b) => a.at - b.at);
  return deck[round % choice.length]!.fault;
}

/** Those whose names hold that text, and that can be had here. */
export function choiceOf(only: string, hasWallClock: boolean): readonly Fault[] {
  const named = faults.filter(({ name }) => name.includes(only));
  const choice = named.filter(({ needsWallClock }) => hasWallClock || !needsWallClock);
  if (named.length > 0 && choice.length === 0)
    throw new Error("faults of the clock need a C compiler: install one (apt-get install gcc libc6-dev)");
  if (choice.length === 0)
    throw new Error(`no fault's name holds "${only}": ${faults.map(({ name }) => name).join(", ")}`);
  return choice;
}

/** Rounds count from 1. */
export function planRound(seed: number, round: number, choice: readonly Fault[]): Plan {
  const rng = seededRng(roundSeed(seed, round));
  const fault = faultOf(seed, round - 1, choice);
  const [shortest, longest] = fault.lasts;
  return {
    fault,
    strikeAfterMs: rng.below(2500),
    lastsMs: Math.round(1000 * (shortest + rng.next() * (longest - shortest))),
    webReplicas: 2 + rng.below(3),
    databaseReplicas: 1 + rng.below(3),
    rollsOut: rng.below(2) === 0,
    deletesPod: rng.below(2) === 0,
    rng,
  };
}
