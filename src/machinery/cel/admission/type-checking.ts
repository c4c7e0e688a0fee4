// Expressions of a policy held against the real types of the objects they are about. What it finds is advice: policies are
// evaluated without types. Upstream: admission/plugin/policy/validating/typechecking.go.
import type { TypeProvider } from "../contract.ts";
import { extendEnv } from "../environment.ts";
import { compileIn } from "../kubernetes/compile.ts";
import { baseEnvironment } from "../kubernetes/environment.ts";
import { AUTHORIZER_TYPE } from "../kubernetes/libraries/authorizer.ts";
import { type DeclType, declTypeOf, declTypeProvider, namedDeclType } from "../kubernetes/schema/decl-type.ts";
import type { RuleSchema } from "../kubernetes/schema/schema.ts";
import { type CelType, DYN } from "../types.ts";
import { declaredType } from "./compiler.ts";
import { admissionTypes, namespaceType, requestType, variablesType } from "./request-types.ts";

export interface TypeCheck {
  /** Schema of the objects, and their kind. */
  readonly object: { readonly kind: string; readonly schema: RuleSchema };
  /** Absent: the policy has no parameters. A missing schema leaves them untyped. */
  readonly params?: { readonly kind: string; readonly schema: RuleSchema | undefined };
  readonly variables: readonly { readonly name: string; readonly expression: string }[];
}

const named = (kind: string, schema: RuleSchema | undefined): DeclType | undefined => {
  const type = schema === undefined ? undefined : declTypeOf(schema, true);
  return type === undefined ? undefined : namedDeclType(type, kind);
};

/** Both, asked one after the other. */
const either = (first: TypeProvider, second: TypeProvider): TypeProvider => ({
  findType: (name) => first.findType(name) ?? second.findType(name),
  findField: (type, field) => first.findField(type, field) ?? second.findField(type, field),
  fieldNames: (type) => [...first.fieldNames(type), ...second.fieldNames(type)],
  construct: (type, fields) => first.construct(type, fields),
});

/** Checks expressions one by one: gives cel-go's text of what is wrong, or undefined. */
export function createTypeChecker({
  object,
  params,
  variables,
}: TypeCheck): (expression: string) => string | undefined {
  const objectType = named(object.kind, object.schema);
  const paramsType = params === undefined ? undefined : named(params.kind, params.schema);
  const known = new Map<string, CelType>();
  const roots = [objectType, paramsType].filter((type) => type !== undefined);
  const env = extendEnv(baseEnvironment(), {
    variables: [
      { name: "object", type: objectType?.celType ?? DYN },
      { name: "oldObject", type: objectType?.celType ?? DYN },
      { name: "namespaceObject", type: namespaceType },
      { name: "request", type: requestType },
      ...(params === undefined ? [] : [{ name: "params", type: paramsType?.celType ?? DYN }]),
      { name: "authorizer", type: AUTHORIZER_TYPE },
      { name: "variables", type: variablesType },
    ],
    provider: either(admissionTypes({ variables: known, patchTypes: false }), declTypeProvider(...roots)),
  });
  for (const { name, expression } of variables) {
    const compiled = compileIn(env, expression);
    known.set(name, compiled.ast === undefined ? DYN : declaredType(compiled.ast.outputType));
  }
  return (expression) => compileIn(env, expression).error;
}
