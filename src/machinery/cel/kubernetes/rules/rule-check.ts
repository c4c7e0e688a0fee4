/**
 * What a CustomResourceDefinition's author is told about the rules in a schema: missing parts, expressions that do not
 * compile, and those that may cost too much, alone or together.
 * Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation, validation.go and cel_validation.go.
 */
import { type FieldError, field } from "../../../errors.ts";
import { unbounded } from "../cost/estimate-size.ts";
import { staticEstimatedCostLimit, staticEstimatedCrdCostLimit } from "../limits.ts";
import { type DeclType, declTypeOf } from "../schema/decl-type.ts";
import { additionalOf, isEmbedded, itemsOf, type RuleSchema, rulesOf, type ValidationRule } from "../schema/schema.ts";
import { escapeName } from "../text/escaping.ts";
import { resolveFieldPath } from "./field-path.ts";
import { type CompiledRule, compileRulesOf } from "./rule-compile.ts";

/** What the rules of a whole schema may cost together. */
export interface TotalCost {
  readonly total: number;
  /** At most four, the most expensive first. */
  readonly mostExpensive: readonly { readonly path: string; readonly cost: number }[];
}

export interface CheckOptions {
  /**
   * Whether the schema at this path or one below it has errors; expressions there are not looked at, as they would only
   * repeat them. Default: no errors anywhere.
   */
  readonly broken?: (path: string) => boolean;
  /** Whether an estimated cost above the limit of a single rule is let through, as for rules that were there before. */
  readonly suppressPerExpressionCost?: boolean;
}

export interface CheckedRules {
  readonly errors: readonly FieldError[];
  readonly costs: TotalCost;
}

/** State of a check of one schema. */
interface Check {
  readonly options: CheckOptions;
  readonly errors: FieldError[];
  total: number;
  mostExpensive: { readonly path: string; readonly cost: number }[];
}

/** A node on the way from the root. */
interface Node {
  readonly schema: RuleSchema;
  readonly path: string;
  readonly root: boolean;
  /** How many values of this schema there can be, or undefined when nothing bounds it. */
  readonly cardinality: number | undefined;
  /** Whether this schema or one above has rules. */
  readonly inScope: boolean;
  /** The type, when it follows from that of the parent; "none": the parent's type has no items. */
  readonly inherited: DeclType | "none" | undefined;
  /** The list above whose items cannot be told apart. */
  readonly uncorrelatable: string | undefined;
}

/**
 * Findings about all rules of a structural schema, and their costs. `path` is that of the schema, such as
 * `spec.versions[0].schema.openAPIV3Schema`. Rules in allOf and the like are not checked, as upstream does not.
 */
export function checkRules(schema: RuleSchema, path: string, options: CheckOptions = {}): CheckedRules {
  const check: Check = { options, errors: [], total: 0, mostExpensive: [] };
  const root: Node = {
    schema,
    path,
    root: true,
    cardinality: 1,
    inScope: false,
    inherited: undefined,
    uncorrelatable: undefined,
  };
  checkNode(check, root);
  const costs = { total: check.total, mostExpensive: check.mostExpensive };
  return { errors: [...check.errors, ...totalCostErrors(costs, path)], costs };
}

function totalCostErrors({ total, mostExpensive }: TotalCost, path: string): FieldError[] {
  if (total <= staticEstimatedCrdCostLimit) return [];
  const about = "estimated rule cost total";
  return [
    ...mostExpensive.map((each) =>
      field.forbidden(each.path, `contributed to ${about} exceeding cost limit for entire OpenAPIv3 schema`),
    ),
    field.forbidden(
      path,
      costMessage(`x-kubernetes-validations ${about} for entire OpenAPIv3 schema`, total, staticEstimatedCrdCostLimit),
    ),
  ];
}

