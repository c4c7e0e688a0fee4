// What an AuthenticationConfiguration may say, in upstream's words and order; the expressions in it are compiled on the way.
// Upstream: apiserver/pkg/apis/apiserver/validation ValidateAuthenticationConfiguration.
import { domainPrefixedPath, parseGoUrl } from "../../../api/serve.ts";
import { errorText } from "../../../base/index.ts";
import { compileTokenExpression, type TokenExpression } from "../../../machinery/cel/authentication/index.ts";
import { type FieldError, field } from "../../../machinery/index.ts";
import { certificateSubject } from "../x509-subject.ts";
import type { AuthenticationConfiguration, ClaimRule, JwtSettings, Mapping } from "./configuration.ts";

const mostAuthenticators = 64;

/** One way of logging in, with its expressions ready to run. */
export interface CompiledJwt {
  readonly settings: JwtSettings;
  readonly expressions: Expressions;
}

export interface Expressions {
  readonly username?: TokenExpression;
  readonly groups?: TokenExpression;
  readonly uid?: TokenExpression;
  readonly extra: readonly { readonly key: string; readonly source: string; readonly value: TokenExpression }[];
  readonly claimRules: readonly Rule[];
  readonly userRules: readonly Rule[];
}

export interface Rule {
  readonly source: string;
  readonly message: string;
  readonly holds: TokenExpression;
}

export interface ValidatedAuthentication {
  readonly jwt: readonly CompiledJwt[];
  readonly errors: readonly FieldError[];
}

/** `disallowedIssuers`: those of ServiceAccount tokens. What has errors must not be used. */
export function validateAuthenticationConfiguration(
  { jwt, anonymous }: AuthenticationConfiguration,
  disallowedIssuers: readonly string[],
): ValidatedAuthentication {
  const found: FieldError[] = [];
  if (jwt.length > mostAuthenticators)
    return { jwt: [], errors: [field.tooMany("jwt", jwt.length, mostAuthenticators)] };
  const seen = { issuers: new Set<string>(), discovery: new Set<string>() };
  const compiled = jwt.map((settings, index) => {
    const at = `jwt[${index}]`;
    const { url, discoveryURL } = settings.issuer;
    const one = compileOne(settings, { at, found, disallowedIssuers });
    if (seen.issuers.has(url)) found.push(field.duplicate(`${at}.issuer.url`, url));
    seen.issuers.add(url);
    if (discoveryURL === "") return one;
    if (seen.discovery.has(discoveryURL)) found.push(field.duplicate(`${at}.issuer.discoveryURL`, discoveryURL));
    seen.discovery.add(discoveryURL);
    return one;
  });
  if (anonymous !== undefined && !anonymous.enabled && anonymous.conditions.length > 0)
    found.push(
      field.invalid(
        "anonymous.conditions",
        anonymous.conditions.map(({ path: Path }) => ({ Path })),
        "enabled should be set to true when conditions are defined",
      ),
    );
  return { jwt: compiled, errors: found };
}

interface At {
  readonly at: string;
  readonly found: FieldError[];
}

function compileOne(
  settings: JwtSettings,
  { at, found, disallowedIssuers }: At & { readonly disallowedIssuers: readonly string[] },
): CompiledJwt {
  checkIssuer(settings.issuer, { at: `${at}.issuer`, found }, disallowedIssuers);
  const claimRules = compileClaimRules(settings.claimValidationRules, { at: `${at}.claimValidationRules`, found });
  const mappings = compileMappings(settings, { at: `${at}.claimMappings`, found }, claimRules);
  const userRules = compileUserRules(settings.userValidationRules, { at: `${at}.userValidationRules`, found });
  return { settings, expressions: { ...mappings, claimRules, userRules } };
}

function checkIssuer(issuer: JwtSettings["issuer"], { at, found }: At, disallowed: readonly string[]): void {
  const { url, discoveryURL, certificateAuthority, egressSelectorType } = issuer;
  if (url === "") found.push(field.required(`${at}.url`));
  else checkUrl(url, { at: `${at}.url`, found }, disallowed);
  if (discoveryURL !== "") {
    const bare = (text: string): string => text.replace(/\/+$/, "");
    if (url !== "" && bare(url) === bare(discoveryURL))
      found.push(field.invalid(`${at}.discoveryURL`, discoveryURL, "discoveryURL must be different from URL"));
    checkUrl(discoveryURL, { at: `${at}.discoveryURL`, found }, []);
  }
  checkAudiences(issuer, { at, found });
  const problem = certificateAuthority === "" ? undefined : authorityProblem(certificateAuthority);
  if (problem !== undefined) found.push(field.invalid(`${at}.certificateAuthority`, "<omitted>", problem));
  if (egressSelectorType !== "" && !["controlplane", "cluster"].includes(egressSelectorType))
    found.push(
      field.invalid(
        `${at}.egressSelectorType`,
        egressSelectorType,
        "egress selector must be either controlplane or cluster",
      ),
    );
}

