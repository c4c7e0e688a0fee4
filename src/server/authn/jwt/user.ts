// Who the claims of a verified token stand for. Upstream: plugin/pkg/authenticator/token/oidc AuthenticateToken.

import { errorText } from "../../../base/index.ts";
import { textsOf, tokenValue } from "../../../machinery/cel/authentication/index.ts";
import type { UserInfo } from "../../../machinery/index.ts";
import { type Claims, goName } from "./token.ts";
import type { CompiledJwt, Rule } from "./validate.ts";

type CelValue = ReturnType<typeof tokenValue>;

const credentialId = "authentication.kubernetes.io/credential-id";

/** Throws Error that says what the claims lack, or which rule refuses them. */
export function userOfToken(claims: Claims, { settings, expressions }: CompiledJwt): UserInfo {
  const value = tokenValue(claims);
  const mapped: Mapped = { claims, value, settings, expressions };
  const user = {
    username: usernameOf(mapped),
    groups: groupsOf(mapped),
    uid: uidOf(mapped),
    extra: extraOf(mapped),
  };
  checkClaims(mapped);
  checkRules(expressions.userRules, tokenValue(user), "user info validation rule");
  const { uid, extra, ...rest } = user;
  return { ...rest, ...(uid === "" ? {} : { uid }), ...(Object.keys(extra).length > 0 ? { extra } : {}) };
}

interface Mapped extends CompiledJwt {
  readonly claims: Claims;
  readonly value: CelValue;
}

/** The claim as a text. */
function claimText(claims: Claims, claim: string): string {
  if (!Object.hasOwn(claims, claim)) throw new Error("claim not present");
  return textOf(claims[claim]);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null) return "";
  throw new Error(`json: cannot unmarshal ${goName(value)} into Go value of type string`);
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`oidc: ${what}: ${errorText(error)}`, { cause: error });
  }
}

function usernameOf({ claims, value, settings, expressions }: Mapped): string {
  const { username } = expressions;
  if (username !== undefined) {
    const found = attempt("error evaluating username claim expression", () => username.evaluate(value));
    if (typeof found !== "string")
      throw new Error(
        "oidc: error evaluating username claim expression: username claim expression must return a string",
      );
    if (found === "") throw new Error("oidc: empty username via CEL expression is not allowed");
    return found;
  }
  const { claim, prefix = "" } = settings.claimMappings.username;
  const name = attempt(`parse username claims ${JSON.stringify(claim)}`, () => claimText(claims, claim));
  if (claim === "email" && Object.hasOwn(claims, "email_verified")) {
    const verified = claims["email_verified"];
    if (typeof verified !== "boolean" && verified !== null)
      throw new Error(
        `oidc: parse 'email_verified' claim: json: cannot unmarshal ${goName(verified)} into Go value of type bool`,
      );
    if (verified !== true) throw new Error("oidc: email not verified");
  }
  return prefix + name;
}

function groupsOf({ claims, value, settings, expressions }: Mapped): readonly string[] {
  const { claim, prefix = "" } = settings.claimMappings.groups;
  if (claim !== "" && Object.hasOwn(claims, claim)) {
    const given = claims[claim];
    const listed = Array.isArray(given) && given.every((each) => typeof each === "string" || each === null);
    const groups = listed
      ? (given as (string | null)[]).map((each) => each ?? "")
      : given === null
        ? []
        : [attempt(`parse groups claim ${JSON.stringify(claim)}`, () => textOf(given))];
    return groups.map((group) => prefix + group);
  }
  const { groups } = expressions;
  if (groups === undefined) return [];
  const found = textsOf(attempt("error evaluating group claim expression", () => groups.evaluate(value)));
  if (found === undefined)
    throw new Error(
      "oidc: error evaluating group claim expression: expression must return a string or a list of strings",
    );
  return found;
}

function uidOf({ claims, value, settings, expressions }: Mapped): string {
  const { claim } = settings.claimMappings.uid;
  if (claim !== "") return attempt(`parse uid claim ${JSON.stringify(claim)}`, () => claimText(claims, claim));
  const { uid } = expressions;
  if (uid === undefined) return "";
  const found = attempt("error evaluating uid claim expression", () => uid.evaluate(value));
  if (typeof found === "string") return found;
  throw new Error("oidc: error evaluating uid claim expression: uid claim expression must return a string");
}

function extraOf({ claims, value, expressions }: Mapped): Readonly<Record<string, readonly string[]>> {
  const extra: Record<string, readonly string[]> = {};
  const { jti } = claims;
  if (typeof jti === "string" && jti !== "") extra[credentialId] = [`JTI=${jti}`];
  for (const { key, source, value: expression } of expressions.extra) {
    const found = textsOf(expression.evaluate(value));
    if (found === undefined)
      throw new Error(
        `oidc: error evaluating extra claim expression: ${source}: expression must return a string or a list of strings`,
      );
    if (found.length > 0) extra[key] = found;
  }
  return extra;
}

function checkClaims({ claims, value, settings, expressions }: Mapped): void {
  for (const { claim, requiredValue } of settings.claimValidationRules) {
    if (claim === "") continue;
    if (!Object.hasOwn(claims, claim)) throw new Error(`oidc: required claim ${claim} not present in ID token`);
    const found = attempt(`parse claim ${claim}`, () => textOf(claims[claim]));
    if (found !== requiredValue)
      throw new Error(`oidc: required claim ${claim} value does not match. Got = ${found}, want = ${requiredValue}`);
  }
  checkRules(expressions.claimRules, value, "claim validation expression");
}

function checkRules(rules: readonly Rule[], value: CelValue, what: string): void {
  const wrong = (why: string) => new Error(`oidc: error evaluating ${what}: ${why}`);
  const results = rules.map((rule) => {
    try {
      return rule.holds.evaluate(value);
    } catch (error) {
      throw wrong(errorText(error));
    }
  });
  for (const [index, { source, message }] of rules.entries()) {
    if (typeof results[index] !== "boolean") throw wrong("validation expression must return a boolean");
    if (!results[index]) throw wrong(`validation expression '${source}' failed: ${message}`);
  }
}
