// Spans of time as Go reads and writes them. Upstream: Go's time.ParseDuration and Duration.String.
import { quoteGo } from "./go-text.ts";

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds. Throws an Error with Go's message. */
export function parseGoDuration(text: string): number {
  const invalid = (): Error => new Error(`time: invalid duration ${quoteGo(text)}`);
  const sign = text[0] === "-" ? -1 : 1;
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  if (body === "0") return 0;
  if (body === "") throw invalid();
  let total = 0;
  let rest = body;
  while (rest !== "") {
    const number = /^(\d*)(\.\d*)?/.exec(rest)![0];
    if (number === "" || number === ".") throw invalid();
    rest = rest.slice(number.length);
    const unit = /^[^.\d]*/.exec(rest)![0];
    if (unit === "") throw new Error(`time: missing unit in duration ${quoteGo(text)}`);
    const scale = unitMs[unit];
    if (scale === undefined) throw new Error(`time: unknown unit ${quoteGo(unit)} in duration ${quoteGo(text)}`);
    rest = rest.slice(unit.length);
    total += Number(number.endsWith(".") ? number.slice(0, -1) : number) * scale;
  }
  // int64 nanoseconds.
  if (total > 9_223_372_036_854.775) throw invalid();
  return sign * total;
}

/** `1h2m3.5s`, `12.5ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return "0s";
  const nanos = Math.round(Math.abs(ms) * 1e6);
  const sign = ms < 0 ? "-" : "";
  if (nanos < 1000) return `${sign}${nanos}ns`;
  if (nanos < 1e6) return `${sign}${nanos / 1000}µs`;
  if (nanos < 1e9) return `${sign}${nanos / 1e6}ms`;
  const seconds = (nanos % 6e10) / 1e9;
  const minutes = Math.floor(nanos / 6e10);
  if (minutes === 0) return `${sign}${seconds}s`;
  const hours = Math.floor(minutes / 60);
  return `${sign}${hours > 0 ? `${hours}h` : ""}${minutes % 60}m${seconds}s`;
}
