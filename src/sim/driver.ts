// How a scenario acts on a world: time that passes with and without faults, requests that are repeated until they are done, and the wait for
// rest. What every property shares; a scenario brings its plan, its checker and what it asks for.
import { type Rng, sleep } from "../base/index.ts";
import { isConflict, StatusError } from "../machinery/index.ts";
import type { Storm } from "./faults.ts";
import { ConnectionError } from "./network.ts";
import type { World } from "./world.ts";

export interface RunResult {
  readonly seed: number;
  /** What was broken; undefined: everything held. */
  readonly violation: string | undefined;
  /** Hash of all that happened. */
  readonly hash: string;
  readonly commits: number;
  readonly virtualMs: number;
}

export interface RunOptions {
  readonly seed: number;
  readonly print?: (line: string) => void;
}

/** What is needed to act. */
export interface Driven {
  readonly world: World;
  readonly checker: { readonly violation: string | undefined };
  readonly storm: Storm;
  readonly plan: { readonly faultGapMs: number };
  readonly rng: Rng;
}

/** Virtual time in which all must be at rest once nothing breaks any more: the longest back-offs are 5 minutes. */
const settleLimitMs = 15 * 60_000;

export const pick = <T>(rng: Rng, from: readonly T[]): T => from[rng.below(from.length)]!;

/** A rule was broken. */
export class Violation extends Error {}

/** Virtual time goes by; the first broken rule ends the run. */
export async function pass({ world, checker }: Driven, ms: number): Promise<void> {
  await world.clock.advance(ms);
  if (checker.violation !== undefined) throw new Violation(checker.violation);
  if (world.failures.length > 0) throw new Violation(world.failures[0]);
}

/** Time goes by with faults in it. */
export async function storming(run: Driven, ms: number): Promise<void> {
  let leftMs = ms;
  for (;;) {
    const gapMs = run.rng.next() * 2 * run.plan.faultGapMs;
    if (gapMs >= leftMs) return pass(run, leftMs);
    await pass(run, gapMs);
    await run.storm.strike();
    leftMs -= gapMs;
  }
}

export async function until(run: Driven, what: string, check: () => Promise<string | undefined>): Promise<void> {
  let reason: string | undefined = "";
  for (let waitedMs = 0; waitedMs < settleLimitMs; ) {
    const stepMs = Math.min(5_000, 250 + waitedMs / 8);
    await pass(run, stepMs);
    waitedMs += stepMs;
    reason = await check();
    if (reason === undefined) return;
  }
  throw new Violation(`${what}: not after ${settleLimitMs / 60_000} minutes without faults: ${reason}`);
}

/** Asks until it was done, as a user does whose connection breaks. Time goes by meanwhile. */
export async function ask(run: Driven, what: string, act: () => Promise<unknown>): Promise<void> {
  const { world } = run;
  world.history.note(`user: ${what}`);
  let done = false;
  const attempt = async (): Promise<void> => {
    while (!done) {
      try {
        await act();
        done = true;
      } catch (error) {
        if (!(error instanceof ConnectionError || isConflict(error) || isBusy(error))) throw error;
        await sleep(world.clock, 100);
      }
    }
  };
  let failed: unknown;
  attempt().catch((error: unknown) => {
    failed = error;
    done = true;
  });
  while (!done) await pass(run, 100);
  if (failed !== undefined) throw new Violation(`${what}: ${(failed as Error).message}`);
}

const isBusy = (error: unknown): boolean => error instanceof StatusError && error.code >= 500;

/** Containers that run must be one for each of these pods. */
export async function runningContainers(world: World, podUids: ReadonlySet<string>): Promise<string | undefined> {
  const found: string[] = [];
  for (const node of world.nodes)
    for (const each of await node.runtime.listContainers({ state: "running" }))
      found.push(each.labels["io.kubernetes.pod.uid"] ?? "");
  const strangers = found.filter((uid) => !podUids.has(uid));
  if (strangers.length > 0) return `containers run for pods that are gone: ${strangers.join(", ")}`;
  if (found.length !== podUids.size) return `${found.length} containers run for ${podUids.size} pods`;
  return undefined;
}
