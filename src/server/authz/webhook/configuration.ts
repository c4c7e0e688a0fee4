// The file of --authorization-config: which authorizers there are, in order. Upstream: apiserver.config.k8s.io/v1
// AuthorizationConfiguration, its defaults and validation (pkg/apis/apiserver/validation ValidateAuthorizationConfiguration).
import type { MatchCondition } from "../../../machinery/cel/authorization/index.ts";
import {
  dns1123Subdomain,
  type FieldError,
  field,
  fromYaml,
  isObject,
  parseGoDuration,
} from "../../../machinery/index.ts";
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
}

export type ConfiguredAuthorizer =
  | { readonly type: AuthorizationMode; readonly name: string }
  | { readonly type: "Webhook"; readonly webhook: WebhookSettings };

const group = "apiserver.config.k8s.io";
const versions = ["v1", "v1beta1", "v1alpha1"].map((version) => `${group}/${version}`);
const mostConditions = 64;
const mostTimeoutMs = 30_000;

type Fields = Readonly<Record<string, unknown>>;

const fields = {
  root: ["apiVersion", "kind", "authorizers"],
  authorizer: ["type", "name", "webhook"],
  webhook: [
    "authorizedTTL",
    "cacheAuthorizedRequests",
    "unauthorizedTTL",
    "cacheUnauthorizedRequests",
    "timeout",
    "subjectAccessReviewVersion",
    "matchConditionSubjectAccessReviewVersion",
    "failurePolicy",
    "connectionInfo",
    "matchConditions",
  ],
} as const;

/** Throws Error that says everything that is wrong with the file. `readable` throws why a kubeconfig can not be used. */
export async function readAuthorizationConfiguration(
  text: string,
  readable: (kubeconfigFile: string) => void,
): Promise<readonly ConfiguredAuthorizer[]> {
  const document = fromYaml(text)[0];
  if (!isObject(document) || document["kind"] !== "AuthorizationConfiguration")
    throw new Error(`expected AuthorizationConfiguration of ${versions.join(", ")}`);
  if (!versions.includes(String(document["apiVersion"])))
    throw new Error(
      `no kind "AuthorizationConfiguration" is registered for version ${JSON.stringify(document["apiVersion"])}`,
    );
  onlyKnown(document, fields.root, "");
  const found: FieldError[] = [];
  const listed = Array.isArray(document["authorizers"]) ? (document["authorizers"] as readonly unknown[]) : [];
  if (listed.length === 0) found.push(field.required("authorizers", "at least one authorization mode must be defined"));
  const authorizers: ConfiguredAuthorizer[] = [];
  const seen = { types: new Set<string>(), names: new Set<string>() };
  for (const [index, each] of listed.entries()) {
    const at = `authorizers[${index}]`;
    const authorizer = isObject(each) ? each : {};
    onlyKnown(authorizer, fields.authorizer, `${at}.`);
    const read = await readAuthorizer(authorizer, { at, found, seen, readable });
    if (read !== undefined) authorizers.push(read);
  }
  if (found.length > 0) throw new Error(aggregate(found.map((each) => `${each.field}: ${each.message}`)));
  return authorizers;
}

function onlyKnown(object: Fields, known: readonly string[], at: string): void {
  const strange = Object.keys(object).find((key) => !known.includes(key));
  if (strange !== undefined) throw new Error(`strict decoding error: unknown field "${at}${strange}"`);
}

interface Reading {
  readonly at: string;
  readonly found: FieldError[];
  readonly seen: { readonly types: Set<string>; readonly names: Set<string> };
  readonly readable: (kubeconfigFile: string) => void;
}

