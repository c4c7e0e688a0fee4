// The run as text: a table of scenarios and mixes, why what failed failed, and what components complained of that they do not
// complain of among themselves.
import type { Part } from "./mixes.ts";
import { mixes } from "./mixes.ts";
import { scenarios } from "./scenarios/list.ts";
import type { WorldResult } from "./world.ts";

/** Shapes of complaints that upstream's components have in an upstream cluster. */
export type UsualShapes = Readonly<Record<string, readonly string[]>>;

export function usualOf(measure: WorldResult, known: UsualShapes): UsualShapes {
  const merged: Record<string, readonly string[]> = { ...known };
  for (const [part, complaints] of Object.entries(measure.complaints))
    merged[part] = [...new Set([...(known[part] ?? []), ...complaints.map(({ shape }) => shape)])];
  return merged;
}

export function report(results: readonly WorldResult[], usual: UsualShapes): string {
  return [table(results), failures(results), complaints(results, usual)].filter((text) => text !== "").join("\n\n");
}

function table(results: readonly WorldResult[]): string {
  const rows = results.map((result) => [result.mix, ...scenarios.map(({ name }) => cell(result, name))]);
  const head = ["mix", ...scenarios.map(({ name }) => name)];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell({ outcomes }: WorldResult, scenario: string): string {
  const outcome = outcomes.find((each) => each.scenario === scenario);
  if (outcome === undefined) return "-";
  return outcome.passed ? `${Math.round(outcome.seconds)} s` : "FAIL";
}

function failures(results: readonly WorldResult[]): string {
  return results
    .flatMap(({ mix, failed, outcomes, died }) => [
      ...(failed ? [`${mix}: ${failed}`] : []),
      ...outcomes.filter(({ passed }) => !passed).map(({ scenario, why }) => `${mix}: ${scenario}: ${why}`),
      ...died.map((text) => `${mix}: ${text}`),
    ])
    .join("\n");
}

function complaints(results: readonly WorldResult[], usual: UsualShapes): string {
  return results
    .flatMap(({ mix, complaints }) =>
      Object.entries(complaints).flatMap(([part, list]) => {
        const theirs = mixes[mix]?.[part as Part] === "upstream";
        const known = theirs ? (usual[part] ?? []) : [];
        const news = mix === "upstream" ? [] : list.filter(({ shape }) => !known.includes(shape));
        return news.map(
          ({ count, example }) => `${mix}: ${theirs ? "upstream's" : "our"} ${part} ${count}x ${example}`,
        );
      }),
    )
    .join("\n");
}
