/**
 * The rules of a schema applied to an object and what it was before: findings, and warnings where an error is let through
 * because nothing changed. All rules of an object share one cost budget.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go.
 */
import { isObject } from "../../../equal.ts";
import { type FieldError, field } from "../../../errors.ts";
import { quoteGo } from "../../../go-text.ts";
import type { Activation, Program } from "../../contract.ts";
import { CelError, CelOptional, NONE, type Result } from "../../values.ts";
import { maxMessageSizeBytes } from "../limits.ts";
import { schemaValue } from "../schema/json-values.ts";
import { type RuleSchema, type ValidationRule, withTypeAndObjectMeta } from "../schema/schema.ts";
import { itemsByKey } from "./map-list.ts";
import type { CompiledRule } from "./rule-compile.ts";
import type { RuleTree } from "./rule-tree.ts";

/** A value that stands for an old one, as ratcheting sees it. */
export interface Correlation {
  key(name: string): Correlation | undefined;
  index(at: number): Correlation | undefined;
  /** Whether the value is what it was. */
  readonly same: boolean;
}

export interface ValidationInput {
  readonly value: unknown;
  /** Undefined on creation. */
  readonly old?: unknown;
  /** Lets errors about what did not change through as warnings. Given on updates. */
  readonly correlation?: Correlation | undefined;
  /** Path of the value; empty for a whole object, which prints as `<nil>`. */
  readonly path?: string;
  readonly costBudget: number;
}

export interface ValidationOutcome {
  readonly errors: readonly FieldError[];
  /** Texts of errors that were let through. */
  readonly warnings: readonly string[];
  /** Below zero when the budget is used up. */
  readonly remainingBudget: number;
}

interface Run {
  readonly errors: FieldError[];
  readonly warnings: string[];
  budget: number;
}

/** Where the validation is. */
interface Place {
  readonly path: string;
  readonly value: unknown;
  readonly old: unknown;
  readonly ratchet: Ratchet;
}

interface Ratchet {
  readonly current: Correlation | undefined;
  /** The nearest value above that stands for an old one. */
  readonly parent: Correlation | undefined;
}

/** Runs all rules of the tree. */
export function validateRules(tree: RuleTree | undefined, input: ValidationInput): ValidationOutcome {
  const run: Run = { errors: [], warnings: [], budget: input.costBudget };
  validateNode(run, tree, {
    path: input.path ?? "",
    value: input.value,
    old: input.old ?? undefined,
    ratchet: { current: input.correlation, parent: undefined },
  });
  return { errors: run.errors, warnings: run.warnings, remainingBudget: run.budget };
}

const absent = (value: unknown): boolean => value === null || value === undefined;

function validateNode(run: Run, tree: RuleTree | undefined, place: Place): void {
  if (tree === undefined || absent(place.value)) return;
  validateExpressions(run, tree, place);
  if (run.budget < 0) return;
  for (const allOf of tree.allOf) {
    // What allOf finds is not ratcheted by the value itself.
    validateNode(run, allOf, { ...place, ratchet: { current: undefined, parent: place.ratchet.parent } });
    if (run.budget < 0) return;
  }
  if (Array.isArray(place.value)) validateItems(run, tree, place);
  else if (isObject(place.value)) validateMembers(run, tree, place);
}

function validateItems(run: Run, tree: RuleTree, place: Place): void {
  const { items } = tree;
  if (items === undefined) return;
  const old = itemsByKey(tree.schema, Array.isArray(place.old) ? place.old : []);
  for (const [index, value] of (place.value as readonly unknown[]).entries()) {
    const ratchet = below(place.ratchet, place.ratchet.current?.index(index));
    validateNode(run, items, { path: `${place.path}[${index}]`, value, old: old(value), ratchet });
    if (run.budget < 0) return;
  }
}

