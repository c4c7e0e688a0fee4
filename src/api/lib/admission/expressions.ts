// Rules of expressions in webhooks and policies. CEL is loaded when the first object that needs it is written.
// Upstream: pkg/apis/admissionregistration/validation (validateMatchConditions, validateVariable, validateValidation, …).
import type {
  AuditAnnotation,
  MatchCondition,
  Mutation,
  Validation,
  Variable,
} from "../../../../facts/types/admissionregistration.v1.ts";
import type {
  CompiledExpression,
  ExpressionCompiler,
  ExpressionOptions,
} from "../../../machinery/cel/admission/index.ts";
import { field, qualifiedName } from "../../../machinery/index.ts";
import { type Check, child, each, type Findings, oneOf, optional } from "../validate.ts";

const loaded: { createCompiler?: (options: { variables: boolean }) => ExpressionCompiler } = {};

/** To be awaited before the checks below run. */
export async function loadExpressions(): Promise<void> {
  loaded.createCompiler ??= (await import("../../../machinery/cel/admission/index.ts")).createExpressionCompiler;
}

/** `variables`: whether the expressions may name composed variables. */
export function expressionCompiler(variables: boolean): ExpressionCompiler {
  if (loaded.createCompiler === undefined) throw new Error("expressions are checked before CEL is loaded");
  return loaded.createCompiler({ variables });
}

/** Go's unicode.IsSpace, which decides whether an expression is blank. */
const blank = (text: string | undefined): boolean => text === undefined || text.trim() === "";

function report(compiled: CompiledExpression, shown: { at: string; expression: string }, found: Findings): void {
  if (compiled.error === undefined) return;
  const { type, detail } = compiled.error;
  found.push(
    type === "internal" ? field.internal(shown.at, detail) : field.invalid(shown.at, shown.expression, detail),
  );
}

const mostConditions = 64;

interface ConditionContext {
  /** Whether `params` may be named. */
  readonly params: boolean;
}

export const matchConditions =
  (context: ConditionContext): Check<readonly MatchCondition[] | undefined> =>
  (sent, at, found) => {
    const list = sent ?? [];
    if (list.length > mostConditions) found.push(field.tooMany(at, list.length, mostConditions));
    const names = new Set<string>();
    const check = matchCondition(context);
    each<MatchCondition>((condition, path, found) => {
      check(condition, path, found);
      const { name } = condition;
      if (!name) return;
      if (names.has(name)) found.push(field.duplicate(child(path, "name"), name));
      names.add(name);
    })(list, at, found);
  };

const matchCondition =
  ({ params }: ConditionContext): Check<MatchCondition> =>
  (condition, at, found) => {
    const path = child(at, "expression");
    if (blank(condition.expression)) found.push(field.required(path));
    else {
      const expression = condition.expression.trim();
      const options: ExpressionOptions = {
        params,
        authorizer: true,
        returns: ["bool"],
      };
      report(expressionCompiler(false).compile(expression, options), { at: path, expression }, found);
    }
    const name = child(at, "name");
    if (condition.name)
      for (const text of qualifiedName(condition.name)) found.push(field.invalid(name, condition.name, text));
    else found.push(field.required(name));
  };

/** What the expressions of one policy are checked with. */
export interface PolicyContext {
  readonly compiler: ExpressionCompiler;
  readonly params: boolean;
  /** metadata.name, which the keys of audit annotations are joined to. */
  readonly policyName: string;
}

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const reserved: ReadonlySet<string> = new Set([
  "true",
  "false",
  "null",
  "in",
  "as",
  "break",
  "const",
  "continue",
  "else",
  "for",
  "function",
  "if",
  "import",
  "let",
  "loop",
  "package",
  "namespace",
  "return",
  "var",
  "void",
  "while",
]);

export const variable =
  (context: PolicyContext): Check<Variable> =>
  ({ name, expression }, at, found) => {
    if (blank(name)) found.push(field.required(child(at, "name"), "name is not specified"));
    else if (!identifier.test(name) || reserved.has(name))
      found.push(field.invalid(child(at, "name"), name, "must be a valid CEL identifier"));
    const path = child(at, "expression");
    if (blank(expression)) found.push(field.required(path, "expression is not specified"));
    else {
      const compiled = context.compiler.addVariable(name ?? "", expression, {
        params: context.params,
        authorizer: true,
        returns: ["any"],
      });
      report(compiled, { at: path, expression }, found);
    }
  };

