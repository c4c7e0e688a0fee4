// What components complain of in their logs, by kind: lines of the levels error and warning (upstream's: E, F and panics), with
// what varies taken out.
import { readFileSync } from "node:fs";
import type { Owner } from "./mixes.ts";

export interface Complaint {
  /** The line without times, numbers and names made up by machines. */
  readonly shape: string;
  readonly count: number;
  /** The first such line as it is. */
  readonly example: string;
}

const isComplaint: Readonly<Record<Owner, RegExp>> = {
  upstream: /^[EF]\d{4} |^panic: |^fatal error: /,
  ours: /^\S+Z (error|warn ) /,
};

/** A component that was started beside its API server complains until that answers. */
const usual: readonly RegExp[] = [/this flag has no effect/, /connection refused/, /does not answer/];

export function shapeOf(line: string): string {
  return line
    .replace(/^([EWF])\d{4} [\d:.]+ +\d+ /, "$1 ")
    .replace(/^\S+Z /, "")
    .replace(/ (pod|podName|podUID|podUIDs|key|containerID|namespace|configmap|logger|service)=("[^"]*"|\S+)/g, "")
    .replace(/(\/[\w.@:~-]+){2,}/g, "<path>")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, "<uid>")
    .replace(/\b[0-9a-f]{12,}\b/g, "<id>")
    .replace(/(\w[\w-]*_)?swap-[a-z]+(-doomed)?(\/[\w.-]+)?(\([^)]*\))?/g, "<object>")
    .replace(/pod=[\w-]+/g, "pod=<name>")
    .replace(/(\d+\.)?\d+/g, "N")
    .slice(0, 400);
}

export function complaintsOf(logFile: string, owner: Owner): Complaint[] {
  const found = new Map<string, { shape: string; count: number; example: string }>();
  for (const line of readFileSync(logFile, "utf8").split("\n")) {
    if (!isComplaint[owner].test(line) || usual.some((each) => each.test(line))) continue;
    const shape = shapeOf(line);
    const known = found.get(shape);
    if (known === undefined) found.set(shape, { shape, count: 1, example: line.slice(0, 1200) });
    else known.count++;
  }
  return [...found.values()].sort((a, b) => b.count - a.count);
}
