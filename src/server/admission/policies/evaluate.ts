// One validating policy against one request and one parameter. Upstream: policy/validating/validator.go.
import type { Namespace, ValidatingAdmissionPolicy } from "../../../api/index.ts";
import type { KubeObject } from "../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost } from "../../contract.ts";
import { bindingsOf } from "../dynamic/bindings.ts";
import { type AuthorizerValue, type Cel, type EvaluationPass, type Expression, loadCel } from "../dynamic/cel.ts";
import { evaluateConditions } from "../dynamic/conditions.ts";
import { withDecisions } from "../dynamic/decisions.ts";
import type { Match } from "../dynamic/rules.ts";
import type { VersionedObject } from "../dynamic/versions.ts";
import { type CompiledValidatingPolicy, type CompiledValidation, compiledValidating } from "./compiled.ts";

export interface EvaluationContext {
  readonly attributes: AdmissionAttributes;
  readonly match: Match;
  readonly objects: VersionedObject;
  readonly param: KubeObject | undefined;
  readonly namespace: Namespace | undefined;
}

/** Against the request. */
export interface Decision {
  readonly message: string;
  readonly reason: string;
}

export interface PolicyOutcome {
  /** By the validation's place; undefined where it holds. */
  readonly decisions: readonly (Decision | undefined)[];
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  /** They deny whatever the binding's actions are. */
  readonly annotationErrors: readonly string[];
}

const nothing: PolicyOutcome = { decisions: [], annotations: [], annotationErrors: [] };

export async function evaluatePolicy(
  host: AdmissionHost,
  policy: ValidatingAdmissionPolicy,
  context: EvaluationContext,
): Promise<PolicyOutcome> {
  const cel = await loadCel();
  const compiled = await compiledValidating(policy);
  const failsOpen = policy.spec.failurePolicy === "Ignore";
  const failed = (message: string): PolicyOutcome =>
    failsOpen ? nothing : { ...nothing, decisions: [{ message, reason: "" }] };
  const { attributes, match, objects, param } = context;
  if (compiled.conditions.conditions.length > 0) {
    const { matches, errors } = await evaluateConditions(compiled.conditions, {
      attributes,
      match,
      objects,
      authorizer: host.authorizer,
      ...(param === undefined ? {} : { params: param }),
    });
    if (errors.length > 0) return failed(aggregate(errors));
    if (!matches) return nothing;
  }
  return withDecisions(attributes, host.authorizer, (authorizer) =>
    judge(cel, compiled, { ...context, authorizer, failsOpen, failed }),
  );
}

export const aggregate = (errors: readonly string[]): string => {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? unique[0]! : `[${unique.join(", ")}]`;
};

interface Judging extends EvaluationContext {
  readonly authorizer: AuthorizerValue;
  readonly failsOpen: boolean;
  failed(message: string): PolicyOutcome;
}

/** Validations, messages and annotations are evaluated in passes of their own, as upstream does: budgets follow from it. */
function judge(cel: Cel, policy: CompiledValidatingPolicy, judging: Judging): PolicyOutcome {
  const { authorizer, attributes, match, objects, param, namespace, failsOpen, failed } = judging;
  const bindings = {
    attributes,
    match,
    objects,
    ...(param === undefined ? {} : { params: param }),
    ...(namespace === undefined ? {} : { namespace }),
  };
  const { variables } = policy;
  const pass = (budget: number, own: { readonly authorizer?: AuthorizerValue } = {}): EvaluationPass =>
    cel.createPass({ bindings: bindingsOf({ ...bindings, ...own }), variables, budget });
  try {
    const validating = pass(cel.runtimeCostBudget, { authorizer });
    const results = policy.validations.map(({ expression }) => validating.evaluate(expression));
    const messages = evaluateMessages(cel, policy.validations, pass(validating.remaining));
    const decisions = policy.validations.map((validation, index): Decision | undefined => {
      const result = results[index]!;
      if (result.error !== undefined) return failsOpen ? undefined : { message: result.error, reason: "" };
      if (messages.spent !== undefined)
        return failsOpen ? undefined : { message: `failed messageExpression: ${messages.spent}`, reason: "" };
      if (result.value === true) return undefined;
      return { message: messageOf(cel, validation, messages.texts[index]), reason: validation.reason };
    });
    return { decisions, ...annotate(policy.annotations, pass(cel.runtimeCostBudget), failsOpen) };
  } catch (error) {
    if (error instanceof cel.OutOfBudget) return failed(error.message);
    throw error;
  }
}

interface Messages {
  readonly texts: readonly (string | undefined)[];
  /** The budget did not suffice. */
  readonly spent?: string;
}

function evaluateMessages(cel: Cel, validations: readonly CompiledValidation[], pass: EvaluationPass): Messages {
  try {
    return { texts: validations.map(({ messageExpression }) => textOf(messageExpression, pass)) };
  } catch (error) {
    if (error instanceof cel.OutOfBudget) return { texts: [], spent: error.message };
    throw error;
  }
}

function textOf(expression: Expression | undefined, pass: EvaluationPass): string | undefined {
  if (expression === undefined) return undefined;
  const { value, error } = pass.evaluate(expression) as { value?: unknown; error?: string };
  return error === undefined && typeof value === "string" ? value : undefined;
}

/** The message expression's text if it is one line of bearable length, the fixed message, or the expression itself. */
function messageOf(cel: Cel, { message, expression }: CompiledValidation, text: string | undefined): string {
  const evaluated = (text ?? "").trim();
  const tooLong = new TextEncoder().encode(evaluated).length > cel.maxMessageSizeBytes;
  if (evaluated !== "" && !tooLong && !evaluated.includes("\n")) return evaluated;
  if (message !== "" && message.trim() !== "") return message.trim();
  return `failed expression: ${expression.text.trim()}`;
}

function annotate(
  annotations: CompiledValidatingPolicy["annotations"],
  pass: EvaluationPass,
  failsOpen: boolean,
): Pick<PolicyOutcome, "annotations" | "annotationErrors"> {
  const found: { key: string; value: string }[] = [];
  const annotationErrors: string[] = [];
  for (const annotation of annotations) {
    const result = pass.evaluate(annotation);
    if (result.error !== undefined) {
      if (!failsOpen) annotationErrors.push(result.error);
      continue;
    }
    const value = typeof result.value === "string" ? result.value.trim() : "";
    if (value !== "") found.push({ key: annotation.name, value });
  }
  return { annotations: found, annotationErrors };
}
