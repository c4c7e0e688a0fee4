// Holds rules of custom resources against the answers of kube-apiserver 1.36.3 without a server: what a definition's author is
// told about its expressions, and what they come to for objects. Findings that have nothing to do with CEL are left out.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { parseJson } from "../../codec/json-text.ts";
import { isObject } from "../../equal.ts";
import type { FieldError } from "../../errors.ts";
import { checkRules, type RuleSchema, type RuleTree, ruleTree, runtimeCostBudget, validateRules } from "./index.ts";

interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}
interface Definition {
  readonly spec: {
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: RuleSchema } }[];
  };
}
interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly raw?: string;
}
interface Case {
  readonly id: string;
  readonly expr?: string;
  readonly steps: readonly Step[];
  readonly out: readonly {
    readonly code: number;
    readonly body: { readonly details?: { readonly causes?: readonly Cause[] } };
  }[];
}

const definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const schemaPath = "spec.validation.openAPIV3Schema";

const cases: readonly Case[] = gunzipSync(
  readFileSync(new URL("../../../../test/corpus/cel.jsonl.gz", import.meta.url)),
)
  .toString()
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line, repeated) as Case);

/** `{"repeat": ["x", 9]}` stands for nine x. */
function repeated(_key: string, value: unknown): unknown {
  const repeat = (value as { readonly repeat?: readonly [string, number] } | null)?.repeat;
  return Array.isArray(repeat) ? repeat[0].repeat(repeat[1]) : value;
}

const schemaOf = (definition: Definition): RuleSchema => definition.spec.versions[0]!.schema.openAPIV3Schema;
const shown = (finding: { reason: string; field: string; message: string }): string =>
  `${finding.field} ${finding.reason} ${normal(finding.message)}`;

/** Without what differs from run to run; the recording has placeholders instead. */
const normal = (text: string): string =>
  text
    .replaceAll(/selfType(\d+|<rand>)/g, "selfType")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "<time>");
const causesOf = ({ type, field, message }: FieldError): Cause => ({ reason: type, field, message });

const trees = new Map<string, RuleTree | undefined>();
for (const { id, steps } of cases) {
  const definition = steps[0]?.body as Definition | undefined;
  if (!id.startsWith("setup/") || steps[0]?.path !== definitionsPath || definition === undefined) continue;
  trees.set(definition.spec.names.plural, ruleTree(schemaOf(definition)));
}

function findings(step: Step): readonly FieldError[] {
  const input = step.raw === undefined ? step.body : parseJson(step.raw).value;
  if (step.path.startsWith(definitionsPath)) return checkRules(schemaOf(input as Definition), schemaPath).errors;
  const plural = /\/v1\/([^/?]+)/.exec(step.path)?.[1] ?? "";
  const tree = trees.get(plural);
  const value = tree === undefined ? input : withDefaults(input, tree.schema);
  return validateRules(tree, { value, costBudget: runtimeCostBudget }).errors;
}

interface Difference {
  readonly id: string;
  readonly expr: string;
  readonly wanted: readonly string[];
  readonly got: readonly string[];
}

/** A case whose answer is about CEL alone: in an object that does not fit its schema, rules are not looked at. */
const playable = ({ id, out, steps }: Case): boolean =>
  !id.startsWith("setup/") &&
  !elsewhere.has(id) &&
  steps.length === 1 &&
  (out[0]?.code === 422 || out[0]?.code === 201) &&
  out[0].body.details?.causes?.some(({ message }) => message.includes("some validation rules were not checked")) !==
    true;

function difference({ id, expr, steps, out }: Case): Difference | undefined {
  const wanted = (out[0]!.body.details?.causes ?? []).map(shown).sort();
  const got = findings(steps[0]!).map(causesOf).map(shown).sort();
  return JSON.stringify(wanted) === JSON.stringify(got) ? undefined : { id, expr: expr ?? "", wanted, got };
}

/** What other parts of the server find: rules where a structural schema has none, and the validation of defaults. */
const elsewhere: ReadonlySet<string> = new Set([
  "cel/placement/in-not",
  "cel/placement/in-anyOf",
  "cel/placement/default-object-fails",
]);

/** Objects get their defaults before rules look at them. */
function withDefaults(value: unknown, schema: RuleSchema): unknown {
  if (!isObject(value)) return value;
  const result = { ...value };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (result[name] === undefined && property.default !== undefined) result[name] = property.default;
    if (result[name] !== undefined) result[name] = withDefaults(result[name], property);
  }
  return result;
}

test("answers about CEL equal upstream's", () => {
  const played = cases.filter(playable);
  const differences = played.map(difference).filter((each) => each !== undefined);
  assert.ok(played.length > 1100, `${played.length} cases`);
  const text = differences.map(
    ({ id, expr, wanted, got }) => `${id}: ${expr}\n  wanted ${wanted.join(" | ")}\n  got    ${got.join(" | ")}`,
  );
  assert.equal(differences.length, 0, `\n${text.join("\n")}`);
});
