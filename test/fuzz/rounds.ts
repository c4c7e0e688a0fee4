// Time as tests of cost tell it: in rounds of a fixed work, since machines differ and share their cores.
import assert from "node:assert/strict";

/** Of the server's thread: what a second holds of `reference` on a quiet machine of 2026. */
export const mostRounds = 14;

const document = JSON.stringify(
  Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`key${index}`, index])),
);

export function cpuSeconds(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(since);
  return (user + system) / 1e6;
}

/** CPU seconds of one round: work of the kind that requests are, whose speed goes with theirs. */
function reference(): number {
  const began = process.threadCpuUsage();
  const value = JSON.parse(document) as Record<string, unknown>;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) copy[key] = value[key];
  assert.equal(JSON.stringify(copy).length, document.length);
  return cpuSeconds(began);
}

/** Times that are told by one measured round, the last one. */
const timesARound = 10;
let round = 0;
let told = 0;

/**
 * A time in rounds. Those of a moment ago do for what is far from the bound; what is near it is told by the middle one of some that are
 * measured now: the machine may have become busy.
 */
export function roundsOf(seconds: number): number {
  if (told++ % timesARound === 0) round = reference();
  if (seconds / round < mostRounds / 2) return seconds / round;
  const middle = Array.from({ length: 5 }, reference).sort((a, b) => a - b)[2] as number;
  round = Math.max(round, middle);
  return seconds / round;
}