/** Returns whether something in the schema or below keeps expressions from being looked at. */
function checkNode(check: Check, node: Node): boolean {
  let broken = false;
  const { schema, path } = node;
  const inScope = node.inScope || rulesOf(schema).length > 0;
  const declType = inScope ? typeOfNode(node) : undefined;
  const ofItems = declType === undefined ? undefined : (declType.elemType ?? "none");
  const below = { root: false, cardinality: cardinalityBelow(node), inScope, uncorrelatable: node.uncorrelatable };
  const additional = additionalOf(schema);
  if (additional !== undefined) {
    const at = `${path}.additionalProperties`;
    if (checkNode(check, { ...below, schema: additional, path: at, inherited: ofItems })) broken = true;
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const escaped = escapeName(name);
    const inherited = escaped === undefined ? undefined : declType?.fields?.get(escaped);
    if (checkNode(check, { ...below, schema: property, path: `${path}.properties[${name}]`, inherited })) broken = true;
  }
  const items = itemsOf(schema);
  if (items !== undefined) {
    const correlatable = schema["x-kubernetes-list-type"] === "map";
    const uncorrelatable = node.uncorrelatable ?? (correlatable ? undefined : path);
    const at = `${path}.items`;
    if (checkNode(check, { ...below, schema: items, path: at, inherited: ofItems, uncorrelatable })) broken = true;
  }
  return checkOwnRules(check, { node, declType, broken });
}

function typeOfNode({ schema, root, inherited }: Node): DeclType | undefined {
  if (inherited === "none") return undefined;
  return inherited ?? declTypeOf(schema, root || isEmbedded(schema));
}

function cardinalityBelow({ schema, cardinality }: Node): number | undefined {
  const factor = maxElements(schema);
  if (cardinality === undefined || factor === undefined) return undefined;
  return product(cardinality, factor);
}

/** How many values of a child schema one value can hold. */
function maxElements(schema: RuleSchema): number | undefined {
  if (schema.type === "array") return schema.maxItems === undefined ? undefined : Math.max(schema.maxItems, 0);
  if (schema.type !== "object" || schema.additionalProperties === undefined) return 1;
  return schema.maxProperties === undefined ? undefined : Math.max(schema.maxProperties, 0);
}

const product = (a: number, b: number): number => Math.min(a * b, unbounded);

interface OwnRules {
  readonly node: Node;
  readonly declType: DeclType | undefined;
  readonly broken: boolean;
}

function checkOwnRules(check: Check, { node, declType, broken }: OwnRules): boolean {
  const rules = rulesOf(node.schema);
  if (rules.length === 0) return broken;
  const at = `${node.path}.x-kubernetes-validations`;
  const declared = rules.flatMap((rule, index) => declarationErrors(rule, `${at}[${index}]`, node.schema));
  check.errors.push(...declared);
  if (broken || declared.length > 0 || check.options.broken?.(node.path) === true) return true;
  if (node.inherited === "none") {
    check.errors.push(field.internal(at, "failed to convert to declType for CEL validation rules"));
    return false;
  }
  if (declType === undefined) {
    const why = "unable to convert structural schema to CEL declarations";
    check.errors.push(
      field.internal(
        at,
        `internal error: failed to construct type information for x-kubernetes-validations rules: ${why}`,
      ),
    );
    return false;
  }
  for (const [index, compiled] of compileRulesOf(node.schema, declType).entries())
    checkCompiled(check, { node, compiled, path: `${at}[${index}]` });
  return false;
}

const reasons: readonly string[] = [
  "FieldValueDuplicate",
  "FieldValueForbidden",
  "FieldValueInvalid",
  "FieldValueRequired",
];
const breaksLine = (text: string): boolean => /[\n\r]/.test(text);

