// How values are encrypted at rest, byte for byte as upstream keeps them. Upstream: apiserver's storage/value/encrypt.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { openSecretbox, sealSecretbox, secretboxNonceBytes, secretboxTagBytes } from "./secretbox.ts";

/** A promise only where another process has to be asked. */
export interface Cipher {
  /** `context`: the key under which the value lies; some ciphers bind the value to it. */
  encrypt(value: Uint8Array, context: string): Uint8Array | Promise<Uint8Array>;
  /** Throws Error for what this key has not encrypted. */
  decrypt(stored: Uint8Array, context: string): Uint8Array | Promise<Uint8Array>;
}

export interface ProviderKey {
  /** What stands before each value: `k8s:enc:aescbc:v1:NAME:`. */
  readonly header: string;
  readonly cipher: Cipher;
  /** Where the key changes by itself: what tells a value's key from others, of what lies behind the header and of what would be written now. */
  markOf?(stored: Uint8Array): string;
  mark?(): string;
}

export type CipherName = "aescbc" | "aesgcm" | "secretbox";

const gcmNonceBytes = 12;
const gcmTagBytes = 16;
const blockBytes = 16;
export const tooShort = "the stored data was shorter than the required size";

const aesGcm = (key: Uint8Array): Cipher => {
  const algorithm = `aes-${(key.length * 8) as 128 | 192 | 256}-gcm` as const;
  return {
    encrypt(value, context) {
      const nonce = randomBytes(gcmNonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
    },
    decrypt(stored, context) {
      if (stored.length < gcmNonceBytes) throw new Error(tooShort);
      if (stored.length < gcmNonceBytes + gcmTagBytes) throw new Error("cipher: message authentication failed");
      const decipher = createDecipheriv(algorithm, key, stored.subarray(0, gcmNonceBytes));
      decipher.setAAD(Buffer.from(context)).setAuthTag(stored.subarray(-gcmTagBytes));
      try {
        return Buffer.concat([decipher.update(stored.subarray(gcmNonceBytes, -gcmTagBytes)), decipher.final()]);
      } catch (cause) {
        throw new Error("cipher: message authentication failed", { cause });
      }
    },
  };
};

const aesCbc = (key: Uint8Array): Cipher => {
  const algorithm = `aes-${key.length * 8}-cbc`;
  return {
    encrypt(value) {
      const vector = randomBytes(blockBytes);
      const cipher = createCipheriv(algorithm, key, vector);
      return Buffer.concat([vector, cipher.update(value), cipher.final()]);
    },
    decrypt(stored) {
      if (stored.length < blockBytes) throw new Error(tooShort);
      if (stored.length % blockBytes !== 0) throw new Error("the stored data is not a multiple of the block size");
      const decipher = createDecipheriv(algorithm, key, stored.subarray(0, blockBytes));
      try {
        return Buffer.concat([decipher.update(stored.subarray(blockBytes)), decipher.final()]);
      } catch (cause) {
        throw new Error("invalid padding on input", { cause });
      }
    },
  };
};

const secretbox = (key: Uint8Array): Cipher => ({
  encrypt(value) {
    const nonce = randomBytes(secretboxNonceBytes);
    return Buffer.concat([nonce, sealSecretbox(key, nonce, value)]);
  },
  decrypt(stored) {
    if (stored.length < secretboxNonceBytes + secretboxTagBytes) throw new Error(tooShort);
    const value = openSecretbox(key, stored.subarray(0, secretboxNonceBytes), stored.subarray(secretboxNonceBytes));
    if (value === undefined) throw new Error("output array was not large enough for encryption");
    return value;
  },
});

export const ciphers: Readonly<Record<CipherName, (key: Uint8Array) => Cipher>> = {
  aescbc: aesCbc,
  aesgcm: aesGcm,
  secretbox,
};

/** Lengths of keys in bytes. */
export const keyBytes: Readonly<Record<CipherName, readonly number[]>> = {
  aescbc: [16, 24, 32],
  aesgcm: [16, 24, 32],
  secretbox: [32],
};
