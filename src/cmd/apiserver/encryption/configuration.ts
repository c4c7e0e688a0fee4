// The file of --encryption-provider-config: which resources are encrypted at rest, and how. EncryptionConfiguration of
// apiserver.config.k8s.io/v1. Upstream: apiserver's apis/apiserver/validation/validation_encryption.go, encryptionconfig/config.go.
import { fromYaml } from "../../../machinery/index.ts";
import { type Cipher, type CipherName, ciphers, keyBytes } from "./ciphers.ts";

export interface ProviderKey {
  /** What stands before each value: `k8s:enc:aescbc:v1:NAME:`. */
  readonly header: string;
  readonly cipher: Cipher;
}

/** The first way is the one to write; all can be read. `identity`: as it is. */
export interface EncryptedResources {
  /** `secrets`, `*.`, `deployments.apps`, `*.apps`, `*.*`. */
  readonly resources: readonly string[];
  readonly ways: readonly (ProviderKey | "identity")[];
}

const names: readonly CipherName[] = ["aescbc", "aesgcm", "secretbox"];

type Part = Readonly<Record<string, unknown>>;
const isPart = (value: unknown): value is Part => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Throws Error with everything that is wrong, in upstream's words. */
export function readEncryptionConfiguration(text: string, path: string): readonly EncryptedResources[] {
  if (text === "")
    throw new Error(
      `error while parsing file: error while loading file: encryption provider configuration file ${JSON.stringify(path)} is empty`,
    );
  const document = documentOf(text, path);
  const parts = listOf(document["resources"]).map((each) => (isPart(each) ? each : {}));
  const problems = parts.length === 0 ? ["resources: Required value: at least one resources is required"] : [];
  const found = parts.map((part, index): EncryptedResources => {
    const at = `resources[${index}]`;
    const resources = listOf(part["resources"]).map(String);
    const providers = listOf(part["providers"]).map((each) => (isPart(each) ? each : {}));
    if (resources.length === 0)
      problems.push(`${at}.resources: Required value: at least one ${at}.resources is required`);
    problems.push(...resourceProblems(resources, `${at}.resources`));
    if (providers.length === 0)
      problems.push(`${at}.providers: Required value: at least one ${at}.providers is required`);
    const ways = providers.flatMap((each, place) => waysOf(each, `${at}.providers[${place}]`, problems));
    return { resources, ways };
  });
  if (problems.length > 0)
    throw new Error(
      `error while parsing file: ${problems.length === 1 ? problems[0] : `[${[...new Set(problems)].join(", ")}]`}`,
    );
  refuseMasked(found);
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
  if (kind === undefined) throw wrong("Object 'Kind' is missing");
  if (kind !== "EncryptionConfiguration" || apiVersion !== "apiserver.config.k8s.io/v1")
    throw wrong(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}; EncryptionConfiguration of apiserver.config.k8s.io/v1 is wanted`,
    );
  const unknown = Object.keys(document).find((field) => !["kind", "apiVersion", "resources"].includes(field));
  if (unknown !== undefined) throw wrong(`strict decoding error: unknown field ${JSON.stringify(unknown)}`);
  return document;
}

const splitResource = (text: string): [resource: string, group: string] => {
  const dot = text.indexOf(".");
  return dot < 0 ? [text, ""] : [text.slice(0, dot), text.slice(dot + 1)];
};

function resourceProblems(resources: readonly string[], at: string): string[] {
  const shown = `[${resources.map((each) => JSON.stringify(each)).join(",")}]`;
  const problems: string[] = [];
  const pairs = resources.map(splitResource);
  const others = (index: number) => pairs.filter((_, place) => place !== index);
  if (pairs.some(([r, g], index) => others(index).some(([r2, g2]) => r === r2 && g === g2)))
    problems.push(`${at}: Invalid value: ${shown}: the same resource cannot be specified multiple times`);
  const overlaps = ([r, g]: [string, string], [r2, g2]: [string, string]): boolean =>
    !(r === r2 && g === g2) && ((r === "*" && g === "*") || (g === g2 && (r === "*" || r2 === "*")));
  if (pairs.some((pair, index) => others(index).some((other) => overlaps(pair, other))))
    problems.push(
      `${at}: Invalid value: ${shown}: using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked`,
    );
  resources.forEach((resource, index) => {
    const why = nameProblem(resource);
    if (why !== undefined) problems.push(`${at}[${index}]: Invalid value: ${JSON.stringify(resource)}: ${why}`);
  });
  return problems;
}

function nameProblem(text: string): string | undefined {
  const [resource, group] = splitResource(text);
  if (text.toLowerCase() !== text) return "resource name should not contain capital letters";
  if (text === "*") return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
  if (["apiserveripinfo", "serviceipallocations", "servicenodeportallocations"].includes(text))
    return "resources which do not have REST API/s cannot be encrypted";
  if (group === "events.k8s.io")
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
  if (group === "extensions") return "'extensions' group has been removed and cannot be used for encryption";
  if (group === "*" && resource !== "*") return "encrypting the same resource across groups is not supported";
  return undefined;
}

function waysOf(provider: Part, at: string, problems: string[]): (ProviderKey | "identity")[] {
  const given = Object.keys(provider).filter((name) => provider[name] !== null && provider[name] !== undefined);
  const known = given.filter((name) => [...names, "identity", "kms"].includes(name));
  if (known.length === 0)
    problems.push(
      `${at}: Invalid value: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity`,
    );
  if (known.length > 1)
    problems.push(
      `${at}: Invalid value: more than one provider specified in a single element, should split into different list elements`,
    );
  if (known.length !== 1) return [];
  const name = known[0]!;
  if (name === "identity") return ["identity"];
  if (name === "kms") {
    problems.push(`${at}.kms: not implemented: use aesgcm, aescbc or secretbox, with keys in this file`);
    return [];
  }
  const part = provider[name];
  return keysOf(name as CipherName, isPart(part) ? part : {}, { at: `${at}.${name}.keys`, problems });
}

function keysOf(
  name: CipherName,
  provider: Part,
  { at, problems }: { readonly at: string; readonly problems: string[] },
): ProviderKey[] {
  const keys = listOf(provider["keys"]).map((each) => (isPart(each) ? each : {}));
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

function refuseMasked(all: readonly EncryptedResources[]): void {
  const seen = new Set<string>();
  for (const { resources } of all)
    for (const resource of resources) {
      const [, group] = splitResource(resource);
      const earlier = [`*.${group}`, "*.*"].find((rule) => seen.has(rule));
      if (earlier !== undefined)
        throw new Error(
          `error while building transformers: resource ${JSON.stringify(resource)} is masked by earlier rule ${JSON.stringify(earlier)}`,
        );
      seen.add(resource.includes(".") || resource === "" ? resource : resource);
      if (resource === "*.") seen.add("*.");
    }
}
