// The run as text: a line a round, and a table of the faults at the end.
import type { Counts } from "./ledger.ts";

export interface RoundResult {
  readonly round: number;
  readonly fault: string;
  readonly lastedMs: number;
  /** From the healing until everything ran as asked for. */
  readonly convergedMs: number;
  /** What came last. */
  readonly lastConverged: readonly string[];
  /** From then until the machine had nothing of the cluster that should not be there, and what went last. */
  readonly cleanedMs: number;
  readonly lastLeft: readonly string[];
  readonly totalMs: number;
  readonly counts: Counts;
  /** Events that the watches showed, and how often they went on. */
  readonly events: number;
  readonly resumed: number;
  /** How often they had to list, as the server that was started anew did not know the way from there. */
  readonly listed: number;
  readonly wrong: readonly string[];
}

/** What takes longer to go is named. */
const slowMs = 10_000;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export function line(result: RoundResult): string {
  const { round, fault, lastedMs, convergedMs, lastConverged, cleanedMs, lastLeft, totalMs } = result;
  const { counts, events, resumed, listed, wrong } = result;
  const head = [
    String(round).padStart(3),
    fault.padEnd(30),
    `for ${seconds(lastedMs)}`.padEnd(10),
    `converged in ${seconds(convergedMs)}, clean in ${seconds(cleanedMs)}`.padEnd(38),
    `${counts.acknowledged} writes, ${counts.lost} unanswered, ${counts.refused} refused`.padEnd(40),
    `${events} events, ${resumed} resumed, ${listed} listed`.padEnd(36),
    `${seconds(totalMs)}`.padEnd(8),
    wrong.length === 0 ? "ok" : "FAILED",
  ].join("  ");
  const slow = cleanedMs > slowMs ? lastLeft.map((each) => `went late: ${each}`) : [];
  const late = convergedMs > slowMs ? lastConverged.map((each) => `came late: ${each}`) : [];
  return [head, ...[...wrong, ...late, ...slow].map((each) => `       ${each}`)].join("\n");
}

export function report(results: readonly RoundResult[]): string {
  const faults = [...new Set(results.map(({ fault }) => fault))].sort();
  const rows = faults.map((fault) => {
    const of = results.filter((each) => each.fault === fault);
    const sum = (value: (result: RoundResult) => number): number => of.reduce((total, each) => total + value(each), 0);
    const times = of.map(({ convergedMs }) => convergedMs).sort((a, b) => a - b);
    return [
      fault,
      `${of.filter(({ wrong }) => wrong.length === 0).length} of ${of.length}`,
      seconds(times[Math.floor(times.length / 2)]!),
      seconds(times.at(-1)!),
      String(sum(({ counts }) => counts.acknowledged)),
      String(sum(({ counts }) => counts.lost)),
      String(sum(({ counts }) => counts.refused)),
      String(sum(({ events }) => events)),
      String(sum(({ resumed }) => resumed)),
      String(sum(({ listed }) => listed)),
    ];
  });
  const head = [
    "fault",
    "held",
    "converged, median",
    "longest",
    "acknowledged",
    "unanswered",
    "refused",
    "events",
    "resumed",
    "listed",
  ];
  const total = results.filter(({ wrong }) => wrong.length === 0).length;
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .concat(["", `${total} of ${results.length} rounds held`])
    .join("\n");
}
