// KMS v1, behind the gate KMSv1: a key of its own for each value, encrypted by the plugin and written before it.
// Upstream: apiserver's envelope/envelope.go.
import { randomBytes } from "node:crypto";
import { type Clock, errorText } from "../../../../base/index.ts";
import { type Cipher, ciphers, type ProviderKey } from "../ciphers.ts";
import { oneAtATime, remembered, told } from "./envelope.ts";
import type { EncryptionMetrics } from "./metrics.ts";
import type { KmsV1Service } from "./protocol.ts";

export interface KmsV1Options {
  readonly name: string;
  readonly service: KmsV1Service;
  readonly clock: Clock;
  readonly metrics: EncryptionMetrics;
  /** Keys that are remembered; none when negative. */
  readonly cacheSize: number;
}

const keyBytes = 32;

export function kmsV1Provider(options: KmsV1Options): { readonly way: ProviderKey; check(): Promise<void> } {
  const { name, service, clock } = options;
  const known = keyCache(options);
  const arrived = arrivals(options);
  const cipher: Cipher = {
    async encrypt(value, context) {
      arrived("to_storage");
      const key = randomBytes(keyBytes);
      const sealed = await service.encrypt(key);
      const data = known.add(sealed, key).encrypt(value, context) as Uint8Array;
      return Buffer.concat([Uint8Array.of(sealed.length >> 8, sealed.length & 255), sealed, data]);
    },
    decrypt(stored, context) {
      arrived("from_storage");
      const length = (stored[0] ?? 0) * 256 + (stored[1] ?? 0);
      if (stored.length < 2 || stored.length < 2 + length)
        throw new Error("invalid data encountered by envelope transformer: failed to read uint16 length prefixed data");
      const [sealed, data] = [stored.subarray(2, 2 + length), stored.subarray(2 + length)];
      const found = known.get(sealed);
      if (found !== undefined) return found.decrypt(data, context);
      return service.decrypt(sealed).then((key) => known.add(sealed, key).decrypt(data, context));
    },
  };
  const ping = async (): Promise<void> => {
    const failed = (what: string) => (error: unknown) => {
      throw told(
        error,
        `failed to perform ${what} section of the healthz check for KMS Provider ${name}, error: ${errorText(error)}`,
      );
    };
    const sealed = await service.encrypt(new TextEncoder().encode("ping")).catch(failed("encrypt"));
    await service.decrypt(sealed!).catch(failed("decrypt"));
  };
  return {
    way: { header: `k8s:enc:kms:v1:${name}:`, cipher },
    check: oneAtATime(remembered(clock, ping)),
  };
}

interface KeyCache {
  get(sealed: Uint8Array): Cipher | undefined;
  add(sealed: Uint8Array, key: Uint8Array): Cipher;
}

function keyCache({ cacheSize, metrics }: KmsV1Options): KeyCache {
  const known = new Map<string, Cipher>();
  const nameOf = (sealed: Uint8Array): string => Buffer.from(sealed).toString("latin1");
  return {
    get(sealed) {
      const name = nameOf(sealed);
      const found = known.get(name);
      if (found !== undefined) {
        known.delete(name);
        known.set(name, found);
      } else if (cacheSize > 0) metrics.cacheMisses.inc();
      return found;
    },
    add(sealed, key) {
      if (![16, 24, 32].includes(key.length)) throw new Error(`crypto/aes: invalid key size ${key.length}`);
      const cipher = gcmOrCbc(key);
      if (cacheSize <= 0) return cipher;
      known.set(nameOf(sealed), cipher);
      for (const oldest of known.keys()) {
        if (known.size <= cacheSize) break;
        known.delete(oldest);
      }
      metrics.cacheFill.set(known.size / cacheSize);
      return cipher;
    },
  };
}

/** Releases before 1.25 wrote AES-CBC. */
function gcmOrCbc(key: Uint8Array): Cipher {
  const [gcm, cbc] = [ciphers.aesgcm(key), ciphers.aescbc(key)];
  return {
    encrypt: (value, context) => gcm.encrypt(value, context),
    decrypt(stored, context) {
      try {
        return gcm.decrypt(stored, context);
      } catch (first) {
        try {
          return cbc.decrypt(stored, context);
        } catch (second) {
          throw new Error(`[${errorText(first)}, ${errorText(second)}]`, { cause: second });
        }
      }
    },
  };
}

function arrivals({ clock, metrics }: KmsV1Options): (type: "from_storage" | "to_storage") => void {
  const last = new Map<string, number>();
  return (type) => {
    const now = clock.monotonic();
    metrics.arrivals.observe((now - (last.get(type) ?? now)) / 1000, { transformation_type: type });
    last.set(type, now);
  };
}
