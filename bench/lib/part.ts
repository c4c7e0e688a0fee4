// What every benchmark is: a part that yields rows, measured on this project and, where upstream has the same thing, on upstream in the
// same run. One table form and one history line for all of them.
import type { UpstreamPrograms } from "./upstream.ts";

export interface Row {
  /** What was measured, the same words in every run: the history is compared by them. */
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  readonly upstream?: number;
  readonly budget?: number;
  /** Rates are better when there is more of them; everything else is a cost. */
  readonly better: "less" | "more";
}

export interface Setup {
  /** Sizes of the published figures instead of those that end within minutes. */
  readonly full: boolean;
  /** The program that is measured: the `t8s` script of this checkout, or another build's. */
  readonly command: string;
  /** Undefined measures this project alone. */
  readonly upstream: UpstreamPrograms | undefined;
  /** Folder of the load scripts; undefined when the one that was named is not there. */
  readonly scripts: string | undefined;
  /** Multiplies the sizes of loads, to try a part quickly. */
  readonly scale: number;
  /** The sizes that a part which grows is to be measured at, instead of its own. */
  readonly sizes: readonly number[] | undefined;
  say(line: string): void;
}

export interface Part {
  readonly about: string;
  /** A part that takes longer has failed; the rows that it has told are kept. */
  readonly limitSeconds: number;
  /** Tells each row as soon as it is measured. One that is told again, now beside upstream, takes the place of the first. */
  readonly run: (setup: Setup) => AsyncIterable<Row>;
}

/** How many times better than upstream; above 1 is better. Undefined when upstream was not measured. */
export function ratioOf({ ours, upstream, better }: Row): number | undefined {
  if (upstream === undefined || ours === 0 || upstream === 0) return undefined;
  return better === "more" ? ours / upstream : upstream / ours;
}

export function keepsBudget({ ours, budget, better }: Row): boolean | undefined {
  if (budget === undefined) return undefined;
  return better === "more" ? ours >= budget : ours <= budget;
}

/** The load scripts, or an error that says what is missing. */
export function scriptsOf({ scripts }: Setup): string {
  if (scripts === undefined)
    throw new Error(
      "the load scripts are not there: this part needs those of bench/load, or --scripts DIR with others of the same names",
    );
  return scripts;
}
