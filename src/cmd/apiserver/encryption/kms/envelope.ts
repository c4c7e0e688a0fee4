// KMS v2: values are encrypted with keys derived from a seed that the plugin has encrypted; the seed is kept as long as the plugin's key
// stays. Upstream: apiserver's envelope/kmsv2, encrypt/aes/aes_extended_nonce.go, server/options/encryptionconfig/config.go.
import { createHmac, randomBytes } from "node:crypto";
import { type Clock, errorText, type Rng, uuid } from "../../../../base/index.ts";
import { type Cipher, ciphers, type ProviderKey, tooShort } from "../ciphers.ts";
import {
  decodeEncryptedObject,
  type EncryptedObject,
  encodeEncryptedObject,
  keyIdProblem,
  seedSource,
  validateEncryptedObject,
} from "./encrypted-object.ts";
import { type EncryptionMetrics, hashOf } from "./metrics.ts";
import type { Annotations, KmsV2Service } from "./protocol.ts";

/** How long a seed is written with after the plugin was last seen well. */
const writeLifeMs = 180_000;
/** How long a seed is remembered that nothing asks for. */
const cacheLifeMs = 24 * 3_600_000;
const failedAnswerMs = 3_000;
const goodAnswerMs = 20_000;
const seedBytes = 32;
const infoBytes = 32;

export interface KmsV2Options {
  readonly name: string;
  readonly service: KmsV2Service;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly metrics: EncryptionMetrics;
}

interface State {
  readonly cipher: Cipher;
  readonly keyId: string;
  readonly source: Uint8Array;
  readonly annotations: Annotations;
  readonly cacheKey: string;
  readonly expiresAt: number;
}

export interface KmsV2Provider {
  readonly way: ProviderKey;
  /** Asks the plugin, unless it was asked just now, and takes a new seed when its key is another. Throws Error with what is wrong. */
  check(): Promise<void>;
}

export function kmsV2Provider(options: KmsV2Options): KmsV2Provider {
  const { name, clock, metrics } = options;
  const held: Held = { state: undefined, version: "" };
  const seeds = seedCache(options);
  const header = `k8s:enc:kms:v2:${name}:`;
  const current = (): State => {
    if (held.state === undefined) throw new Error("got unexpected nil transformer");
    return held.state;
  };
  const cipher: Cipher = {
    encrypt(value, context) {
      const { cipher, cacheKey, expiresAt, ...object } = current();
      if (clock.now() > expiresAt)
        throw new Error(
          `encryptedDEKSource with keyID hash ${JSON.stringify(hashOf(object.keyId))} expired at ${rfc3339(expiresAt)} (current time is ${rfc3339(clock.now())})`,
        );
      seeds.set(cacheKey, cipher);
      const data = cipher.encrypt(value, context) as Uint8Array;
      metrics.keyIdUsed("to_storage", options, { keyId: object.keyId, nowMs: clock.now() });
      return encodeEncryptedObject({ ...object, data, sourceType: seedSource });
    },
    decrypt(stored, context) {
      const object = decodeEncryptedObject(stored);
      validateEncryptedObject(object);
      current();
      const read = (cipher: Cipher): Uint8Array => {
        metrics.keyIdUsed("from_storage", options, { keyId: object.keyId, nowMs: clock.now() });
        return cipher.decrypt(object.data, context) as Uint8Array;
      };
      const found = seeds.get(object);
      return found instanceof Promise ? found.then(read) : read(found);
    },
  };
  return {
    way: {
      header,
      cipher,
      markOf: (stored) => markOf(decodeEncryptedObject(stored)),
      mark: () => markOf({ keyId: held.state?.keyId ?? "", sourceType: seedSource }),
    },
    check: oneAtATime(remembered(clock, () => look(options, held))),
  };
}

/** A value is outdated when the key or the kind of source is another. */
const markOf = ({ keyId, sourceType }: Pick<EncryptedObject, "keyId" | "sourceType">): string =>
  `${sourceType}:${keyId}`;

const rfc3339 = (ms: number): string =>
  ms === 0 ? "0001-01-01T00:00:00Z" : new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