function validateMembers(run: Run, tree: RuleTree, place: Place): void {
  const mapType = tree.schema["x-kubernetes-map-type"];
  const correlatable = mapType === undefined || mapType === "granular" || mapType === "atomic";
  const old = correlatable && isObject(place.old) ? place.old : {};
  const members = Object.entries(place.value as Record<string, unknown>);
  const visit = (name: string, of: { child: RuleTree | undefined; path: string; value: unknown }): boolean => {
    const before = Object.hasOwn(old, name) ? old[name] : undefined;
    const ratchet = ratchetOfMember(place.ratchet, name);
    validateNode(run, of.child, { path: of.path, value: of.value, old: before ?? undefined, ratchet });
    return run.budget >= 0;
  };
  if (tree.additionalProperties !== undefined)
    for (const [name, value] of members)
      if (!visit(name, { child: tree.additionalProperties, path: `${place.path}[${name}]`, value })) return;
  for (const [name, value] of members) {
    const child = tree.properties.get(name);
    if (child !== undefined && !visit(name, { child, path: childPath(place.path, name), value })) return;
  }
}

const childPath = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

const below = (ratchet: Ratchet, child: Correlation | undefined): Ratchet =>
  ratchet.current === undefined ? ratchet : { current: child, parent: ratchet.current };

function ratchetOfMember(ratchet: Ratchet, name: string): Ratchet {
  if (ratchet.current === undefined) return ratchet;
  // Changes of these two do not show, as old and new object are converted to one version.
  if (ratchet.parent === undefined && (name === "apiVersion" || name === "kind"))
    return { current: undefined, parent: undefined };
  return below(ratchet, ratchet.current.key(name));
}

const letsThrough = ({ current, parent }: Ratchet): boolean => (current ?? parent)?.same ?? false;

const outOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run";

function validateExpressions(run: Run, tree: RuleTree, place: Place): void {
  const { rules, error } = tree.compiled();
  const type = tree.schema.type ?? "";
  if (error !== undefined) {
    run.errors.push(invalid(place.path, type, `rule compiler initialization error: ${error}`));
    return;
  }
  if (rules.length === 0) return;
  if (run.budget <= 0) {
    run.errors.push(invalid(place.path, type, outOfBudget));
    run.budget = -1;
    return;
  }
  const schema = tree.root ? withTypeAndObjectMeta(tree.schema) : tree.schema;
  const plain = activationOf(place, schema);
  for (const compiled of rules) {
    if (compiled.error !== undefined) {
      run.errors.push(invalid(place.path, type, `rule compile error: ${compiled.error}`));
      continue;
    }
    if (compiled.program === undefined) continue;
    const optional = compiled.rule.optionalOldSelf === true;
    if (compiled.usesOldSelf && absent(place.old) && !optional) continue;
    const activation = optional ? withOptionalOldSelf(plain) : plain;
    runRule(run, { compiled, program: compiled.program, activation, place, type });
    if (run.budget < 0) return;
  }
}

/** Rules may see the old value as it is, if there is one, or as an optional. */
function activationOf(place: Place, schema: RuleSchema): Activation {
  const oldSelf = absent(place.old) ? undefined : schemaValue(place.old, schema);
  return { self: schemaValue(place.value, schema), oldSelf };
}

function withOptionalOldSelf({ self, oldSelf }: Activation): Activation {
  if (oldSelf instanceof CelError) return { self, oldSelf };
  return { self, oldSelf: oldSelf === undefined ? NONE : new CelOptional(oldSelf) };
}

interface RuleRun {
  readonly compiled: CompiledRule;
  readonly program: Program;
  readonly activation: Activation;
  readonly place: Place;
  readonly type: string;
}

function runRule(run: Run, of: RuleRun): void {
  const { compiled, place, type } = of;
  const { value, cost } = of.program.evaluate(of.activation);
  if (cost > run.budget) {
    run.errors.push(invalid(place.path, type, outOfBudget));
    run.budget = -1;
    return;
  }
  run.budget -= cost;
  if (value instanceof CelError) {
    run.errors.push(invalid(place.path, type, evaluationProblem(value.message, compiled.rule)));
    if (isCostLimit(value.message)) run.budget = -1;
    return;
  }
  if (value === true) return;
  reportFailure(run, of);
}

