// Feature gates: upstream's table with what the operator has set, refused in upstream's words.
// Upstream: component-base/featuregate. The table is facts/feature-gates.json.
import table from "../../../facts/feature-gates.json" with { type: "json" };
import { Gauge, type MetricRegistry } from "../../base/index.ts";
import { gateDependencies } from "./gate-dependencies.ts";

type Row = readonly [stage: "ALPHA" | "BETA" | "GA" | "DEPRECATED", on: boolean, locked: boolean];

// Inferred from JSON, every gate would be a type of its own.
const gates: ReadonlyMap<string, Row> = new Map(Object.entries(table as unknown as Record<string, Row>));

/** These two stand for all others of a stage. */
const stageGate: Readonly<Partial<Record<Row[0], string>>> = { ALPHA: "AllAlpha", BETA: "AllBeta" };

/** What the operator wrote can not be: the message is upstream's. */
export class EnablementError extends Error {
  override readonly name = "EnablementError";
}

export interface FeatureGates {
  /** Throws for a name that 1.36 does not have. */
  enabled(gate: string): boolean;
  /** `kubernetes_feature_enabled` of every gate. */
  record(metrics: MetricRegistry): void;
}

/** The gates as set; throws EnablementError for unknown or locked ones and for gates without those they need. */
export function featureGates(set: Readonly<Record<string, boolean>>): FeatureGates {
  const on = (name: string): boolean => {
    const row = gates.get(name);
    if (row === undefined) throw new Error(`Kubernetes 1.36 has no feature gate ${name}`);
    const [stage, byDefault] = row;
    const all = stageGate[stage];
    return set[name] ?? (all === undefined ? undefined : set[all]) ?? byDefault;
  };
  const problems = [...problemsOf(set)];
  // By default every gate has those that it needs.
  if (problems.length === 0 && Object.keys(set).length > 0) problems.push(...unmet(on));
  if (problems.length > 0) throw new EnablementError(aggregate(problems));
  return { enabled: on, record: (metrics) => recordAll(metrics, on) };
}

function* problemsOf(set: Readonly<Record<string, boolean>>): Iterable<string> {
  for (const [name, value] of Object.entries(set)) {
    const row = gates.get(name);
    if (row === undefined) {
      yield `unrecognized feature gate: ${name}`;
      return;
    }
    const [, byDefault, locked] = row;
    if (locked && value !== byDefault)
      yield `cannot set feature gate ${name} to ${value}, feature is locked to ${byDefault}`;
  }
}

function* unmet(on: (name: string) => boolean): Iterable<string> {
  for (const [name, needed] of Object.entries(gateDependencies)) {
    if (!on(name)) continue;
    const missing = needed.filter((each) => !on(each));
    if (missing.length > 0)
      yield `${name} is enabled, but depends on features that are disabled: [${missing.join(" ")}]`;
  }
}

/** As upstream prints several errors. */
const aggregate = (problems: readonly string[]): string => {
  const distinct = [...new Set(problems)];
  return distinct.length === 1 ? distinct[0]! : `[${distinct.join(", ")}]`;
};

/** Words of the flag, `NAME=true`; a later one of the same name counts. */
export function parseFeatureGates(words: readonly string[]): Record<string, boolean> {
  const set: Record<string, boolean> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    const name = (equals < 0 ? word : word.slice(0, equals)).trim();
    if (equals < 0) throw new EnablementError(`missing bool value for ${name}`);
    const text = word.slice(equals + 1).trim();
    const value = parseBool(text);
    if (value === undefined)
      throw new EnablementError(`invalid value of ${name}=${text}, err: ${parseBoolError(text)}`);
    set[name] = value;
  }
  return set;
}

const truths: ReadonlySet<string> = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const falsehoods: ReadonlySet<string> = new Set(["0", "f", "F", "false", "FALSE", "False"]);

export const parseBool = (text: string): boolean | undefined =>
  truths.has(text) ? true : falsehoods.has(text) ? false : undefined;

export const parseBoolError = (text: string): string =>
  `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;

function recordAll(metrics: MetricRegistry, on: (name: string) => boolean): void {
  const gauge = metrics.register(
    new Gauge({
      name: "kubernetes_feature_enabled",
      help: "This metric records the data about the stage and enablement of a k8s feature.",
      labelNames: ["name", "stage"],
      stability: "BETA",
    }),
  );
  let recorded = false;
  metrics.beforeRender(() => {
    if (recorded) return;
    recorded = true;
    for (const [name, [stage]] of gates) gauge.set(on(name) ? 1 : 0, { name, stage: stage === "GA" ? "" : stage });
  });
}
