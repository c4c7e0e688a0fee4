// The file of --authorization-config: which authorizers there are, in order. Upstream: apiserver.config.k8s.io/v1
// AuthorizationConfiguration, its defaults and validation (pkg/apis/apiserver/validation ValidateAuthorizationConfiguration),
// pkg/kubeapiserver/authorizer LoadAndValidateData.
import { errorText } from "../../../base/index.ts";
import type { MatchCondition } from "../../../machinery/cel/authorization/index.ts";
import {
  dns1123Subdomain,
  type FieldError,
  field,
  formatGoDuration,
  parseGoDuration,
  toJson,
} from "../../../machinery/index.ts";
import { type ConfigurationKind, decodeConfiguration } from "../../config/decode.ts";
import { type AuthorizationMode, authorizationModes } from "../create.ts";
import { aggregate } from "../modes.ts";

export interface WebhookSettings {
  readonly name: string;
  readonly timeoutMs: number;
  readonly version: "v1" | "v1beta1";
  readonly authorizedTtlMs: number;
  readonly unauthorizedTtlMs: number;
  readonly failurePolicy: "NoOpinion" | "Deny";
  readonly kubeConfigFile: string;
  readonly conditions: readonly MatchCondition[];
  /** Of the conditions. */
  readonly expressions: readonly string[];
}

export type ConfiguredAuthorizer =
  | { readonly type: AuthorizationMode | "ABAC"; readonly name: string }
  | { readonly type: "Webhook"; readonly webhook: WebhookSettings };

export interface AuthorizationFileMeans {
  /** Why the path is no regular file, as `stat /x: no such file or directory`; undefined when it is one. */
  readonly fileProblem: (path: string) => "not regular" | { readonly error: string } | undefined;
  /** Types that have to be there, because they were at the start. */
  readonly required?: ReadonlySet<string>;
}

const mostConditions = 64;
const mostTimeoutMs = 30_000;
const knownTypes = [...authorizationModes, "ABAC", "Webhook"].sort();

type Fields = Readonly<Record<string, unknown>>;

const file: ConfigurationKind = {
  kind: "AuthorizationConfiguration",
  apiVersions: ["v1", "v1beta1", "v1alpha1"].map((version) => `apiserver.config.k8s.io/${version}`),
  struct: "AuthorizationConfiguration",
  structs: {
    AuthorizationConfiguration: { kind: "string", apiVersion: "string", authorizers: "[]AuthorizerConfiguration" },
    AuthorizerConfiguration: { type: "string", name: "string", webhook: "*WebhookConfiguration" },
    WebhookConfiguration: {
      authorizedTTL: "duration",
      cacheAuthorizedRequests: "*boolean",
      unauthorizedTTL: "duration",
      cacheUnauthorizedRequests: "*boolean",
      timeout: "duration",
      subjectAccessReviewVersion: "string",
      matchConditionSubjectAccessReviewVersion: "string",
      failurePolicy: "string",
      connectionInfo: "WebhookConnectionInfo",
      matchConditions: "[]WebhookMatchCondition",
    },
    WebhookConnectionInfo: { type: "string", kubeConfigFile: "*string" },
    WebhookMatchCondition: { expression: "string" },
  },
};

/** Whether two files say the same. */
export const saysTheSame = (one: readonly ConfiguredAuthorizer[], other: readonly ConfiguredAuthorizer[]): boolean =>
  toJson(one) === toJson(other);

/** Throws Error that says everything that is wrong with the file. */
export async function readAuthorizationConfiguration(
  text: string,
  means: AuthorizationFileMeans,
): Promise<readonly ConfiguredAuthorizer[]> {
  const found: FieldError[] = [];
  const listed = authorizersIn(text);
  if (listed.length === 0) found.push(field.required("authorizers", "at least one authorization mode must be defined"));
  const authorizers: ConfiguredAuthorizer[] = [];
  const seen = { types: new Set<string>(), names: new Set<string>() };
  for (const [index, each] of listed.entries()) {
    const read = await readAuthorizer(each ?? {}, { at: `authorizers[${index}]`, found, seen, means });
    if (read !== undefined) authorizers.push(read);
  }
  if (found.length > 0) throw new Error(aggregate(found.map((each) => `${each.field}: ${each.message}`)));
  checkModes(authorizers, means.required ?? new Set());
  return authorizers;
}

