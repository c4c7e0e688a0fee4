// x-kubernetes-validations of custom resources. Loaded with the first object whose schema has rules.

import { type RuleTree, ruleTree, runtimeCostBudget, validateRules } from "../../../machinery/cel/kubernetes/index.ts";
import type { FieldError } from "../../../machinery/index.ts";
import { field } from "../../../machinery/index.ts";
import type { RuleContext } from "../../kind.ts";
import type { JsonSchema } from "./schema.ts";
import type { Correlated } from "./values/correlation.ts";

const trees = new WeakMap<JsonSchema, { readonly tree: RuleTree | undefined }>();

/** Rules are compiled once for a schema, and when an object first reaches them. */
function treeOf(schema: JsonSchema, timed: Timed): RuleTree | undefined {
  let known = trees.get(schema);
  if (known === undefined) trees.set(schema, (known = { tree: timed("compilation", () => ruleTree(schema, true)) }));
  return known.tree;
}

type Timed = NonNullable<RuleContext["timed"]>;
const untimed: Timed = (_, work) => work();

export interface RuleCheck {
  readonly value: unknown;
  /** Undefined on create. */
  readonly old?: unknown;
  readonly correlated?: Correlated;
  readonly warn?: RuleContext["warn"] | undefined;
  readonly timed?: Timed | undefined;
}

const blocking: ReadonlySet<FieldError["type"]> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

/** Findings of the rules of a whole resource, unless it is too wrong for them already. */
export function ruleFindings(schema: JsonSchema, check: RuleCheck, before: readonly FieldError[]): FieldError[] {
  const { timed = untimed } = check;
  const tree = treeOf(schema, timed);
  if (tree === undefined) return [];
  if (before.some((each) => blocking.has(each.type)))
    return [
      field.invalid(
        "<nil>",
        null,
        "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
      ),
    ];
  const outcome = timed("evaluation", () =>
    validateRules(tree, {
      value: check.value,
      ...(check.old === undefined ? {} : { old: check.old }),
      ...(check.correlated === undefined ? {} : { correlation: check.correlated }),
      costBudget: runtimeCostBudget,
    }),
  );
  for (const text of outcome.warnings) check.warn?.(text);
  return [...outcome.errors];
}

/** A default has to pass both as an unchanged and as a new value. */
export function defaultRuleFindings(
  schema: JsonSchema,
  of: { value: unknown; at: string; root: boolean },
): FieldError[] {
  const tree = ruleTree(schema, of.root);
  if (tree === undefined) return [];
  const { value, at: path } = of;
  const unchanged = validateRules(tree, { value, old: value, path, costBudget: runtimeCostBudget });
  if (unchanged.errors.length > 0) return [...unchanged.errors];
  return [...validateRules(tree, { value, path, costBudget: runtimeCostBudget }).errors];
}