const validationReason = oneOf("Forbidden", "Invalid", "RequestEntityTooLarge");

export const validation =
  (context: PolicyContext): Check<Validation> =>
  (value, at, found) => {
    const { expression, message = "", messageExpression = "" } = value;
    const path = child(at, "expression");
    if (blank(expression)) found.push(field.required(path, "expression is not specified"));
    else {
      const options: ExpressionOptions = {
        params: context.params,
        authorizer: true,
        returns: ["bool"],
      };
      report(context.compiler.compile(expression, options), { at: path, expression }, found);
    }
    checkMessageExpression(context, messageExpression, { at: child(at, "messageExpression"), found });
    const text = child(at, "message");
    if (message !== "" && blank(message)) found.push(field.invalid(text, message, "must be non-empty if specified"));
    else if (/[\n\r]/.test(message.trim())) found.push(field.invalid(text, message, "must not contain line breaks"));
    optional(validationReason)(value.reason, child(at, "reason"), found);
  };

function checkMessageExpression(
  context: PolicyContext,
  expression: string,
  { at, found }: { at: string; found: Findings },
): void {
  if (expression === "") return;
  if (blank(expression)) {
    found.push(field.invalid(at, expression, "must be non-empty if specified"));
    return;
  }
  const compiled = context.compiler.compile(expression, {
    params: context.params,
    authorizer: false,
    returns: ["string"],
  });
  report(compiled, { at, expression }, found);
}

const longestValueExpression = 5 * 1024;

export const auditAnnotation =
  (context: PolicyContext): Check<AuditAnnotation> =>
  (annotation, at, found) => {
    const key = child(at, "key");
    if (context.policyName === "")
      found.push(field.invalid(key, annotation.key ?? "", "requires metadata.name be non-empty"));
    else {
      const name = `${context.policyName}/${annotation.key ?? ""}`;
      for (const text of qualifiedName(name)) found.push(field.invalid(key, name, text));
    }
    const path = child(at, "valueExpression");
    const expression = (annotation.valueExpression ?? "").trim();
    if (expression === "") found.push(field.required(path, "valueExpression is not specified"));
    else if (new TextEncoder().encode(expression).length > longestValueExpression)
      found.push(field.required(path, `must not exceed ${longestValueExpression} bytes in length`));
    else {
      const compiled = context.compiler.compile(expression, {
        params: context.params,
        authorizer: true,
        returns: ["string", "null"],
      });
      report(compiled, { at: path, expression: annotation.valueExpression }, found);
    }
  };

/** The two ways to say what changes: which field holds the expression, and what it must come to. */
const patchForms = {
  JSONPatch: { own: "jsonPatch", other: "applyConfiguration", returns: "jsonPatch" },
  ApplyConfiguration: { own: "applyConfiguration", other: "jsonPatch", returns: "object" },
} as const;

export const mutation =
  (context: PolicyContext): Check<Mutation> =>
  (value, at, found) => {
    if (!value.patchType) {
      found.push(field.required(child(at, "patchType")));
      return;
    }
    const form = patchForms[value.patchType];
    if (form === undefined) {
      found.push(field.notSupported(child(at, "patchType"), value.patchType, ["ApplyConfiguration", "JSONPatch"]));
      return;
    }
    const own = value[form.own];
    const path = child(at, form.own);
    if (own === undefined) found.push(field.required(path, `must be specified when patchType is ${value.patchType}`));
    else {
      const expression = (own.expression ?? "").trim();
      if (expression === "") found.push(field.required(child(path, "expression")));
      else {
        const compiled = context.compiler.compile(expression, {
          params: context.params,
          authorizer: true,
          patchTypes: true,
          returns: [form.returns],
        });
        report(compiled, { at: child(path, "expression"), expression }, found);
      }
    }
    if (value[form.other] !== undefined)
      found.push(
        field.invalid(
          child(at, form.other),
          `{${form.other}}`,
          `must not be specified when patchType is ${value.patchType}`,
        ),
      );
  };