function checkUrl(text: string, { at, found }: At, disallowed: readonly string[]): void {
  const wrong = (why: string): void => void found.push(field.invalid(at, text, why));
  if (disallowed.includes(text))
    wrong(`URL must not overlap with disallowed issuers: [${[...new Set(disallowed)].sort().join(" ")}]`);
  const parsed = parseGoUrl(text);
  if ("error" in parsed) {
    wrong(parsed.error);
    return;
  }
  const { scheme, user, query, fragment } = parsed.url;
  if (scheme !== "https") wrong("URL scheme must be https");
  if (user !== undefined) wrong("URL must not contain a username or password");
  if (query !== "") wrong("URL must not contain a query");
  if (fragment !== "") wrong("URL must not contain a fragment");
}

function checkAudiences({ audiences, audienceMatchPolicy }: JwtSettings["issuer"], { at, found }: At): void {
  const where = `${at}.audiences`;
  if (audiences.length === 0) {
    found.push(field.required(where, `at least one ${where} is required`));
    return;
  }
  const seen = new Set<string>();
  for (const [index, audience] of audiences.entries()) {
    if (audience === "") found.push(field.required(`${where}[${index}]`));
    if (seen.has(audience)) found.push(field.duplicate(`${where}[${index}]`, audience));
    seen.add(audience);
  }
  const isAny = audienceMatchPolicy === "MatchAny";
  const policy = (why: string): void =>
    void found.push(field.invalid(`${at}.audienceMatchPolicy`, audienceMatchPolicy, why));
  if (audiences.length > 1 && !isAny) policy("audienceMatchPolicy must be MatchAny for multiple audiences");
  if (audiences.length === 1 && !isAny && audienceMatchPolicy !== "")
    policy("audienceMatchPolicy must be empty or MatchAny for single audience");
}

/** What is wrong with a bundle of authorities, in Go's words; undefined when nothing is. */
export function authorityProblem(pem: string): string | undefined {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]*?)-----END CERTIFICATE-----/g)];
  if (blocks.length === 0) return "data does not contain any valid RSA or ECDSA certificates";
  for (const [, base64 = ""] of blocks)
    try {
      certificateSubject(Uint8Array.from(atob(base64.replace(/\s/g, "")), (each) => each.charCodeAt(0)));
    } catch {
      return "x509: malformed certificate"; // Whatever the DER reader stumbled over.
    }
  return undefined;
}

type Variable = Parameters<typeof compileTokenExpression>[0];

/** Undefined, with an error at `at`, for an expression that can not be used. */
function compiled(
  of: { readonly variable: Variable; readonly result: "any" | "bool"; readonly expression: string },
  { at, found }: At,
): TokenExpression | undefined {
  try {
    return compileTokenExpression(of.variable, of.expression, of.result);
  } catch (error) {
    found.push(field.invalid(at, of.expression, errorText(error)));
    return undefined;
  }
}

function compileClaimRules(rules: readonly ClaimRule[], { at, found }: At): Rule[] {
  const seen = { claims: new Set<string>(), expressions: new Set<string>() };
  const made: Rule[] = [];
  for (const [index, { claim, requiredValue, expression, message }] of rules.entries()) {
    const where = `${at}[${index}]`;
    if (claim !== "" && expression !== "")
      found.push(field.invalid(where, claim, "claim and expression can't both be set"));
    else if (claim !== "") {
      if (message !== "")
        found.push(field.invalid(`${where}.message`, message, "may not be specified when claim is set"));
      if (seen.claims.has(claim)) found.push(field.duplicate(`${where}.claim`, claim));
      seen.claims.add(claim);
    } else if (expression === "") found.push(field.required(where, "claim or expression is required"));
    else {
      if (requiredValue !== "")
        found.push(
          field.invalid(`${where}.requiredValue`, requiredValue, "may not be specified when expression is set"),
        );
      const rule = ruleOf({ variable: "claims", expression, message }, { at: where, found }, seen.expressions);
      if (rule !== undefined) made.push(rule);
    }
  }
  return made;
}

