// The conformance tests of Kubernetes 1.36 (tests.tsv: seconds that upstream needed, `-` where upstream failed on that machine, nothing
// where it was not run; name without its last word) and how some of them are chosen.
import { readFileSync } from "node:fs";

const suffix = " [Conformance]";

export interface ConformanceTest {
  /** As ginkgo names it, without the name of the suite. */
  readonly name: string;
  /** `apps`, `node`, … */
  readonly sig: string;
  readonly serial: boolean;
  /** What upstream's own cluster took: one node with 2 cores. */
  readonly upstreamSeconds: number | undefined;
}

export const readLines = (file: URL): string[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

export const conformanceTests: readonly ConformanceTest[] = readLines(new URL("tests.tsv", import.meta.url)).map(
  (line) => {
    const [seconds = "", name = ""] = line.split("\t");
    return {
      name: `${name}${suffix}`,
      sig: sigOf(name),
      serial: name.includes("[Serial]"),
      upstreamSeconds: seconds === "" || seconds === "-" ? undefined : Number(seconds),
    };
  },
);

export function sigOf(name: string): string {
  return /^\[sig-([a-z-]+)\]/.exec(name)?.[1] ?? "other";
}

export interface Choice {
  readonly sig?: string | undefined;
  /** Part of the name, as it is written. */
  readonly focus?: string | undefined;
  readonly names?: ReadonlySet<string> | undefined;
}

/** Throws when nothing fits: an empty run would look like success. */
export function choose({ sig, focus, names }: Choice): readonly ConformanceTest[] {
  const sigs = new Set(conformanceTests.map((test) => test.sig));
  if (sig !== undefined && !sigs.has(sig))
    throw new Error(`--sig ${sig}: there is no such group; there are ${[...sigs].join(", ")}`);
  const chosen = conformanceTests.filter(
    (test) =>
      (sig === undefined || test.sig === sig) &&
      (focus === undefined || test.name.includes(focus)) &&
      (names === undefined || names.has(test.name)),
  );
  if (chosen.length === 0) throw new Error("no conformance test fits the choice");
  return chosen;
}

const suiteName = "Kubernetes e2e suite";
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** Regular expression for ginkgo's --focus. Anchored, so that Go's matcher gives up early on the thousands of other tests. */
export function focusOf(tests: readonly ConformanceTest[]): string {
  if (tests.length === conformanceTests.length) return "\\[Conformance\\]";
  return `^${suiteName} (?:${tests.map((test) => escaped(test.name)).join("|")})$`;
}
