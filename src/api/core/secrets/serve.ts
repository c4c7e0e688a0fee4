// How the API server serves Secret.
import type { Secret } from "../../../../facts/types/core.v1.ts";
import { configMapKey, deepEqual, field, sentEmpty } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { base64Length, base64ToText, fillNullBytes, textToBase64 } from "../../lib/formats/base64.ts";
import { annotationPath } from "../../lib/metadata.ts";
import { type Check, entry, findings, immutable, worthChecking } from "../../lib/validate.ts";

const sizeLimitBytes = 1024 * 1024;
const frozen = "field is immutable when `immutable` is set";
const redacted = "<secret contents redacted>";
const serviceAccountName = "kubernetes.io/service-account.name";

/** Docker's files must be a JSON object. Answers what Go's decoder says otherwise. */
function jsonObjectError(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === "") return "unexpected end of JSON input";
  try {
    const value: unknown = JSON.parse(trimmed);
    if (value === null || (typeof value === "object" && !Array.isArray(value))) return undefined;
    const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
    return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const first = trimmed[0] ?? "";
    return /[[{"0-9tfn-]/.test(first)
      ? "unexpected end of JSON input"
      : `invalid character '${first}' looking for beginning of value`;
  }
}

const dockerFile =
  (key: string): Check<Secret> =>
  (secret, _at, found) => {
    const value = secret.data?.[key];
    if (value === undefined) {
      found.push(field.required(entry("data", key)));
      return;
    }
    const error = jsonObjectError(base64ToText(value));
    if (error !== undefined) found.push(field.invalid(entry("data", key), redacted, error));
  };

const keys =
  (...names: readonly string[]): Check<Secret> =>
  (secret, _at, found) => {
    for (const key of names) if (secret.data?.[key] === undefined) found.push(field.required(entry("data", key)));
  };

const eitherKey =
  (...names: readonly string[]): Check<Secret> =>
  (secret, at, found) => {
    if (names.every((key) => secret.data?.[key] === undefined)) keys(...names)(secret, at, found);
  };

/** What each of the well-known types must hold. */
const rulesByType: Readonly<Record<string, Check<Secret>>> = {
  "kubernetes.io/service-account-token": (secret, _at, found) => {
    if (!secret.metadata.annotations?.[serviceAccountName])
      found.push(field.required(annotationPath(serviceAccountName)));
  },
  "kubernetes.io/dockercfg": dockerFile(".dockercfg"),
  "kubernetes.io/dockerconfigjson": dockerFile(".dockerconfigjson"),
  "kubernetes.io/basic-auth": eitherKey("username", "password"),
  "kubernetes.io/ssh-auth": (secret, _at, found) => {
    if (!secret.data?.["ssh-privatekey"]) found.push(field.required(entry("data", "ssh-privatekey")));
  },
  "kubernetes.io/tls": keys("tls.crt", "tls.key"),
};

const contents: Check<Secret> = (secret, at, found) => {
  let size = 0;
  for (const [, key] of worthChecking(Object.keys(secret.data ?? {}).sort(), found)) {
    const value = secret.data?.[key] ?? "";
    for (const text of configMapKey(key)) found.push(field.invalid(entry("data", key), key, text));
    size += base64Length(value);
  }
  if (size > sizeLimitBytes) found.push(field.tooLong("data", sizeLimitBytes));
  rulesByType[secret.type ?? ""]?.(secret, at, found);
};

const keptParts =
  (old: Secret): Check<Secret> =>
  (secret, _at, found) => {
    immutable(old.type)(secret.type, "type", found);
    if (old.immutable !== true) return;
    if (secret.immutable !== true) found.push(field.forbidden("immutable", frozen));
    if (!deepEqual(secret.data ?? {}, old.data ?? {}) || sentEmpty(secret, "data"))
      found.push(field.forbidden("data", frozen));
  };

const pemBlock = /-----BEGIN [^-]+-----[\s\S]*?-----END [^-]+-----/;

/** Of a TLS pair as far as it can be read without a parser of certificates: whether both halves are PEM. */
function pairWarnings({ type, data }: Secret): string[] {
  if (type !== "kubernetes.io/tls") return [];
  const missing = (
    [
      ["tls.crt", "certificate"],
      ["tls.key", "key"],
    ] as const
  ).find(([key]) => !pemBlock.test(base64ToText(data?.[key] ?? "")));
  return missing === undefined ? [] : [`tls: failed to find any PEM data in ${missing[1]} input`];
}

export const secretRules = defineRules<Secret>({
  default: (secret) => {
    secret.type ||= "Opaque";
    fillNullBytes(secret.data);
    if (secret.stringData === undefined) return;
    secret.data ??= {};
    for (const [key, value] of Object.entries(secret.stringData)) secret.data[key] = textToBase64(value);
    delete secret.stringData;
  },
  metadataOnUpdate: "both",
  warnings: pairWarnings,
  validate: (secret) => findings(secret, contents),
  validateUpdate: (secret, old) => findings(secret, keptParts(old)),
});
