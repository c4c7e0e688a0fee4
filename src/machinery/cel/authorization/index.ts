// Expressions about requests to authorize: `request` is the spec of a SubjectAccessReview.
// Upstream: k8s.io/apiserver/pkg/authorization/cel/{compile,matcher}.go.
import type { TypeProvider } from "../contract.ts";
import { type Env, extendEnv } from "../environment.ts";
import { compileIn } from "../kubernetes/compile.ts";
import { baseEnvironment } from "../kubernetes/environment.ts";
import { dynamicValue } from "../kubernetes/schema/json-values.ts";
import { BOOL, type CelType, listOf, mapOf, STRING, sameType, structType } from "../types.ts";
import { CelError, isError } from "../values.ts";

const spec = structType("kubernetes.SubjectAccessReviewSpec");
const resourceAttributes = structType("kubernetes.ResourceAttributes");
const nonResourceAttributes = structType("kubernetes.NonResourceAttributes");
const fieldSelector = structType("kubernetes.FieldSelectorAttributes");
const labelSelector = structType("kubernetes.LabelSelectorAttributes");
const requirement = structType("kubernetes.SelectorRequirement");
const texts = listOf(STRING);
const selector = { rawSelector: STRING, requirements: listOf(requirement) };

const types: Readonly<Record<string, Readonly<Record<string, CelType>>>> = {
  [spec.name]: {
    resourceAttributes,
    nonResourceAttributes,
    user: STRING,
    groups: texts,
    extra: mapOf(STRING, texts),
    uid: STRING,
  },
  [resourceAttributes.name]: {
    // A reserved word of CEL: expressions write `namespace` all the same.
    __namespace__: STRING,
    verb: STRING,
    group: STRING,
    version: STRING,
    resource: STRING,
    subresource: STRING,
    name: STRING,
    fieldSelector,
    labelSelector,
  },
  [nonResourceAttributes.name]: { path: STRING, verb: STRING },
  [fieldSelector.name]: selector,
  [labelSelector.name]: selector,
  [requirement.name]: { key: STRING, operator: STRING, values: texts },
};

const provider: TypeProvider = {
  findType: (name) => (types[name] === undefined ? undefined : structType(name)),
  findField: (typeName, field) => types[typeName]?.[field] ?? types[typeName]?.[`__${field}__`],
  fieldNames: (typeName) => Object.keys(types[typeName] ?? {}),
  construct: (typeName) => new CelError(`unknown type '${typeName}'`),
};

let environment: Env | undefined;

/** Whether a review matches; throws Error with upstream's text when that can not be told. */
export type MatchCondition = (spec: Readonly<Record<string, unknown>>) => boolean;

/** Throws Error that says what is wrong with the expression. */
export function compileMatchCondition(expression: string): MatchCondition {
  environment ??= extendEnv(baseEnvironment({ stored: true }), {
    variables: [{ name: "request", type: spec }],
    provider,
  });
  const { ast, error, ...compiled } = compileIn(environment, expression);
  if (ast === undefined || !("program" in compiled)) throw new Error(`compilation failed: ${error}`);
  if (!sameType(ast.outputType, BOOL)) throw new Error(`must evaluate to bool but got ${ast.outputType.name}`);
  const program = compiled.program();
  if (typeof program === "string") throw new Error(`program instantiation failed: ${program}`);
  return (request) => {
    const { value } = program.evaluate({ request: dynamicValue(request) });
    if (isError(value))
      throw new Error(`cel evaluation error: expression '${expression}' resulted in error: ${value.message}`);
    return value === true;
  };
}