function authorizersIn(text: string): readonly Fields[] {
  if (text === "") return [];
  try {
    const listed = (decodeConfiguration(text, file)["authorizers"] as readonly Fields[] | undefined) ?? [];
    for (const each of listed) checkDurations((each?.["webhook"] as Fields | null | undefined) ?? {});
    return listed;
  } catch (error) {
    throw new Error(`failed to load AuthorizationConfiguration from file: ${errorText(error)}`, { cause: error });
  }
}

/** Throws Error with Go's text about the first that is none. */
function checkDurations(webhook: Fields): void {
  for (const name of ["authorizedTTL", "timeout", "unauthorizedTTL"]) parseGoDuration(textOf(webhook[name]) || "0");
}

/** Modes have the names that flags give them, and stay. */
function checkModes(authorizers: readonly ConfiguredAuthorizer[], required: ReadonlySet<string>): void {
  const problems: string[] = [];
  for (const each of authorizers) {
    if (each.type === "Webhook") continue;
    const expected = each.type.toLowerCase();
    if (each.name !== expected)
      problems.push(`expected name ${expected} for authorizer ${each.type} instead of ${each.name}`);
  }
  const missing = [...required].filter((type) => !authorizers.some((each) => each.type === type));
  if (missing.length > 0) problems.push(`missing required types: [${missing.sort().join(" ")}]`);
  if (problems.length > 0) throw new Error(aggregate(problems));
}

interface Reading {
  readonly at: string;
  readonly found: FieldError[];
  readonly seen: { readonly types: Set<string>; readonly names: Set<string> };
  readonly means: AuthorizationFileMeans;
}

