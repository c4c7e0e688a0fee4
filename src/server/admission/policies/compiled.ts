// Policies as programs, compiled when a request first needs them and kept while the policy is what it was.
// Upstream: policy/validating/plugin.go compilePolicy, policy/mutating/compilation.go.
import type {
  MatchCondition,
  MutatingAdmissionPolicy,
  ValidatingAdmissionPolicy,
  Variable,
} from "../../../api/index.ts";
import type { ExpressionOptions } from "../../../machinery/cel/admission/index.ts";
import { type Cel, type Expression, loadCel, type NamedExpression } from "../dynamic/cel.ts";
import type { CompiledConditions } from "../dynamic/conditions.ts";

export interface CompiledValidation {
  readonly expression: Expression;
  readonly messageExpression: Expression | undefined;
  readonly message: string;
  readonly reason: string;
}

export interface CompiledValidatingPolicy {
  readonly conditions: CompiledConditions;
  readonly variables: readonly NamedExpression[];
  readonly validations: readonly CompiledValidation[];
  /** By key. */
  readonly annotations: readonly NamedExpression[];
}

export interface CompiledMutation {
  readonly patchType: "ApplyConfiguration" | "JSONPatch";
  readonly expression: Expression;
}

export interface CompiledMutatingPolicy {
  readonly conditions: CompiledConditions;
  readonly variables: readonly NamedExpression[];
  readonly mutations: readonly CompiledMutation[];
}

/** By the policy object itself: a changed policy is another object. */
const validating = new WeakMap<ValidatingAdmissionPolicy, CompiledValidatingPolicy>();
const mutating = new WeakMap<MutatingAdmissionPolicy, CompiledMutatingPolicy>();

interface Common {
  readonly paramKind?: unknown;
  readonly variables?: readonly Variable[];
  readonly matchConditions?: readonly MatchCondition[];
}

function compileCommon(cel: Cel, { paramKind, variables = [], matchConditions = [] }: Common) {
  const compiler = cel.createExpressionCompiler({ variables: true });
  const params = paramKind !== undefined && paramKind !== null;
  const options = { params, authorizer: true };
  const composed = variables.map(({ name, expression }) => ({
    name,
    text: expression,
    compiled: compiler.addVariable(name, expression, { ...options, returns: ["any"] }),
  }));
  const expression = (
    text: string,
    more: Partial<ExpressionOptions> & Pick<ExpressionOptions, "returns">,
  ): Expression => ({
    text,
    compiled: compiler.compile(text, { ...options, ...more }),
  });
  const conditions = matchConditions.map(({ name, expression: text }) => ({
    name,
    ...expression(text, { returns: ["bool"] }),
  }));
  return { variables: composed, conditions: { conditions, variables: composed }, expression };
}

export async function compiledValidating(policy: ValidatingAdmissionPolicy): Promise<CompiledValidatingPolicy> {
  const known = validating.get(policy);
  if (known !== undefined) return known;
  const { spec } = policy;
  const { variables, conditions, expression } = compileCommon(await loadCel(), spec);
  const compiled: CompiledValidatingPolicy = {
    variables,
    conditions,
    validations: (spec.validations ?? []).map((each) => ({
      expression: expression(each.expression, { returns: ["bool"] }),
      messageExpression: each.messageExpression
        ? expression(each.messageExpression, { authorizer: false, returns: ["string"] })
        : undefined,
      message: each.message ?? "",
      reason: each.reason ?? "Invalid",
    })),
    annotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      name: key,
      ...expression(valueExpression, { returns: ["string", "null"] }),
    })),
  };
  validating.set(policy, compiled);
  return compiled;
}

export async function compiledMutating(policy: MutatingAdmissionPolicy): Promise<CompiledMutatingPolicy> {
  const known = mutating.get(policy);
  if (known !== undefined) return known;
  const { spec } = policy;
  const { variables, conditions, expression } = compileCommon(await loadCel(), spec);
  const compiled: CompiledMutatingPolicy = {
    variables,
    conditions,
    mutations: (spec.mutations ?? []).map(({ patchType, jsonPatch, applyConfiguration }) => {
      const isPatch = patchType === "JSONPatch";
      const text = (isPatch ? jsonPatch : applyConfiguration)?.expression ?? "";
      return {
        patchType,
        expression: expression(text, { patchTypes: true, returns: [isPatch ? "jsonPatch" : "object"] }),
      };
    }),
  };
  mutating.set(policy, compiled);
  return compiled;
}
