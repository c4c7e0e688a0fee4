// Expressions about who a token stands for: `claims` is the token's content, `user` what became of it.
// Upstream: k8s.io/apiserver/pkg/authentication/cel/{compile,mapper}.go, plugin/pkg/authenticator/token/oidc (values).
import type { TypeProvider } from "../contract.ts";
import { type Env, extendEnv } from "../environment.ts";
import { compileIn } from "../kubernetes/compile.ts";
import { baseEnvironment } from "../kubernetes/environment.ts";
import type { Expr } from "../syntax/ast.ts";
import { ANY, BOOL, type CelType, listOf, mapOf, STRING, sameType, structType } from "../types.ts";
import { CelError, isError, type Value } from "../values.ts";
import { textsOf, tokenValue } from "./token-values.ts";

const userInfo = structType("kubernetes.UserInfo");
const texts = listOf(STRING);
const userFields: Readonly<Record<string, CelType>> = {
  username: STRING,
  uid: STRING,
  groups: texts,
  extra: mapOf(STRING, texts),
};

const provider: TypeProvider = {
  findType: (name) => (name === userInfo.name ? userInfo : undefined),
  findField: (name, field) => (name === userInfo.name ? userFields[field] : undefined),
  fieldNames: (name) => (name === userInfo.name ? Object.keys(userFields) : []),
  construct: (name) => new CelError(`unknown type '${name}'`),
};

type Variable = "claims" | "user";

const environments = new Map<Variable, Env>();

function environmentOf(name: Variable): Env {
  const known = environments.get(name);
  if (known !== undefined) return known;
  const base = baseEnvironment({ stored: true });
  const made =
    name === "claims"
      ? extendEnv(base, { variables: [{ name, type: mapOf(STRING, ANY) }] })
      : extendEnv(base, { variables: [{ name, type: userInfo }], provider });
  environments.set(name, made);
  return made;
}

export interface TokenExpression {
  /** Whether `claims.CLAIM` is looked at. */
  uses(claim: string): boolean;
  /** Throws Error that says which expression failed and why. */
  evaluate(value: Value): Value;
}

/** `result`: what the expression has to come to. Throws Error that says what is wrong with the expression. */
export function compileTokenExpression(
  variable: Variable,
  expression: string,
  result: "any" | "bool",
): TokenExpression {
  const { ast, error, ...compiled } = compileIn(environmentOf(variable), expression);
  if (ast === undefined || !("program" in compiled)) throw new Error(`compilation failed: ${error}`);
  if (result === "bool" && !sameType(ast.outputType, BOOL)) throw new Error("must evaluate to bool");
  const program = compiled.program();
  if (typeof program === "string") throw new Error(`program instantiation failed: ${program}`);
  return {
    uses: (claim) => selects(ast.expr, claim),
    evaluate: (value) => {
      const { value: found } = program.evaluate({ [variable]: value });
      if (isError(found)) throw new Error(`expression '${expression}' resulted in error: ${found.message}`);
      return found;
    },
  };
}

/** `claims.CLAIM` or `claims.?CLAIM` anywhere in the expression. */
function selects(expr: Expr, claim: string): boolean {
  const isClaims = (each: Expr | undefined): boolean => each?.kind === "ident" && each.name === "claims";
  const any = (...parts: readonly (Expr | undefined)[]): boolean =>
    parts.some((part) => part !== undefined && selects(part, claim));
  switch (expr.kind) {
    case "select":
      return (isClaims(expr.operand) && expr.field === claim) || any(expr.operand);
    case "call": {
      const [first, second] = expr.args;
      const optional = expr.function === "_?._" && expr.args.length === 2 && isClaims(first);
      return (optional && second?.kind === "literal" && second.value === claim) || any(expr.target, ...expr.args);
    }
    case "list":
      return any(...expr.elements);
    case "map":
      return any(...expr.entries.flatMap(({ key, value }) => [key, value]));
    case "struct":
      return any(...expr.fields.map(({ value }) => value));
    case "comprehension":
      return any(expr.range, expr.accuInit, expr.condition, expr.step, expr.result);
    default:
      return false;
  }
}

export { textsOf, tokenValue };
