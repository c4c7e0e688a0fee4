// Randomness comes from here and from nowhere else; a seed replays a run.

export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
  uint32(): number;
  /** Uniform integer in [0, below). */
  below(below: number): number;
  bytes(length: number): Uint8Array;
}

function fromUint32(uint32: () => number): Rng {
  return {
    uint32,
    next: () => uint32() / 2 ** 32,
    below: (limit) => Math.floor((uint32() / 2 ** 32) * limit),
    bytes(length) {
      const out = new Uint8Array(length);
      for (let index = 0; index < length; index++) out[index] = uint32() & 0xff;
      return out;
    },
  };
}

/** Asking the system for a few bytes costs as much as for many. */
const pool = new Uint8Array(4096);
const words = new DataView(pool.buffer);
let used = pool.length;

/** Where the next `length` unused bytes of the pool are. */
function take(length: number): number {
  if (used + length > pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  used += length;
  return used - length;
}

/** Cryptographically strong. */
export const systemRng: Rng = {
  ...fromUint32(() => words.getUint32(take(4))),
  bytes(length) {
    if (length > 256) return crypto.getRandomValues(new Uint8Array(length));
    const at = take(length);
    const bytes = pool.slice(at, at + length);
    // What was given out, keys perhaps, does not stay behind.
    pool.fill(0, at, at + length);
    return bytes;
  },
};

/** Deterministic (splitmix32): equal seeds give equal streams. Not for secrets. */
export function seededRng(seed: number): Rng {
  let state = seed >>> 0;
  return fromUint32(() => {
    state = (state + 0x9e3779b9) >>> 0;
    let word = state;
    word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  });
}

const hexDigits = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
const dash = 0x2d;
/** The characters of the identifier that is being written, and where the hexadecimal digits of its bytes go. */
const characters: number[] = new Array(36).fill(dash);
const places: readonly number[] = Array.from({ length: 16 }, (_, byte) =>
  byte < 4 ? 2 * byte : byte < 6 ? 2 * byte + 1 : byte < 8 ? 2 * byte + 2 : byte < 10 ? 2 * byte + 3 : 2 * byte + 4,
);

/** A random UUID, version 4 (RFC 9562). */
export function uuid(rng: Rng): string {
  const bytes = rng.bytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  for (let index = 0; index < 16; index++) {
    const byte = bytes[index]!;
    const at = places[index]!;
    characters[at] = hexDigits[byte >> 4]!;
    characters[at + 1] = hexDigits[byte & 15]!;
  }
  return String.fromCharCode.apply(undefined, characters);
}