/** Findings about what a rule says beside its expressions. */
function declarationErrors(rule: ValidationRule, path: string, schema: RuleSchema): FieldError[] {
  const errors: FieldError[] = [];
  const message = rule.message ?? "";
  const trimmed = message.trim();
  if (rule.rule.trim() === "") errors.push(field.required(`${path}.rule`, "rule is not specified"));
  else if (message !== "" && trimmed === "")
    errors.push(field.invalid(`${path}.message`, message, "must be non-empty if specified"));
  else if (breaksLine(trimmed)) errors.push(field.invalid(`${path}.message`, message, "must not contain line breaks"));
  else if (breaksLine(rule.rule.trim()) && trimmed === "")
    errors.push(field.required(`${path}.message`, "message must be specified if rule contains line breaks"));
  const expression = rule.messageExpression ?? "";
  if (expression !== "" && expression.trim() === "")
    errors.push(field.required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  if (rule.reason !== undefined && !reasons.includes(rule.reason))
    errors.push(field.notSupported(`${path}.reason`, rule.reason, reasons));
  const fieldPath = rule.fieldPath ?? "";
  const at = `${path}.fieldPath`;
  if (fieldPath !== "" && fieldPath.trim() === "")
    errors.push(field.invalid(at, fieldPath, "must be non-empty if specified"));
  if (breaksLine(fieldPath)) errors.push(field.invalid(at, fieldPath, "must not contain line breaks"));
  if (fieldPath !== "" && "error" in resolveFieldPath(fieldPath, schema))
    errors.push(field.invalid(at, fieldPath, "must be a valid path"));
  return errors;
}

interface CompiledAt {
  readonly node: Node;
  readonly compiled: CompiledRule;
  readonly path: string;
}

function checkCompiled(check: Check, { node, compiled, path }: CompiledAt): void {
  const { rule } = compiled;
  const cost = product(compiled.maxCost, node.cardinality ?? compiled.maxCardinality);
  checkCost(check, { path: `${path}.rule`, name: "estimated rule cost", cost });
  if (compiled.error !== undefined)
    check.errors.push(field.invalid(`${path}.rule`, describeRule(rule), compiled.error));
  if (compiled.messageError !== undefined)
    check.errors.push(field.invalid(`${path}.messageExpression`, describeRule(rule), compiled.messageError));
  else if (compiled.message !== undefined)
    checkCost(check, {
      path: `${path}.messageExpression`,
      name: "estimated messageExpression cost",
      cost: compiled.messageMaxCost,
    });
  if (compiled.usesOldSelf) {
    if (node.uncorrelatable !== undefined)
      check.errors.push(
        field.invalid(
          `${path}.rule`,
          rule.rule,
          `oldSelf cannot be used on the uncorrelatable portion of the schema within ${node.uncorrelatable}`,
        ),
      );
  } else if (rule.optionalOldSelf !== undefined)
    check.errors.push(
      field.invalid(`${path}.optionalOldSelf`, rule.optionalOldSelf, "may not be set if oldSelf is not used in rule"),
    );
}

/** A rule as upstream's messages show it: its Go struct. */
const describeRule = (rule: ValidationRule): Record<string, unknown> => ({
  Rule: rule.rule,
  Message: rule.message ?? "",
  MessageExpression: rule.messageExpression ?? "",
  Reason: rule.reason ?? null,
  FieldPath: rule.fieldPath ?? "",
  OptionalOldSelf: rule.optionalOldSelf ?? null,
});

function checkCost(check: Check, of: { path: string; name: string; cost: number }): void {
  const { path, name, cost } = of;
  if (cost > staticEstimatedCostLimit && check.options.suppressPerExpressionCost !== true)
    check.errors.push(field.forbidden(path, costMessage(name, cost, staticEstimatedCostLimit)));
  check.total = Math.min(check.total + cost, unbounded);
  if (cost < staticEstimatedCrdCostLimit / 100) return;
  check.mostExpensive = [...check.mostExpensive, { path, cost }].sort((a, b) => b.cost - a.cost).slice(0, 4);
}

function costMessage(name: string, cost: number, limit: number): string {
  const times = cost / limit;
  const factor = times > 100 ? "more than 100x" : times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`;
  return `${name} exceeds budget by factor of ${factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
