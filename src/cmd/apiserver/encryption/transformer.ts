// Which key encrypts which value: the first way of the rule of its resource; what lies there may have been written by any of them.
// Upstream: apiserver's storage/value/transformer.go, server/options/encryptionconfig.
import { type KindDefinition, storagePrefix } from "../../../api/index.ts";
import type { ValueTransformer } from "../../../store/index.ts";
import type { ProviderKey } from "./ciphers.ts";
import type { EncryptedResources, Way } from "./configuration.ts";

const encrypted = "k8s:enc:";
const encoder = new TextEncoder();
const asItIs: readonly Way[] = ["identity"];

export interface EncryptionAtRest extends ValueTransformer {
  /** From now on; what lies there stays as it is until it is written again. */
  use(configuration: readonly EncryptedResources[]): void;
}

/** `kinds`: all that the server stores by itself; other keys name group and resource. */
export function encryptionAtRest(
  configuration: readonly EncryptedResources[],
  kinds: readonly KindDefinition[],
): EncryptionAtRest {
  const byPrefix = new Map(kinds.map((kind) => [storagePrefix(kind), kind] as const));
  let rules = rulesOf(configuration);
  /** Ways by the first segments of a key. */
  let known = new Map<string, readonly Way[]>();
  /** What tells the keys of what lies there; nothing for what is not encrypted. */
  const marks = new Map<string, string>();
  const waysFor = (key: string): readonly Way[] => {
    const third = key.indexOf("/", "/registry/".length) + 1;
    const fourth = key.indexOf("/", third) + 1;
    const [short, long] = [key.slice(0, third), fourth > 0 ? key.slice(0, fourth) : key];
    const prefix = byPrefix.has(short) ? short : long;
    const found = known.get(prefix) ?? rules(byPrefix.get(prefix) ?? named(prefix));
    known.set(prefix, found);
    return found;
  };
  return {
    use(next) {
      rules = rulesOf(next);
      known = new Map();
    },
    toStorage(key, value) {
      const [way] = waysFor(key);
      if (way === undefined || way === "identity") return value;
      const stored = way.cipher.encrypt(value, key);
      return stored instanceof Promise ? stored.then((later) => joined(way.header, later)) : joined(way.header, stored);
    },
    fromStorage: (key, stored) => decrypted(waysFor(key), key, stored),
    noted(key, stored) {
      const mark = stored === undefined ? undefined : markOf(waysFor(key), stored);
      if (mark === undefined) marks.delete(key);
      else marks.set(key, mark);
    },
    outdated(key) {
      const [way] = waysFor(key);
      const wanted = way === undefined || way === "identity" ? "" : way.header + (way.mark?.() ?? "");
      return (marks.get(key) ?? "") !== wanted;
    },
  };
}

function decrypted(ways: readonly Way[], key: string, stored: Uint8Array): Uint8Array | Promise<Uint8Array> {
  const plain = ways.includes("identity") && !startsWith(stored, encrypted);
  // Nothing that is not encrypted has a header.
  if (plain) return stored;
  const fitting = ways.filter((way) => way !== "identity" && startsWith(stored, way.header)) as ProviderKey[];
  if (fitting.length === 0)
    throw new Error(ways === asItIs ? "identity transformer tried to read encrypted data" : "no matching prefix found");
  return firstThatReads(fitting, { key, stored, errors: [] });
}

interface Reading {
  readonly key: string;
  readonly stored: Uint8Array;
  readonly errors: readonly string[];
}

/** Throws or rejects with the errors of all. */
function firstThatReads(
  [way, ...others]: readonly ProviderKey[],
  { key, stored, errors }: Reading,
): Uint8Array | Promise<Uint8Array> {
  if (way === undefined) throw new Error(errors.length === 1 ? errors[0] : `[${errors.join(", ")}]`);
  const next = (error: unknown): Uint8Array | Promise<Uint8Array> =>
    firstThatReads(others, { key, stored, errors: [...errors, (error as Error).message] });
  try {
    const read = way.cipher.decrypt(stored.subarray(way.header.length), key);
    return read instanceof Promise ? read.catch(next) : read;
  } catch (error) {
    return next(error);
  }
}

interface Named {
  readonly group: string;
  readonly resource: string;
}

/** `/registry/GROUP/RESOURCE/`: of custom resources. */
const named = (prefix: string): Named => {
  const [, , group = "", resource = ""] = prefix.split("/");
  return { group, resource };
};

/** The rule of a resource itself, else of its group, else of everything. */
function rulesOf(configuration: readonly EncryptedResources[]): (of: Named) => readonly Way[] {
  const byRule = new Map<string, Way[]>();
  for (const { resources, ways } of configuration)
    for (const resource of resources) {
      const rule = resource.includes(".") ? resource : `${resource}.`;
      byRule.set(rule, [...(byRule.get(rule) ?? []), ...ways]);
    }
  // Events are kept as those of the core group.
  return ({ group, resource }) => {
    const kept = group === "events.k8s.io" ? "" : group;
    return byRule.get(`${resource}.${kept}`) ?? byRule.get(`*.${kept}`) ?? byRule.get("*.*") ?? asItIs;
  };
}

function joined(header: string, value: Uint8Array): Uint8Array {
  const all = new Uint8Array(header.length + value.length);
  encoder.encodeInto(header, all);
  all.set(value, header.length);
  return all;
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  if (bytes.length < text.length) return false;
  for (let index = 0; index < text.length; index++) if (bytes[index] !== text.charCodeAt(index)) return false;
  return true;
}

/** Which key has encrypted it; undefined for what is not encrypted. */
function markOf(ways: readonly Way[], stored: Uint8Array): string | undefined {
  if (!startsWith(stored, encrypted)) return undefined;
  const way = ways.find((each) => each !== "identity" && startsWith(stored, each.header)) as ProviderKey | undefined;
  if (way === undefined) return "another";
  return way.header + (way.markOf?.(stored.subarray(way.header.length)) ?? "");
}