async function readAuthorizer(authorizer: Fields, reading: Reading): Promise<ConfiguredAuthorizer | undefined> {
  const { at, found, seen } = reading;
  const type = textOf(authorizer["type"]);
  const problem =
    type === ""
      ? field.required(`${at}.type`)
      : !knownTypes.includes(type)
        ? field.notSupported(`${at}.type`, type, knownTypes)
        : seen.types.has(type) && type !== "Webhook"
          ? field.duplicate(`${at}.type`, type)
          : undefined;
  if (problem !== undefined) {
    found.push(problem);
    return undefined;
  }
  seen.types.add(type);
  const name = textOf(authorizer["name"]);
  if (name === "") found.push(field.required(`${at}.name`));
  else if (seen.names.has(name)) found.push(field.duplicate(`${at}.name`, name));
  else if (dns1123Subdomain(name).length > 0)
    found.push(field.invalid(`${at}.name`, name, `authorizer name is invalid: ${dns1123Subdomain(name).join(", ")}`));
  seen.names.add(name);
  const webhook = authorizer["webhook"] as Fields | null | undefined;
  const absent = webhook === undefined || webhook === null;
  if (type !== "Webhook") {
    if (!absent) found.push(field.invalid(`${at}.webhook`, "non-null", "may only be specified when type=Webhook"));
    return { type: type as AuthorizationMode | "ABAC", name };
  }
  if (absent) {
    found.push(field.required(`${at}.webhook`, "required when type=Webhook"));
    return undefined;
  }
  return { type: "Webhook", webhook: await readWebhook(webhook, { ...reading, name }) };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

async function readWebhook(webhook: Fields, reading: Reading & { readonly name: string }): Promise<WebhookSettings> {
  const { at, found, name } = reading;
  const timeoutMs = durationOf(webhook["timeout"], { at: `${at}.timeout`, found, mostMs: mostTimeoutMs });
  const ttl = (field: string, cache: string, standardMs: number): number => {
    const given = textOf(webhook[field]);
    const isGiven = given !== "" && parseGoDuration(given) !== 0;
    const ttlMs = durationOf(isGiven ? given : `${standardMs}ms`, { at: `${at}.${field}`, found });
    return webhook[cache] === false ? 0 : ttlMs;
  };
  const authorizedTtlMs = ttl("authorizedTTL", "cacheAuthorizedRequests", 300_000);
  const unauthorizedTtlMs = ttl("unauthorizedTTL", "cacheUnauthorizedRequests", 30_000);
  const version = textOf(webhook["subjectAccessReviewVersion"]);
  oneOf(version, ["v1", "v1beta1"], { at: `${at}.subjectAccessReviewVersion`, found });
  const listed = (webhook["matchConditions"] as readonly Fields[] | undefined) ?? [];
  const expressions = listed.map((each) => textOf(each?.["expression"]));
  const conditionVersion = textOf(webhook["matchConditionSubjectAccessReviewVersion"]);
  const atVersion = `${at}.matchConditionSubjectAccessReviewVersion`;
  if (conditionVersion !== "") oneOf(conditionVersion, ["v1"], { at: atVersion, found });
  else if (listed.length > 0) found.push(field.required(atVersion, "required if match conditions are specified"));
  const failurePolicy = textOf(webhook["failurePolicy"]);
  oneOf(failurePolicy, ["NoOpinion", "Deny"], { at: `${at}.failurePolicy`, found });
  const kubeConfigFile = connectionOf((webhook["connectionInfo"] as Fields | undefined) ?? {}, reading);
  return {
    name,
    timeoutMs,
    version: version as WebhookSettings["version"],
    authorizedTtlMs,
    unauthorizedTtlMs,
    failurePolicy: failurePolicy as WebhookSettings["failurePolicy"],
    kubeConfigFile,
    conditions: await conditionsOf(expressions, reading),
    expressions,
  };
}

interface At {
  readonly at: string;
  readonly found: FieldError[];
}

function oneOf(value: string, supported: readonly string[], { at, found }: At): void {
  if (value === "") found.push(field.required(at));
  else if (!supported.includes(value)) found.push(field.notSupported(at, value, supported));
}

/** Milliseconds. */
function durationOf(value: unknown, { at, found, mostMs }: At & { readonly mostMs?: number }): number {
  const text = textOf(value);
  const ms = text === "" ? 0 : parseGoDuration(text);
  if (ms === 0) found.push(field.required(at));
  else if (mostMs !== undefined && (ms < 0 || ms > mostMs))
    found.push(field.invalid(at, formatGoDuration(ms), `must be > 0s and <= ${mostMs / 1000}s`));
  else if (ms < 0) found.push(field.invalid(at, formatGoDuration(ms), "must be > 0s"));
  return ms;
}

function connectionOf(info: Fields, { at, found, means }: Reading): string {
  const [type, path] = [textOf(info["type"]), textOf(info["kubeConfigFile"])];
  const atFile = `${at}.connectionInfo.kubeConfigFile`;
  const given = typeof info["kubeConfigFile"] === "string";
  if (type === "") found.push(field.required(`${at}.connectionInfo.type`));
  else if (type === "InClusterConfig") {
    if (given) found.push(field.invalid(atFile, path, "can only be set when type=KubeConfigFile"));
    // Upstream takes it here and crashes, since the service would be this server itself.
    else
      found.push(
        field.forbidden(
          `${at}.connectionInfo.type`,
          "InClusterConfig is not allowed for kube-apiserver; name a kubeConfigFile",
        ),
      );
  } else if (type !== "KubeConfigFile")
    found.push(
      field.notSupported(`${at}.connectionInfo.type`, { Type: type, KubeConfigFile: given ? path : null }, [
        "InClusterConfig",
        "KubeConfigFile",
      ]),
    );
  else if (path === "") found.push(field.required(atFile));
  else if (!path.startsWith("/")) found.push(field.invalid(atFile, path, "must be an absolute path"));
  else {
    const problem = means.fileProblem(path);
    if (problem === "not regular") found.push(field.invalid(atFile, path, "must be a regular file"));
    else if (problem !== undefined) found.push(field.invalid(atFile, path, `error loading file: ${problem.error}`));
  }
  return path;
}

async function conditionsOf(
  expressions: readonly string[],
  { at, found }: Reading,
): Promise<readonly MatchCondition[]> {
  if (expressions.length === 0) return [];
  if (expressions.length > mostConditions) {
    found.push(field.tooMany(`${at}.matchConditions`, expressions.length, mostConditions));
    return [];
  }
  const { compileMatchCondition } = await import("../../../machinery/cel/authorization/index.ts");
  const seen = new Set<string>();
  const conditions: MatchCondition[] = [];
  for (const [index, expression] of expressions.entries()) {
    const where = `${at}.matchConditions[${index}].expression`;
    if (expression.trim() === "") found.push(field.required(where));
    else if (seen.has(expression)) found.push(field.duplicate(where, expression));
    else
      try {
        conditions.push(compileMatchCondition(expression));
      } catch (error) {
        found.push(field.invalid(where, expression, errorText(error)));
      }
    seen.add(expression);
  }
  return conditions;
}
