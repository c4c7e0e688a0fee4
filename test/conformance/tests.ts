// The tests that a run chooses from: the conformance tests of Kubernetes 1.36 (tests.tsv: seconds that upstream needed, `-` where upstream
// failed on that machine, nothing where it was not run; name without its last word), or all others that the suite itself lists.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const suffix = " [Conformance]";

export interface SuiteTest {
  /** As ginkgo names it, without the name of the suite. */
  readonly name: string;
  /** `apps`, `node`, … */
  readonly sig: string;
  readonly serial: boolean;
  /** What upstream's own cluster took: one node with 2 cores. */
  readonly upstreamSeconds: number | undefined;
}

/** Tests that one list of passing ones is kept for. */
export interface TestSet {
  /** In words: `446 tests of …`. */
  readonly title: string;
  readonly passingFile: URL;
  readonly passingHeader: string;
  has(name: string): boolean;
}

export const readLines = (file: URL): string[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

export const conformanceTests: readonly SuiteTest[] = readLines(new URL("tests.tsv", import.meta.url)).map((line) => {
  const [seconds = "", name = ""] = line.split("\t");
  const upstreamSeconds = seconds === "" || seconds === "-" ? undefined : Number(seconds);
  return { ...testOf(`${name}${suffix}`), upstreamSeconds };
});

function testOf(name: string): SuiteTest {
  return { name, sig: sigOf(name), serial: name.includes("[Serial]"), upstreamSeconds: undefined };
}

export function sigOf(name: string): string {
  return /^\[sig-([a-z-]+)\]/.exec(name)?.[1] ?? "other";
}

const conformanceNames = new Set(conformanceTests.map(({ name }) => name));

export const conformanceSet: TestSet = {
  title: "conformance tests",
  passingFile: new URL("passing.txt", import.meta.url),
  passingHeader:
    "Conformance tests that pass. One of them that fails is a regression. Grown by: npm run conformance -- --accept",
  has: (name) => conformanceNames.has(name),
};

export const beyondSet: TestSet = {
  title: "tests beyond conformance",
  passingFile: new URL("passing-beyond.txt", import.meta.url),
  passingHeader:
    "Tests beyond conformance that pass. One of them that fails is a regression. Grown by: npm run conformance -- --all --accept",
  has: (name) => name.startsWith("[sig-") && !conformanceNames.has(name),
};

/** Marks of tests that upstream's default job leaves out: they need a cluster for themselves, much time, or a feature that not every cluster has. */
const extraMarks = ["Slow", "Serial", "Disruptive", "Flaky", "Alpha", "Deprecated", "Feature"];

const marksOf = (name: string): string[] => [...name.matchAll(/\[([^\]]+)\]/g)].map(([, mark = ""]) => mark);

/**
 * Whether a test is chosen beyond upstream's default job: each of its extra marks is one of `wanted`. `Feature` stands for every feature
 * that is on by default; others are named, as in `Feature:OffByDefault`.
 */
export function isWanted(name: string, wanted: ReadonlySet<string>): boolean {
  return marksOf(name).every((mark) => {
    if (wanted.has(mark)) return true;
    if (mark.startsWith("Feature:")) return mark !== "Feature:OffByDefault" && wanted.has("Feature");
    return !extraMarks.includes(mark);
  });
}

/** The marks that `--with` was given, apart by commas. Throws for what is no mark that the default job leaves out. */
export function extraMarksOf(text: string | undefined): ReadonlySet<string> {
  const marks = (text ?? "").split(",").filter((mark) => mark !== "");
  const unknown = marks.find((mark) => !extraMarks.includes(mark) && !mark.startsWith("Feature:"));
  if (unknown !== undefined)
    throw new Error(`--with ${unknown}: there is no such mark; there are ${extraMarks.join(", ")} and Feature:NAME`);
  return new Set(marks);
}

/** Parts of names with the reason why this project's clusters cannot run such a test; the first that fits counts. */
const notHere: readonly (readonly [part: string, reason: string])[] = readLines(
  new URL("not-here.tsv", import.meta.url),
).map((line) => {
  const [part = "", reason = ""] = line.split("\t");
  return [part, reason] as const;
});

/** Why a test is left out, by `not-here.tsv`; undefined for one that can run. */
export const reasonAgainst = (name: string): string | undefined => notHere.find(([part]) => name.includes(part))?.[1];

/** What `e2e.test --list-tests` prints: a line for each test, `file:line: name`. */
export const parseTestList = (text: string): string[] =>
  [...text.matchAll(/^\s+\S+:\d+: (\[sig-.*)$/gm)].map(([, name = ""]) => name);

/** Every test of the suite but the conformance tests, as the suite itself lists them. */
export function testsBeyond(e2eTest: string): readonly SuiteTest[] {
  const { status, stdout, stderr } = spawnSync(e2eTest, ["--list-tests"], { encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${e2eTest} --list-tests failed: ${stderr.trim()}`);
  return parseTestList(stdout).filter(beyondSet.has).sort().map(testOf);
}

export interface Choice {
  /** Groups, apart by commas. */
  readonly sig?: string | undefined;
  /** Part of the name, as it is written. */
  readonly focus?: string | undefined;
  readonly names?: ReadonlySet<string> | undefined;
}

/** Throws when nothing fits: an empty run would look like success. */
export function choose(
  { sig, focus, names }: Choice,
  tests: readonly SuiteTest[] = conformanceTests,
): readonly SuiteTest[] {
  const groups = new Set(tests.map((test) => test.sig));
  const wanted = sig?.split(",");
  const unknown = wanted?.find((each) => !groups.has(each));
  if (unknown !== undefined)
    throw new Error(`--sig ${unknown}: there is no such group; there are ${[...groups].join(", ")}`);
  const chosen = tests.filter(
    (test) =>
      (wanted === undefined || wanted.includes(test.sig)) &&
      (focus === undefined || test.name.includes(focus)) &&
      (names === undefined || names.has(test.name)),
  );
  if (chosen.length === 0) throw new Error("no test fits the choice");
  return chosen;
}

const suiteName = "Kubernetes e2e suite";
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** Linux takes no argument of more than 128 KiB. */
const expressionLength = 100_000;

/**
 * Regular expressions for ginkgo's --focus, of which one has to match. Anchored, so that Go's matcher gives up early on the thousands of
 * other tests.
 */
export function focusOf(tests: readonly SuiteTest[]): string[] {
  if (tests.length === conformanceTests.length && tests.every(({ name }) => conformanceSet.has(name)))
    return ["\\[Conformance\\]"];
  const groups: string[][] = [];
  let length = expressionLength;
  for (const text of tests.map(({ name }) => escaped(name))) {
    if (length + text.length + 1 > expressionLength) {
      groups.push([]);
      length = 0;
    }
    groups.at(-1)?.push(text);
    length += text.length + 1;
  }
  return groups.map((names) => `^${suiteName} (?:${names.join("|")})$`);
}
