// bench/history.jsonl: one line for each run of a part. The file answers whether something became worse: the ratio to upstream, which a
// slower or busier machine moves little, is compared with that of the last run; where upstream has no such thing, the figure itself is,
// with runs on the same kind of machine.
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { rowKey } from "./collect.ts";
import { type Row, ratioOf } from "./part.ts";

const file = fileURLToPath(new URL("../history.jsonl", import.meta.url));
/** A fall by more than this is told. */
const tolerance = 0.2;

export interface Machine {
  readonly cores: number;
  readonly model: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
}

export interface Entry {
  readonly part: string;
  readonly at: string;
  readonly commit: string;
  readonly machine: Machine;
  /** One-minute load average before and after: above the number of cores the figures in wall time say little. */
  readonly load: readonly [number, number];
  /** "full" or the scale of the loads, then the sizes that were asked for; only equal ones are compared. */
  readonly size: string;
  readonly rows: readonly Row[];
  /** Why rows are missing, when the part did not come to its end. */
  readonly cut?: string;
}

export const loadNow = (): number => Number(loadavg()[0]!.toFixed(1));

export const thisMachine = (): Machine => ({
  cores: cpus().length,
  model: cpus()[0]?.model ?? "unknown",
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.versions.node,
});

/** Short hash; "+" says that tracked files differ from it. */
export function thisCommit(): string {
  const git = (...words: string[]): string =>
    spawnSync("git", words, { cwd: dirname(file), encoding: "utf8" }).stdout?.trim() ?? "";
  const hash = git("rev-parse", "--short", "HEAD");
  return hash === ""
    ? "unknown"
    : `${hash}${git("status", "--porcelain", "--untracked-files=no", "..") === "" ? "" : "+"}`;
}

export function readHistory(): Entry[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
}

export function append(entry: Entry): void {
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

/** Above 1 is better than before. */
function change(now: Row, before: Row, sameMachine: boolean): number | undefined {
  const [ratioNow, ratioBefore] = [ratioOf(now), ratioOf(before)];
  if (ratioNow !== undefined && ratioBefore !== undefined) return ratioNow / ratioBefore;
  if (!sameMachine || now.ours === 0 || before.ours === 0) return undefined;
  return now.better === "more" ? now.ours / before.ours : before.ours / now.ours;
}

const comparable = (entry: Entry, history: readonly Entry[]): Entry[] =>
  history.filter((each) => each.part === entry.part && each.size === entry.size);

/** Rows that the last whole run of the same part and size had and this one has not. */
export function missing(entry: Entry, history: readonly Entry[]): string[] {
  const before = comparable(entry, history).findLast(({ cut }) => cut === undefined);
  const there = new Set(entry.rows.map(rowKey));
  return (before?.rows ?? []).map(rowKey).filter((key) => !there.has(key));
}

/** One line for each row that fell since the last run of the same part and size that has it. `history` is without this run. */
export function falls(entry: Entry, history: readonly Entry[]): string[] {
  const earlier = comparable(entry, history);
  return entry.rows.flatMap((row) => {
    const key = rowKey(row);
    const before = earlier.findLast(({ rows }) => rows.some((each) => rowKey(each) === key));
    if (before === undefined) return [];
    const same = (["cores", "model"] as const).every((part) => before.machine[part] === entry.machine[part]);
    const factor = change(row, before.rows.find((each) => rowKey(each) === key)!, same);
    if (factor === undefined || factor >= 1 - tolerance) return [];
    const measure = ratioOf(row) === undefined ? "figure" : "ratio to upstream";
    const loads = `load ${before.load.join("–")} then, ${entry.load.join("–")} now`;
    return [
      `${row.what}: the ${measure} fell by ${Math.round((1 - factor) * 100)} % since ${before.commit} (${loads})`,
    ];
  });
}
