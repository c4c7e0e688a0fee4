// The one table of all benchmarks, as Markdown, so that it can be pasted into bench/README.md.
import { keepsBudget, type Row, ratioOf } from "./part.ts";

/** Three significant digits, thousands apart. */
export function number(value: number): string {
  if (value >= 99.95 || Number.isInteger(value)) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(value >= 9.995 ? 1 : 2);
}

function cells(row: Row): readonly string[] {
  const kept = keepsBudget(row);
  const ratio = ratioOf(row);
  return [
    row.what,
    row.unit,
    kept === false ? `**${number(row.ours)}**` : number(row.ours),
    row.upstream === undefined ? "" : number(row.upstream),
    ratio === undefined ? "" : `${ratio.toFixed(1)} x`,
    row.budget === undefined ? "" : `${row.better === "more" ? "≥" : "≤"} ${number(row.budget)}`,
    kept === undefined ? "" : kept ? "kept" : "missed",
  ];
}

const heads = ["what", "unit", "ours", "upstream", "ratio", "budget", ""];

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(cells);
  const widths = heads.map((head, column) => Math.max(head.length, ...lines.map((line) => line[column]!.length)));
  const format = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column < 2 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [format(heads), rule, ...lines.map(format)].join("\n");
}