function ruleOf(
  { variable, expression, message }: { variable: Variable; expression: string; message: string },
  { at, found }: At,
  seen: Set<string>,
): Rule | undefined {
  const where = `${at}.expression`;
  if (seen.has(expression)) {
    found.push(field.duplicate(where, expression));
    return undefined;
  }
  seen.add(expression);
  const holds = compiled({ variable, result: "bool", expression }, { at: where, found });
  return holds === undefined ? undefined : { source: expression, message, holds };
}

function compileUserRules(rules: JwtSettings["userValidationRules"], { at, found }: At): Rule[] {
  const seen = new Set<string>();
  return rules.flatMap(({ expression, message }, index): Rule[] => {
    const where = `${at}[${index}]`;
    if (expression === "") {
      found.push(field.required(`${where}.expression`));
      return [];
    }
    const rule = ruleOf({ variable: "user", expression, message }, { at: where, found }, seen);
    return rule === undefined ? [] : [rule];
  });
}

type Mappings = Pick<Expressions, "username" | "groups" | "uid" | "extra">;

function compileMappings({ claimMappings }: JwtSettings, { at, found }: At, rules: readonly Rule[]): Mappings {
  const { username, groups, uid, extra } = claimMappings;
  const user = compilePrefixed(username, { at: `${at}.username`, found }, "required");
  const group = compilePrefixed(groups, { at: `${at}.groups`, found }, "optional");
  if (uid.claim !== "" && uid.expression !== "")
    found.push(field.invalid(`${at}.uid`, "", "claim and expression can't both be set"));
  const id =
    uid.claim !== "" || uid.expression === ""
      ? undefined
      : compiled(
          { variable: "claims", result: "any", expression: uid.expression },
          { at: `${at}.uid.expression`, found },
        );
  const more = compileExtra(extra, { at: `${at}.extra`, found });
  const verified = [user, ...more.map(({ value }) => value), ...rules.map(({ holds }) => holds)];
  if (user?.uses("email") && !verified.some((each) => each?.uses("email_verified")))
    found.push(
      field.invalid(
        `${at}.username.expression`,
        username.expression,
        "claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression",
      ),
    );
  return {
    ...(user === undefined ? {} : { username: user }),
    ...(group === undefined ? {} : { groups: group }),
    ...(id === undefined ? {} : { uid: id }),
    extra: more,
  };
}

function compilePrefixed(
  { claim, expression, prefix }: Mapping,
  { at, found }: At,
  need: "required" | "optional",
): TokenExpression | undefined {
  if (expression !== "" && claim !== "") found.push(field.invalid(at, "", "claim and expression can't both be set"));
  else if (expression !== "") {
    if (prefix !== undefined)
      found.push(field.invalid(`${at}.prefix`, prefix, "may not be specified when expression is set"));
    const made = compiled({ variable: "claims", result: "any", expression }, { at: `${at}.expression`, found });
    return prefix === undefined ? made : undefined;
  } else if (claim === "") {
    if (need === "required") found.push(field.required(at, "claim or expression is required"));
  } else if (prefix === undefined)
    found.push(
      field.required(
        `${at}.prefix`,
        "prefix is required when claim is set. It can be set to an empty string to disable prefixing",
      ),
    );
  return undefined;
}

function compileExtra(
  extra: JwtSettings["claimMappings"]["extra"],
  { at, found }: At,
): { key: string; source: string; value: TokenExpression }[] {
  const seen = new Set<string>();
  return extra.flatMap(({ key, valueExpression }, index) => {
    const where = `${at}[${index}]`;
    domainPrefixedPath(key, `${where}.key`, found);
    if (key !== key.toLowerCase()) found.push(field.invalid(`${where}.key`, key, "must be lowercase"));
    if (/^(?:[^/]*\.)?(?:kubernetes|k8s)\.io\//.test(key))
      found.push(
        field.invalid(
          `${where}.key`,
          key,
          "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use",
        ),
      );
    if (seen.has(key)) {
      found.push(field.duplicate(`${where}.key`, key));
      return [];
    }
    seen.add(key);
    if (valueExpression === "") {
      found.push(field.required(`${where}.valueExpression`));
      return [];
    }
    const value = compiled(
      { variable: "claims", result: "any", expression: valueExpression },
      { at: `${where}.valueExpression`, found },
    );
    return value === undefined ? [] : [{ key, source: valueExpression, value }];
  });
}
