// The file of --encryption-provider-config: which resources are encrypted at rest, and how. EncryptionConfiguration of
// apiserver.config.k8s.io/v1. Upstream: apiserver's apis/apiserver/validation/validation_encryption.go, encryptionconfig/config.go.
import { formatGoDuration, fromYaml, parseGoDuration } from "../../../machinery/index.ts";
import { type CipherName, ciphers, keyBytes, type ProviderKey } from "./ciphers.ts";
import { type KmsSettings, kmsProblems, kmsSettings } from "./kms/settings.ts";
import { resourceProblems } from "./resource-names.ts";

/** `identity`: as it is. */
export type Way = ProviderKey | "identity";

/** The first way is the one to write; all can be read. */
export interface EncryptedResources<Given = Way> {
  /** `secrets`, `*.`, `deployments.apps`, `*.apps`, `*.*`. */
  readonly resources: readonly string[];
  readonly ways: readonly Given[];
}

/** As a file says it: plugins are not asked yet. */
export type ConfiguredResources = EncryptedResources<Way | KmsSettings>;

/** In the order in which upstream looks at them. */
const providerNames = ["kms", "aesgcm", "aescbc", "secretbox", "identity"] as const;

type Part = Readonly<Record<string, unknown>>;
const isPart = (value: unknown): value is Part => typeof value === "object" && value !== null && !Array.isArray(value);
const partOf = (value: unknown): Part => (isPart(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export interface ConfigurationSource {
  readonly text: string;
  readonly path: string;
  /** The file is read again when it changes. */
  readonly reload?: boolean;
}

/** Throws Error with everything that is wrong, in upstream's words. */
export function readEncryptionConfiguration(source: ConfigurationSource): readonly ConfiguredResources[] {
  const { text, path } = source;
  if (text === "")
    throw new Error(
      `error while parsing file: error while loading file: encryption provider configuration file ${JSON.stringify(path)} is empty`,
    );
  const document = documentOf(text, path);
  const parts = listOf(document["resources"]).map(partOf);
  const problems = parts.length === 0 ? ["resources: Required value: at least one resources is required"] : [];
  const reading: Reading = { problems, names: new Set(), reload: source.reload === true };
  const found = parts.map((part, index): ConfiguredResources => {
    const at = `resources[${index}]`;
    const resources = listOf(part["resources"]).map(String);
    const providers = listOf(part["providers"]).map(partOf);
    if (resources.length === 0)
      problems.push(`${at}.resources: Required value: at least one ${at}.resources is required`);
    problems.push(...resourceProblems(resources, `${at}.resources`));
    if (providers.length === 0)
      problems.push(`${at}.providers: Required value: at least one ${at}.providers is required`);
    const ways = providers.flatMap((each, place) => waysOf(each, `${at}.providers[${place}]`, reading));
    return { resources, ways };
  });
  if (problems.length > 0)
    throw new Error(
      `error while parsing file: ${problems.length === 1 ? problems[0] : `[${[...new Set(problems)].join(", ")}]`}`,
    );
  return found;
}

function documentOf(text: string, path: string): Part {
  const wrong = (why: string) =>
    new Error(
      `error while parsing file: error decoding encryption provider configuration file ${JSON.stringify(path)}: ${why}`,
    );
  let document: unknown;
  try {
    document = fromYaml(text)[0];
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (!isPart(document)) throw wrong("it is no EncryptionConfiguration");
  const { kind, apiVersion } = document;
  if (kind === undefined) throw wrong(`Object 'Kind' is missing in '${text}'`);
  if (kind !== "EncryptionConfiguration" || apiVersion !== "apiserver.config.k8s.io/v1")
    throw wrong(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion ?? "")} in scheme "pkg/runtime/scheme.go:111"`,
    );
  if (wrongType(document) !== undefined) throw wrong(wrongType(document)!);
  const unknown = [...unknownFields(document, shape, "")].map((field) => `unknown field ${JSON.stringify(field)}`);
  if (unknown.length > 0) throw wrong(`strict decoding error: ${unknown.join(", ")}`);
  return document;
}

/** Fields of an object; of the items of a list. */
interface Shape {
  readonly [field: string]: Shape | "value";
}
const keyShape: Shape = { keys: { name: "value", secret: "value" } };
const shape: Shape = {
  kind: "value",
  apiVersion: "value",
  resources: {
    resources: "value",
    providers: {
      aescbc: keyShape,
      aesgcm: keyShape,
      secretbox: keyShape,
      identity: {},
      kms: { apiVersion: "value", name: "value", cachesize: "value", endpoint: "value", timeout: "value" },
    },
  },
};

function* unknownFields(value: unknown, known: Shape, at: string): Generator<string> {
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) yield* unknownFields(each, known, `${at}[${index}]`);
    return;
  }
  for (const [name, each] of Object.entries(partOf(value))) {
    const path = at === "" ? name : `${at}.${name}`;
    const below = known[name];
    if (below === undefined) yield path;
    else if (below !== "value") yield* unknownFields(each, below, path);
  }
}

/** In Go's words, of the fields of KMS providers that are no texts. */
function wrongType(document: Part): string | undefined {
  for (const part of listOf(document["resources"]))
    for (const provider of listOf(partOf(part)["providers"])) {
      const { cachesize, timeout } = partOf(partOf(provider)["kms"]);
      if (typeof cachesize === "string")
        return "json: cannot unmarshal string into Go struct field KMSConfiguration.resources.providers.kms.cachesize of type int32";
      if (timeout === undefined || timeout === null) continue;
      try {
        parseGoDuration(String(timeout));
      } catch (error) {
        return (error as Error).message;
      }
    }
  return undefined;
}

interface Reading {
  readonly problems: string[];
  /** Of KMS providers so far. */
  readonly names: Set<string>;
  readonly reload: boolean;
}

function waysOf(provider: Part, at: string, reading: Reading): (Way | KmsSettings)[] {
  const { problems } = reading;
  const given = providerNames.filter((name) => provider[name] !== null && provider[name] !== undefined);
  if (given.length !== 1)
    problems.push(
      `${at}: Invalid value: ${shownProvider(provider)}: ${
        given.length === 0
          ? "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity"
          : "more than one provider specified in a single element, should split into different list elements"
      }`,
    );
  // Upstream goes on with the first of these.
  const name = given[0];
  if (name === undefined) return [];
  if (name === "identity") return ["identity"];
  const part = partOf(provider[name]);
  return name === "kms"
    ? kmsOf(part, `${at}.kms`, reading)
    : keysOf(name, part, { at: `${at}.${name}.keys`, problems });
}

function kmsOf(part: Part, at: string, { problems, names, reload }: Reading): KmsSettings[] {
  const settings = kmsSettings(part);
  problems.push(...kmsProblems(settings, { at, names, reload, timeout: formatGoDuration(settings.kms.timeoutMs) }));
  names.add(settings.kms.name);
  return [settings];
}

/** Upstream shows its own form of it; keys are not told here. */
function shownProvider(provider: Part): string {
  const keys = (name: CipherName): unknown =>
    isPart(provider[name])
      ? { Keys: listOf(provider[name]["keys"]).map((key) => ({ Name: partOf(key)["name"] ?? "", Secret: "REDACTED" })) }
      : null;
  const kms = (part: Part): unknown => {
    const { apiVersion, name, cacheSize, endpoint, timeoutMs } = kmsSettings(part).kms;
    return {
      APIVersion: apiVersion,
      Name: name,
      CacheSize: cacheSize ?? null,
      Endpoint: endpoint,
      Timeout: formatGoDuration(timeoutMs),
    };
  };
  return JSON.stringify({
    AESGCM: keys("aesgcm"),
    AESCBC: keys("aescbc"),
    Secretbox: keys("secretbox"),
    Identity: isPart(provider["identity"]) ? {} : null,
    KMS: isPart(provider["kms"]) ? kms(provider["kms"]) : null,
  });
}

function keysOf(
  name: CipherName,
  provider: Part,
  { at, problems }: { readonly at: string; readonly problems: string[] },
): ProviderKey[] {
  const keys = listOf(provider["keys"]).map(partOf);
  if (keys.length === 0) problems.push(`${at}: Required value: at least one keys is required`);
  return keys.flatMap((each, index): ProviderKey[] => {
    const place = `${at}[${index}]`;
    const [keyName, secret] = [String(each["name"] ?? ""), String(each["secret"] ?? "")];
    if (keyName === "") problems.push(`${place}.name: Required value: name is a mandatory field for a key`);
    if (secret === "") {
      problems.push(`${place}.secret: Required value: secret is a mandatory field for a key`);
      return [];
    }
    const wrong = (why: string): ProviderKey[] => {
      problems.push(`${place}.secret: Invalid value: "REDACTED": ${why}`);
      return [];
    };
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(secret.trim()))
      return wrong("secrets must be base64 encoded");
    const key = Buffer.from(secret, "base64");
    if (!keyBytes[name].includes(key.length))
      return wrong(
        `secret is not of the expected length, got ${key.length}, expected one of [${keyBytes[name].join(" ")}]`,
      );
    return [{ header: `k8s:enc:${name}:v1:${keyName}:`, cipher: ciphers[name](key) }];
  });
}
