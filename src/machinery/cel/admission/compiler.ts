// Compiles the expressions of admission, with upstream's texts for what is wrong with them.
// Upstream: k8s.io/apiserver/pkg/admission/plugin/cel/{compile,composition}.go.
import type { VariableDecl } from "../contract.ts";
import { type Env, extendEnv } from "../environment.ts";
import { compileIn } from "../kubernetes/compile.ts";
import { baseEnvironment } from "../kubernetes/environment.ts";
import { AUTHORIZER_TYPE, RESOURCE_CHECK_TYPE } from "../kubernetes/libraries/authorizer.ts";
import { JSON_PATCH } from "../kubernetes/libraries/json-patch.ts";
import { ANY, BOOL, type CelType, DYN, listOf, mapOf, NULL, STRING, sameType } from "../types.ts";
import type {
  CompiledExpression,
  ExpressionCompiler,
  ExpressionError,
  ExpressionOptions,
  ReturnType,
} from "./contract.ts";
import { jsonPatchType, objectType } from "./patch-types.ts";
import { admissionTypes, namespaceType, requestType, variablesType } from "./request-types.ts";

const returnTypes: Readonly<Record<ReturnType, CelType>> = {
  bool: BOOL,
  string: STRING,
  null: NULL,
  any: ANY,
  object: objectType,
  jsonPatch: listOf(jsonPatchType),
};

let patching: Env | undefined;

/** The libraries, linked once. */
function baseOf({ patchTypes = false }: ExpressionOptions): Env {
  if (!patchTypes) return baseEnvironment();
  patching ??= extendEnv(baseEnvironment(), { libraries: [JSON_PATCH] });
  return patching;
}

function variablesOf({ params, authorizer }: ExpressionOptions, composed: boolean): VariableDecl[] {
  return [
    { name: "object", type: DYN },
    { name: "oldObject", type: DYN },
    { name: "namespaceObject", type: namespaceType },
    { name: "request", type: requestType },
    ...(params ? [{ name: "params", type: DYN }] : []),
    ...(authorizer
      ? [
          { name: "authorizer", type: AUTHORIZER_TYPE },
          { name: "authorizer.requestResource", type: RESOURCE_CHECK_TYPE },
        ]
      : []),
    ...(composed ? [{ name: "variables", type: variablesType }] : []),
  ];
}

/** `variables`: whether `variables` is declared, which holds what addVariable has added. */
export function createExpressionCompiler(compilerOptions: { readonly variables: boolean }): ExpressionCompiler {
  const variables = new Map<string, CelType>();
  const environments = new Map<string, Env>();
  const environmentOf = (options: ExpressionOptions): Env => {
    const { params, authorizer, patchTypes = false } = options;
    const key = `${params} ${authorizer} ${patchTypes}`;
    let env = environments.get(key);
    if (env === undefined) {
      env = extendEnv(baseOf(options), {
        variables: variablesOf(options, compilerOptions.variables),
        provider: admissionTypes({ variables, patchTypes }),
      });
      environments.set(key, env);
    }
    return env;
  };
  const compileOne = (expression: string, options: ExpressionOptions): CompiledExpression =>
    compileAs(environmentOf(options), expression, options.returns);
  return {
    compile: compileOne,
    addVariable(name, expression, options) {
      const compiled = compileOne(expression, options);
      variables.set(name, compiled.error === undefined ? declaredType(compiled.outputType) : DYN);
      return compiled;
    },
  };
}

function compileAs(env: Env, expression: string, returns: readonly ReturnType[]): CompiledExpression {
  const compiled = compileIn(env, expression);
  if (compiled.ast === undefined) return { error: invalid(`compilation failed: ${compiled.error}`) };
  const { outputType } = compiled.ast;
  const wanted = returns.map((each) => returnTypes[each]);
  if (!wanted.some((type) => type === ANY || sameType(outputType, type)))
    return { error: invalid(wrongType(wanted, outputType)) };
  const program = compiled.program();
  if (typeof program === "string")
    return { error: { type: "internal", detail: `program instantiation failed: ${program}` } };
  return { outputType, evaluate: (activation, costLimit) => program.evaluate(activation, costLimit) };
}

const invalid = (detail: string): ExpressionError => ({ type: "invalid", detail });

function wrongType(wanted: readonly CelType[], got: CelType): string {
  const names = wanted.map(typeName);
  return names.length === 1
    ? `must evaluate to ${names[0]} but got ${typeName(got)}`
    : `must evaluate to one of [${names.join(" ")}] but got ${typeName(got)}`;
}

/** A type as Go's cel.Type prints: the names that values have at run time. */
export function typeName(type: CelType): string {
  const own = type.nullable ? `wrapper(${type.name})` : type.name;
  return type.parameters.length === 0 ? own : `${own}(${type.parameters.map(typeName).join(", ")})`;
}

const kept: ReadonlySet<string> = new Set([
  "any",
  "bool",
  "bytes",
  "double",
  "duration",
  "int",
  "null",
  "string",
  "timestamp",
  "uint",
]);

/** What later expressions know of a variable: scalars, and lists and maps of them. */
export function declaredType(type: CelType): CelType {
  if (type.nullable) return DYN;
  if (kept.has(type.kind)) return type;
  const [first = DYN, second = DYN] = type.parameters;
  if (type.kind === "list") return listOf(declaredType(first));
  if (type.kind === "map") return mapOf(declaredType(first), declaredType(second));
  return DYN;
}