async function readAuthorizer(authorizer: Fields, reading: Reading): Promise<ConfiguredAuthorizer | undefined> {
  const { at, found, seen } = reading;
  const type = textOf(authorizer["type"]);
  const known = [...authorizationModes, "Webhook"].sort();
  const problem =
    type === ""
      ? field.required(`${at}.type`)
      : !known.includes(type)
        ? field.notSupported(`${at}.type`, type, known)
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
  const { webhook } = authorizer;
  if (type !== "Webhook") {
    if (webhook !== undefined && webhook !== null)
      found.push(field.invalid(`${at}.webhook`, "non-null", "may only be specified when type=Webhook"));
    return { type: type as AuthorizationMode, name };
  }
  if (!isObject(webhook)) {
    found.push(field.required(`${at}.webhook`, "required when type=Webhook"));
    return undefined;
  }
  onlyKnown(webhook, fields.webhook, `${at}.webhook.`);
  return { type: "Webhook", webhook: await readWebhook(webhook, { ...reading, name }) };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

async function readWebhook(webhook: Fields, reading: Reading & { readonly name: string }): Promise<WebhookSettings> {
  const { at, found, name } = reading;
  const version = textOf(webhook["subjectAccessReviewVersion"]);
  const timeoutMs = durationOf(webhook["timeout"], { at: `${at}.timeout`, found, mostMs: mostTimeoutMs });
  const ttl = (field: string, cache: string, standardMs: number): number => {
    const ttlMs = durationOf(webhook[field] ?? `${standardMs}ms`, { at: `${at}.${field}`, found });
    return webhook[cache] === false ? 0 : ttlMs;
  };
  const authorizedTtlMs = ttl("authorizedTTL", "cacheAuthorizedRequests", 300_000);
  const unauthorizedTtlMs = ttl("unauthorizedTTL", "cacheUnauthorizedRequests", 30_000);
  oneOf(version, ["v1", "v1beta1"], { at: `${at}.subjectAccessReviewVersion`, found });
  const expressions = Array.isArray(webhook["matchConditions"]) ? (webhook["matchConditions"] as unknown[]) : [];
  const conditionVersion = textOf(webhook["matchConditionSubjectAccessReviewVersion"]);
  const atVersion = `${at}.matchConditionSubjectAccessReviewVersion`;
  if (conditionVersion !== "") oneOf(conditionVersion, ["v1"], { at: atVersion, found });
  else if (expressions.length > 0) found.push(field.required(atVersion, "required if match conditions are specified"));
  const failurePolicy = textOf(webhook["failurePolicy"]);
  oneOf(failurePolicy, ["NoOpinion", "Deny"], { at: `${at}.failurePolicy`, found });
  return {
    name,
    timeoutMs,
    version: version as WebhookSettings["version"],
    authorizedTtlMs,
    unauthorizedTtlMs,
    failurePolicy: failurePolicy as WebhookSettings["failurePolicy"],
    kubeConfigFile: connectionOf(webhook["connectionInfo"], reading),
    conditions: await conditionsOf(expressions, reading),
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
    found.push(field.invalid(at, text, `must be > 0s and <= ${mostMs / 1000}s`));
  else if (ms < 0) found.push(field.invalid(at, text, "must be > 0s"));
  return ms;
}

function connectionOf(value: unknown, { at, found, readable }: Reading): string {
  const info = isObject(value) ? value : {};
  const [type, file] = [textOf(info["type"]), textOf(info["kubeConfigFile"])];
  const atFile = `${at}.connectionInfo.kubeConfigFile`;
  if (type === "") found.push(field.required(`${at}.connectionInfo.type`));
  else if (type === "InClusterConfig")
    throw new Error(
      `${at}.connectionInfo.type: InClusterConfig is not supported by this server; name a kubeConfigFile`,
    );
  else if (type !== "KubeConfigFile")
    found.push(field.notSupported(`${at}.connectionInfo.type`, type, ["InClusterConfig", "KubeConfigFile"]));
  else if (file === "") found.push(field.required(atFile));
  else if (!file.startsWith("/")) found.push(field.invalid(atFile, file, "must be an absolute path"));
  else
    try {
      readable(file);
    } catch (error) {
      found.push(field.invalid(atFile, file, `error loading file: ${(error as Error).message}`));
    }
  return file;
}

async function conditionsOf(listed: readonly unknown[], { at, found }: Reading): Promise<readonly MatchCondition[]> {
  if (listed.length === 0) return [];
  if (listed.length > mostConditions) {
    found.push(field.tooMany(`${at}.matchConditions`, listed.length, mostConditions));
    return [];
  }
  const { compileMatchCondition } = await import("../../../machinery/cel/authorization/index.ts");
  const seen = new Set<string>();
  const conditions: MatchCondition[] = [];
  for (const [index, each] of listed.entries()) {
    const where = `${at}.matchConditions[${index}].expression`;
    const expression = isObject(each) ? textOf(each["expression"]) : "";
    if (expression.trim() === "") found.push(field.required(where));
    else if (seen.has(expression)) found.push(field.duplicate(where, expression));
    else
      try {
        conditions.push(compileMatchCondition(expression));
      } catch (error) {
        found.push(field.invalid(where, expression, (error as Error).message));
      }
    seen.add(expression);
  }
  return conditions;
}