const isCostLimit = (message: string): boolean => message.startsWith("operation cancelled: actual cost limit exceeded");

function evaluationProblem(message: string, rule: ValidationRule): string {
  if (message.startsWith("no such overload"))
    return `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${ruleText(rule)}`;
  if (isCostLimit(message))
    return `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText(rule)}`;
  return `${message} evaluating rule: ${ruleText(rule)}`;
}

/** Adds the error of a rule that came to false, with the text of its message expression when that gives one. */
function reportFailure(run: Run, of: RuleRun): void {
  const { compiled, place, type } = of;
  const path = compiled.fieldPath === "" ? place.path : childPath(place.path, compiled.fieldPath);
  const report = (error: FieldError): void => {
    if (!compiled.usesOldSelf && letsThrough(place.ratchet)) run.warnings.push(`${error.field}: ${error.message}`);
    else run.errors.push(error);
  };
  let detail: string | undefined;
  if (compiled.message !== undefined) {
    const message = evaluateMessage(run, { ...of, program: compiled.message });
    if (message.fatal !== undefined) {
      report(invalid(path, type, message.fatal));
      run.budget = -1;
      return;
    }
    detail = message.text;
  }
  const shown = type === "object" || type === "array" ? undefined : place.value;
  report(
    errorForReason(path, {
      value: shown,
      detail: detail ?? defaultMessage(compiled.rule),
      reason: compiled.rule.reason,
    }),
  );
}

/** The text, neither when the expression gives no proper one, or why nothing more can be run. */
interface MessageResult {
  readonly text?: string | undefined;
  readonly fatal?: string;
}

function evaluateMessage(run: Run, { compiled, program, activation }: RuleRun): MessageResult {
  const { value, cost } = program.evaluate(activation);
  if (cost > run.budget)
    return {
      fatal:
        "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run",
    };
  if (value instanceof CelError && isCostLimit(value.message))
    return {
      fatal: `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${quoteGo(compiled.rule.messageExpression ?? "")}`,
    };
  run.budget -= cost;
  return { text: usableMessage(value) };
}

/** A message of one line that is neither empty nor too long. */
function usableMessage(value: Result): string | undefined {
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (text === "" || text.includes("\n")) return undefined;
  return new TextEncoder().encode(text).length > maxMessageSizeBytes ? undefined : text;
}

const defaultMessage = (rule: ValidationRule): string =>
  rule.message === undefined || rule.message === "" ? `failed rule: ${ruleText(rule)}` : rule.message.trim();

const ruleText = (rule: ValidationRule): string =>
  rule.message === undefined || rule.message === "" ? rule.rule.trim() : rule.message.trim();

const shownPath = (path: string): string => (path === "" ? "<nil>" : path);
const invalid = (path: string, value: unknown, detail: string): FieldError =>
  field.invalid(shownPath(path), value, detail);

/** `value` undefined: not shown. */
function errorForReason(
  at: string,
  of: { readonly value: unknown; readonly detail: string; readonly reason: string | undefined },
): FieldError {
  const path = shownPath(at);
  switch (of.reason) {
    case "FieldValueForbidden":
      return field.forbidden(path, of.detail);
    case "FieldValueRequired":
      return field.required(path, of.detail);
    case "FieldValueDuplicate":
      if (of.value === undefined) return { type: "FieldValueDuplicate", field: path, message: "Duplicate value" };
      return field.duplicate(path, of.value);
    default:
      if (of.value === undefined)
        return { type: "FieldValueInvalid", field: path, message: `Invalid value: ${of.detail}` };
      return field.invalid(path, of.value, of.detail);
  }
}
