// The recorded scenarios: how they are written, and where a condition holds. How they came about and what was taken out of them is
// told in README.md.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export type Json = Readonly<Record<string, unknown>>;

/** What a field must be: a literal (0 also stands for an absent field), or one of these. */
export type Expectation =
  | string
  | number
  | boolean
  | { readonly min?: number; readonly max?: number }
  | { readonly present: boolean }
  | { readonly contains: string }
  | { readonly not: unknown };

/** Field path → what it must be. */
export type Expectations = Readonly<Record<string, Expectation>>;

export interface Wait {
  readonly path: string;
  readonly fields?: Expectations;
  readonly gone?: boolean;
  readonly items?: { readonly count?: number; readonly min?: number; readonly where?: Expectations };
}

export interface Step {
  readonly method?: string;
  readonly path?: string;
  readonly contentType?: string;
  readonly body?: unknown;
  readonly sleepMs?: number;
  readonly waitFor?: Wait;
  readonly timeoutSeconds?: number;
  /** A snapshot of this name is taken after the step. */
  readonly snapshot?: string;
  /** The answer's body is recorded even though it was no refusal. */
  readonly record?: boolean;
  readonly fails?: boolean;
  readonly free?: boolean;
  /** `<owner>` in the body is the uid of the object at this path. */
  readonly uidOf?: string;
  /** `<pick>` in the path is the name of an item of this list. */
  readonly pick?: { readonly path: string; readonly where?: Expectations; readonly index?: number };
}

export interface Answer {
  readonly step: number;
  readonly code: number;
  readonly body?: unknown;
}

export interface RecordedEvent {
  readonly kind: string;
  readonly name: string;
  readonly fieldPath?: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly action?: string;
  readonly reportingController: string;
  readonly count?: number | string;
  readonly objects?: number | string;
  /** It came in one of two recordings only. */
  readonly unstable?: boolean;
}

export interface State {
  readonly name: string;
  /** Number of the step it was taken after. */
  readonly after: number;
  readonly objects: Readonly<Record<string, readonly Json[]>>;
  readonly events: readonly RecordedEvent[];
  /** Cluster-scoped objects by path; `{code: 404}` when absent. */
  readonly cluster?: Readonly<Record<string, Json>>;
  readonly restless?: boolean;
}

export interface Scenario {
  readonly id: string;
  readonly group: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly answers: readonly Answer[];
  readonly states: readonly State[];
  readonly unstable?: boolean;
  /** JSON pointers into the scenario. */
  readonly unstablePaths?: readonly string[];
  readonly eventsUnstable?: boolean;
}

/** One run of a scenario, as it was recorded or as it went here. */
export interface Outcome {
  readonly answers: readonly Answer[];
  /** Of a restless snapshot there may be several, each as good as the others. */
  readonly states: readonly State[];
  /** Waits that were in vain. */
  readonly inVain: readonly string[];
}

export const readScenarios = (): readonly Scenario[] =>
  gunzipSync(readFileSync(new URL("scenarios.jsonl.gz", import.meta.url)))
    .toString()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Scenario);

/** `a.b`, `list[3]`, `list[x]` (the element whose type or name is x), `map[key]`. */
function fieldAt(value: unknown, path: string): unknown {
  let found = value;
  for (const [, name, key] of path.matchAll(/([^.[\]]+)|\[([^\]]+)\]/g)) {
    if (found === null || typeof found !== "object") return undefined;
    if (name !== undefined) found = (found as Json)[name];
    else if (!Array.isArray(found)) found = (found as Json)[key!];
    else if (/^\d+$/.test(key!)) found = found[Number(key)];
    else found = found.find((each: Json) => each["type"] === key || each["name"] === key);
  }
  return found;
}

function isAsExpected(value: unknown, expected: Expectation): boolean {
  if (typeof expected !== "object") return expected === 0 ? value === undefined || value === 0 : value === expected;
  if ("present" in expected) return (value !== undefined && value !== null) === expected.present;
  if ("contains" in expected) return typeof value === "string" && value.includes(expected.contains);
  if ("not" in expected) return value !== expected.not;
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = expected as { min?: number; max?: number };
  const number = typeof value === "number" ? value : 0;
  return number >= min && number <= max;
}

export const matches = (object: unknown, expectations: Expectations = {}): boolean =>
  Object.entries(expectations).every(([path, expected]) => isAsExpected(fieldAt(object, path), expected));

/** Whether an answer to a GET of the wait's path ends it. */
export function waitIsOver(wait: Wait, code: number, body: unknown): boolean {
  if (wait.gone) return code === 404;
  if (code !== 200) return false;
  if (wait.items === undefined) return matches(body, wait.fields);
  const { count, min, where } = wait.items;
  const found = ((body as { items?: readonly unknown[] }).items ?? []).filter((item) => matches(item, where)).length;
  return count !== undefined ? found === count : found >= (min ?? 1);
}
