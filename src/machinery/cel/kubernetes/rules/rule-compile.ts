/**
 * The x-kubernetes-validations of one schema node: compiled, checked for their result types, and with the most that they
 * can cost. Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/compilation.go.
 */
import type { Program } from "../../contract.ts";
import type { Env } from "../../environment.ts";
import { BOOL, type CelType, optionalOf, STRING, sameType } from "../../types.ts";
import { type Compilation, compileIn } from "../compile.ts";
import type { CostEstimator, CostNode } from "../cost/coster.ts";
import { stepsOf } from "../cost/estimate-path.ts";
import type { Estimate } from "../cost/estimate-size.ts";
import { kubernetesEnvironment } from "../environment.ts";
import { maxRequestSizeBytes, perCallLimit } from "../limits.ts";
import { type DeclType, declTypeProvider, namedDeclType } from "../schema/decl-type.ts";
import { type RuleSchema, rulesOf, type ValidationRule } from "../schema/schema.ts";
import { resolveFieldPath } from "./field-path.ts";

/** One rule, or why it can not be used. A rule of nothing but spaces has neither. */
export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program?: Program;
  readonly error?: string;
  readonly usesOldSelf: boolean;
  /** Most that one evaluation costs. */
  readonly maxCost: number;
  /** How many values of the schema fit into a request. */
  readonly maxCardinality: number;
  readonly message?: Program;
  readonly messageError?: string;
  readonly messageMaxCost: number;
  /** The rule's fieldPath as messages print it; empty when there is none. */
  readonly fieldPath: string;
}

/** Names of objects start with it; upstream adds a number that differs from compilation to compilation. */
const selfTypeName = "selfType1";

/** Compiles all rules of a schema node whose values have this type. */
export function compileRulesOf(schema: RuleSchema, declType: DeclType): readonly CompiledRule[] {
  const rules = rulesOf(schema);
  if (rules.length === 0) return [];
  const named = namedDeclType(declType, selfTypeName);
  const environments = {
    plain: environmentOf(named, named.celType),
    optional: environmentOf(named, optionalOf(named.celType)),
  };
  const sizes = schemaSizes(declType);
  const maxCardinality = Math.floor(maxRequestSizeBytes / (declType.minSerializedSize + 1));
  return rules.map((rule) => {
    const environment = rule.optionalOldSelf === true ? environments.optional : environments.plain;
    return { ...compileRule({ schema, rule, environment, sizes }), maxCardinality };
  });
}

const environmentOf = (self: DeclType, oldSelf: CelType): Env =>
  kubernetesEnvironment({
    variables: [
      { name: "self", type: self.celType },
      { name: "oldSelf", type: oldSelf },
    ],
    provider: declTypeProvider(self),
  });

interface RuleInput {
  readonly schema: RuleSchema;
  readonly rule: ValidationRule;
  readonly environment: Env;
  readonly sizes: CostEstimator["size"];
}

const unusable = { usesOldSelf: false, maxCost: 0, maxCardinality: 0, messageMaxCost: 0, fieldPath: "" };

function compileRule({ schema, rule, environment, sizes }: RuleInput): CompiledRule {
  if (rule.rule.trim() === "") return { ...unusable, rule };
  const compiled = compileExpressionOf(rule.rule, { environment, sizes, result: BOOL });
  if (compiled.error !== undefined) {
    const error = compiled.kind === "type" ? "cel expression must evaluate to a bool" : compiled.error;
    return { ...unusable, rule, error, usesOldSelf: compiled.kind === "program" && compiled.usesOldSelf };
  }
  const { program, maxCost, usesOldSelf } = compiled;
  const done = { ...unusable, rule, program, maxCost, usesOldSelf };
  const fieldPath = normalizedFieldPath(rule, schema);
  if (rule.messageExpression === undefined || rule.messageExpression === "") return { ...done, fieldPath };
  const message = compileExpressionOf(rule.messageExpression, { environment, sizes, result: STRING });
  if (message.error !== undefined) return { ...done, messageError: messageErrorText(message.kind, message.error) };
  return { ...done, message: message.program, messageMaxCost: message.maxCost, fieldPath };
}

function messageErrorText(kind: "compile" | "type" | "program", error: string): string {
  switch (kind) {
    case "compile":
      return `messageExpression ${error}`;
    case "type":
      return "messageExpression must evaluate to a string";
    case "program":
      return `messageExpression ${error.replace(/^program /, "")}`;
  }
}

function normalizedFieldPath(rule: ValidationRule, schema: RuleSchema): string {
  if (rule.fieldPath === undefined || rule.fieldPath === "") return "";
  const found = resolveFieldPath(rule.fieldPath, schema);
  return "error" in found ? "" : found.path;
}

interface ExpressionInput {
  readonly environment: Env;
  readonly sizes: CostEstimator["size"];
  readonly result: CelType;
}

type RuleExpression =
  | { readonly error?: undefined; readonly program: Program; readonly maxCost: number; readonly usesOldSelf: boolean }
  | { readonly error: string; readonly kind: "compile" | "type" | "program"; readonly usesOldSelf: boolean };

function compileExpressionOf(expression: string, { environment, sizes, result }: ExpressionInput): RuleExpression {
  const compiled: Compilation = compileIn(environment, expression);
  if (compiled.ast === undefined)
    return { error: `compilation failed: ${compiled.error}`, kind: "compile", usesOldSelf: false };
  if (!sameType(compiled.ast.outputType, result) || compiled.ast.outputType.nullable)
    return { error: "wrong type", kind: "type", usesOldSelf: false };
  const usesOldSelf = [...compiled.ast.references.values()].some((reference) => reference.name === "oldSelf");
  const program = compiled.program({ costLimit: perCallLimit });
  if (typeof program === "string")
    return { error: `program instantiation failed: ${program}`, kind: "program", usesOldSelf };
  return { program, maxCost: compiled.estimate(sizes).max, usesOldSelf };
}

/** Sizes of parts of a value of the type, by the way that leads there. The variable's name does not matter. */
function schemaSizes(root: DeclType): CostEstimator["size"] {
  return ({ path }: Pick<CostNode, "path">): Estimate | undefined => {
    if (path === undefined || path.length === 0) return undefined;
    let type: DeclType | undefined = root;
    for (const step of stepsOf(path)) {
      if (step === "@items" || step === "@values") type = type.elemType;
      else if (step === "@keys") type = type.keyType;
      else type = type.fields?.get(step);
      if (type === undefined) return undefined;
    }
    return { min: 0, max: type.maxElements };
  };
}
