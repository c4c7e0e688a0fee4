// Where a run differs from its recording. A difference is a place, what was recorded and what came; its cause is the place without
// what varies between scenarios, by which the table groups.
import { isDeepStrictEqual } from "node:util";
import { byText, canonical } from "./normalize.ts";
import type { Json, Outcome, RecordedEvent, Scenario, State } from "./scenarios.ts";

export interface Difference {
  readonly scenario: string;
  readonly state: string;
  /** `pods p.status.conditions[Ready].reason`. */
  readonly place: string;
  readonly want: unknown;
  readonly got: unknown;
}

/** Not compared: texts and numbers that belong to the machine or to the container runtime. */
const ofTheMachine: readonly RegExp[] = [
  // The kubelet's cgroup drivers and runtimes tell of user maps in their own way.
  /status\.containerStatuses\[.*\]\.(state|lastState)\.terminated\.message$/,
];

type Report = (place: string, want: unknown, got: unknown) => void;

const isObject = (value: unknown): value is Json =>
  value !== null && typeof value === "object" && !Array.isArray(value);
const keyOf = (value: unknown): unknown => (isObject(value) ? (value["name"] ?? value["type"]) : undefined);

function walk(want: unknown, got: unknown, place: string, report: Report): void {
  if (isDeepStrictEqual(want, got)) return;
  if (isObject(want) && isObject(got)) {
    for (const name of new Set([...Object.keys(want), ...Object.keys(got)]))
      walk(want[name], got[name], `${place}.${name}`, report);
    return;
  }
  if (Array.isArray(want) && Array.isArray(got)) {
    const keys = [...want, ...got].map(keyOf);
    if (keys.every((key) => typeof key === "string") && new Set(want.map(keyOf)).size === want.length) {
      for (const key of new Set(keys as string[])) {
        const of = (list: readonly unknown[]) => list.find((each) => keyOf(each) === key);
        walk(of(want), of(got), `${place}[${key}]`, report);
      }
      return;
    }
    if (want.length === got.length) {
      for (const [index, each] of want.entries()) walk(each, got[index], `${place}[${index}]`, report);
      return;
    }
  }
  if (!ofTheMachine.some((pattern) => pattern.test(place))) report(place, want, got);
}

const nameOf = (object: Json): string => String((object["metadata"] as Json | undefined)?.["name"] ?? "");

/** Pairs equal objects first, then those of one name in order. */
function compareObjects(want: readonly Json[], got: readonly Json[], place: string, report: Report): void {
  const rest = [...got];
  const missing = want.filter((each) => {
    const index = rest.findIndex((other) => isDeepStrictEqual(each, other));
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
  for (const each of missing) {
    const name = nameOf(each);
    const index = rest.findIndex((other) => nameOf(other) === name);
    if (index < 0) report(`${place} ${name}`, "there", undefined);
    else walk(each, rest.splice(index, 1)[0], `${place} ${name}`, report);
  }
  for (const each of rest) report(`${place} ${nameOf(each)}`, undefined, "there");
}

/** How often and by how many objects an event is told is a matter of timing. */
const identity = ({ count, objects, unstable, ...event }: RecordedEvent): unknown => canonical(event);

function compareEvents(want: readonly RecordedEvent[], got: readonly RecordedEvent[], report: Report): void {
  const rest = got.map(identity);
  const missing: [unknown, boolean][] = [];
  for (const event of want) {
    const index = rest.findIndex((other) => isDeepStrictEqual(identity(event), other));
    if (index >= 0) rest.splice(index, 1);
    else if (!event.unstable) missing.push([identity(event), true]);
  }
  for (const [event] of missing) {
    const { kind, reason, type } = event as RecordedEvent;
    const index = rest.findIndex(
      (other) => (other as RecordedEvent).kind === kind && (other as RecordedEvent).reason === reason,
    );
    report(`event ${kind} ${type} ${reason}`, event, index < 0 ? undefined : rest.splice(index, 1)[0]);
  }
  for (const event of rest as RecordedEvent[])
    report(`event ${event.kind} ${event.type} ${event.reason}`, undefined, event);
}

const without = (want: State, pointers: readonly string[], index: number): State => {
  const prefix = `/states/${index}/`;
  const mine = pointers
    .filter((pointer) => pointer.startsWith(prefix))
    .map((pointer) => pointer.slice(prefix.length).split("/"));
  if (mine.length === 0) return want;
  const copy = structuredClone(want);
  for (const parts of mine) {
    let at: unknown = copy;
    for (const part of parts.slice(0, -1)) at = (at as Record<string, unknown> | undefined)?.[part];
    if (at !== undefined) delete (at as Record<string, unknown>)[parts.at(-1)!];
  }
  return copy;
};

function compareStates(scenario: Scenario, want: State, got: State): readonly Difference[] {
  const found: Difference[] = [];
  const report: Report = (place, wanted, came) => {
    found.push({ scenario: scenario.id, state: want.name, place, want: wanted, got: came });
  };
  for (const resource of new Set([...Object.keys(want.objects), ...Object.keys(got.objects)]))
    compareObjects(
      (want.objects[resource] ?? []).map((object) => canonical(object) as Json).sort(byText),
      [...(got.objects[resource] ?? [])].sort(byText),
      resource,
      report,
    );
  for (const [path, object] of Object.entries(want.cluster ?? {}))
    walk(canonical(object), got.cluster?.[path], path.split("/").at(-2) ?? path, report);
  compareEvents(want.events, got.events, report);
  return found;
}

/** All places in which they differ; none when the scenario agrees in every snapshot. */
export function compare(scenario: Scenario, outcome: Outcome): readonly Difference[] {
  const found: Difference[] = [];
  const reporter =
    (state: string): Report =>
    (place, want, got) => {
      found.push({ scenario: scenario.id, state, place, want, got });
    };
  for (const text of outcome.inVain) reporter("steps")("wait", text, undefined);
  for (const want of scenario.answers) {
    const got = outcome.answers.find(({ step }) => step === want.step);
    const report = reporter("answers");
    if (want.code !== got?.code) report(`step ${want.step} code`, want.code, got?.code);
    if (want.body !== undefined) walk(canonical(want.body), got?.body, `step ${want.step}`, report);
  }
  for (const [index, each] of scenario.states.entries()) {
    const want = without(each, scenario.unstablePaths ?? [], index);
    const looks = outcome.states.filter(({ name }) => name === want.name);
    const results = looks.map((got) => compareStates(scenario, want, got)).sort((a, b) => a.length - b.length);
    if (results[0] === undefined) reporter(want.name)("snapshot", "taken", undefined);
    else found.push(...results[0]);
  }
  return found;
}

/** The place without names: what scenarios with one cause have in common. */
export const causeOf = ({ place }: Difference): string =>
  place.replace(/^([a-z]+) [^. ]+/, "$1").replace(/\[\d+\]/g, "[]");
