// `npm run chaos [-- --rounds 50] [--seed N] [--from ROUND] [--only FAULT] [--name NAME]`: a cluster of two real nodes under load is struck, round after
// round; after each nothing that was acknowledged may be lost, no watch may have a gap, everything must run again, and nothing may be left over.
// A round is a function of the seed and its number: `--seed N --from R --rounds 1` plays it again.
import process from "node:process";
import { systemClock } from "../../src/base/index.ts";
import { commandLine, wholeNumber } from "../../tools/command-line.ts";
import { line, type RoundResult, report } from "./report.ts";
import { runRounds } from "./rounds.ts";

const usage = `Strikes a cluster of two real nodes under load, round after round, and looks for what was lost.

Usage: npm run chaos [-- FLAGS]

  --rounds N     how many rounds (default 50)
  --seed N       what the rounds are drawn from (default: from the clock)
  --from ROUND   begin with this round (default 1); --seed N --from R --rounds 1 plays one again
  --only TEXT    only faults whose names have this text
  --keep-going   go on after a round that failed
  --name NAME    name of the cluster (default chaos)`;

const { values: options } = commandLine(
  {
    rounds: { type: "string", default: "50" },
    seed: { type: "string" },
    from: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    name: { type: "string", default: "chaos" },
    "keep-going": { type: "boolean", default: false },
  },
  { usage },
);

const seed = wholeNumber("seed", options.seed ?? String(Math.floor(systemClock.now() / 1000) % 1_000_000));
const rounds = wholeNumber("rounds", options.rounds);
if (rounds === 0) {
  console.error("--rounds takes a number from 1 on");
  process.exit(2);
}
console.log(`seed ${seed}`);
const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stopping.abort());
const results: RoundResult[] = [];
const problems = await runRounds({
  seed,
  from: wholeNumber("from", options.from),
  rounds,
  only: options.only,
  name: options.name,
  keepGoing: options["keep-going"],
  clock: systemClock,
  signal: stopping.signal,
  onRound(result) {
    results.push(result);
    console.log(line(result));
  },
}).catch((error: Error) => {
  console.error(`chaos: ${error.message}`);
  process.exit(1);
});
console.log(`\n${report(results)}`);
for (const problem of problems) console.log(problem);
const failed = results.filter(({ wrong }) => wrong.length > 0);
for (const { round } of failed)
  console.log(
    `again: npm run chaos -- --seed ${seed} --from ${round} --rounds 1${options.only ? ` --only "${options.only}"` : ""}`,
  );
// What an interrupted round still waits for ends with the process.
if (stopping.signal.aborted) process.exit(130);
process.exit(failed.length + problems.length > 0 ? 1 : 0);