interface Held {
  state: State | undefined;
  /** As the plugin said first. */
  version: string;
}

/** Rejects with what is wrong with the plugin. */
async function look({ name, service, ...options }: KmsV2Options, held: Held): Promise<void> {
  const { metrics, clock } = options;
  const answer = await service.status().catch((error: unknown) => {
    throw new Told(
      errorText(error),
      `failed to perform status section of the healthz check for KMS Provider ${name}, error: ${errorText(error)}`,
    );
  });
  const problems: string[] = [];
  if (answer.healthz !== "ok") problems.push(`got unexpected healthz status: ${answer.healthz}`);
  if (answer.version !== "v2" && answer.version !== "v2beta1")
    problems.push(`expected KMSv2 API version v2, got ${answer.version}`);
  else {
    held.version ||= answer.version;
    if (held.version !== answer.version)
      problems.push(
        `KMSv2 API version should not change after the initial status response version ${held.version}, got ${answer.version}`,
      );
  }
  const wrong = keyIdProblem(answer.keyId);
  if (wrong !== undefined) {
    metrics.invalidKeyIds.inc({ provider_name: name, error: wrong.code });
    problems.push(`got invalid KMSv2 KeyID hash ${JSON.stringify(hashOf(answer.keyId))}: ${wrong.text}`);
  } else {
    metrics.keyIdTold(name, { keyId: answer.keyId, nowMs: clock.now() });
    const why = await follow({ name, service, ...options }, held, answer.keyId);
    if (why !== undefined) problems.push(why);
  }
  if (problems.length > 0)
    throw new Error(
      `kmsv2 Provider ${name} is not healthy, error: ${problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`}`,
    );
}

/** Keeps the seed while the plugin's key stays, else takes a new one; what failed leaves the old one until it ends. */
async function follow(options: KmsV2Options, held: Held, keyId: string): Promise<string | undefined> {
  const { clock, rng, service } = options;
  const before = held.state;
  const expiresAt = clock.now() + writeLifeMs;
  if (before !== undefined && before.keyId === keyId) {
    held.state = { ...before, expiresAt };
    return undefined;
  }
  const uid = uuid(rng);
  let made: State | undefined;
  let problem = "<nil>";
  try {
    made = await newState(service, { uid, seed: rng.bytes(seedBytes), expiresAt });
  } catch (error) {
    problem = errorText(error);
  }
  if (made !== undefined && made.keyId === keyId) {
    held.state = made;
    return undefined;
  }
  const hashes = `statusKeyIDHash=${JSON.stringify(hashOf(keyId))}, encryptKeyIDHash=${JSON.stringify(hashOf(made?.keyId ?? ""))}, stateKeyIDHash=${JSON.stringify(hashOf(before?.keyId ?? ""))}`;
  const errState = before === undefined ? "got unexpected nil transformer" : "<nil>";
  return `failed to rotate DEK uid=${JSON.stringify(uid)}, useSeed=true, errState=${errState}, errGen=${problem}, ${hashes}, expirationTimestamp=${rfc3339(before?.expiresAt ?? 0)}`;
}

async function newState(
  service: KmsV2Service,
  { uid, seed, expiresAt }: { readonly uid: string; readonly seed: Uint8Array; readonly expiresAt: number },
): Promise<State> {
  const { ciphertext, keyId, annotations } = await service.encrypt(uid, seed).catch((error: unknown) => {
    throw new Error(`failed to encrypt DEK, error: ${errorText(error)}`, { cause: error });
  });
  const object = { data: Uint8Array.of(0), keyId, source: ciphertext, annotations, sourceType: seedSource };
  validateEncryptedObject(object);
  const cipher = seededGcm(seed);
  return { cipher, keyId, source: ciphertext, annotations, cacheKey: cacheKeyOf(object), expiresAt };
}

/** A key of its own for each value, derived from the seed and 32 random bytes that stand before the value. */
export function seededGcm(seed: Uint8Array): Cipher {
  if (seed.length < seedBytes) throw new Error(`invalid seed length ${seed.length} used for key generation`);
  const derived = (info: Uint8Array): Cipher =>
    ciphers.aesgcm(createHmac("sha256", seed).update(info).update(Uint8Array.of(1)).digest());
  return {
    encrypt(value, context) {
      const info = randomBytes(infoBytes);
      return Buffer.concat([info, derived(info).encrypt(value, context) as Uint8Array]);
    },
    decrypt(stored, context) {
      if (stored.length < infoBytes) throw new Error(tooShort);
      return derived(stored.subarray(0, infoBytes)).decrypt(stored.subarray(infoBytes), context);
    },
  };
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function cacheKeyOf({ sourceType, source, keyId, annotations }: EncryptedObject): string {
  const names = Object.keys(annotations).sort();
  return JSON.stringify([sourceType, textOf(source), keyId, names.map((name) => [name, textOf(annotations[name]!)])]);
}

interface SeedCache {
  /** From memory, else from the plugin, which is asked once for each. */
  get(object: EncryptedObject): Cipher | Promise<Cipher>;
  set(cacheKey: string, cipher: Cipher): void;
}

function seedCache({ name, service, clock, rng, metrics }: KmsV2Options): SeedCache {
  const known = new Map<string, { readonly cipher: Cipher; readonly until: number }>();
  const asked = new Map<string, Promise<Cipher>>();
  const set = (cacheKey: string, cipher: Cipher): void => {
    const now = clock.monotonic();
    // The oldest are in front.
    known.delete(cacheKey);
    known.set(cacheKey, { cipher, until: now + cacheLifeMs });
    for (const [key, { until }] of known) {
      if (until > now) break;
      known.delete(key);
    }
    metrics.cacheSize.set(known.size, { provider_name: name });
  };
  const ask = async (object: EncryptedObject, cacheKey: string): Promise<Cipher> => {
    metrics.cacheMisses.inc();
    const { source: ciphertext, keyId, annotations } = object;
    const key = await service.decrypt(uuid(rng), { ciphertext, keyId, annotations }).catch((error: unknown) => {
      throw new Error(`failed to decrypt DEK, error: ${errorText(error)}`, { cause: error });
    });
    const cipher = object.sourceType === seedSource ? seededGcm(key) : keyed(key);
    set(cacheKey, cipher);
    return cipher;
  };
  return {
    set,
    get(object) {
      const cacheKey = cacheKeyOf(object);
      const found = known.get(cacheKey)?.cipher ?? asked.get(cacheKey);
      if (found !== undefined) return found;
      const pending = ask(object, cacheKey).finally(() => asked.delete(cacheKey));
      asked.set(cacheKey, pending);
      return pending;
    },
  };
}

function keyed(key: Uint8Array): Cipher {
  if (![16, 24, 32].includes(key.length)) throw new Error(`crypto/aes: invalid key size ${key.length}`);
  return ciphers.aesgcm(key);
}

/** What is said the first time and what is remembered of it. */
class Told extends Error {
  readonly first: string;

  constructor(message: string, first: string) {
    super(message);
    this.first = first;
  }
}

/** The answer of a while ago, when there is one: three seconds after a failure, twenty after a success. As upstream, what is remembered of a failed call is its bare error. */
export function remembered(clock: Clock, ask: () => Promise<void>): () => Promise<void> {
  let [untilMs, last]: [number, Error | undefined] = [Number.NEGATIVE_INFINITY, undefined];
  return async () => {
    if (clock.monotonic() < untilMs) {
      if (last !== undefined) throw last;
      return;
    }
    try {
      await ask();
      [untilMs, last] = [clock.monotonic() + goodAnswerMs, undefined];
    } catch (error) {
      [untilMs, last] = [clock.monotonic() + failedAnswerMs, error as Error];
      throw error instanceof Told ? new Error(error.first, { cause: error }) : error;
    }
  };
}

/** Upstream's words for the first telling of a failure. */
export const told = (error: unknown, first: string): Error => new Told(errorText(error), first);

export function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let before: Promise<void> = Promise.resolve();
  return () => {
    const mine = before.then(work);
    before = mine.catch(() => {});
    return mine;
  };
}
