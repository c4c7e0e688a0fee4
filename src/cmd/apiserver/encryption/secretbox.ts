// XSalsa20-Poly1305, which Node's cryptography does not have. D. J. Bernstein, "Cryptography in NaCl"; RFC 8439 for Poly1305.
// No branch and no index depends on a secret.
import { timingSafeEqual } from "node:crypto";

const sigma = new Uint32Array([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]);
export const secretboxNonceBytes = 24;
export const secretboxTagBytes = 16;

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

const words = (bytes: Uint8Array): number[] =>
  Array.from({ length: bytes.length / 4 }, (_, index) => word(bytes, index * 4));

/** Salsa20's state: constants on the diagonal, the key around them, 16 bytes of input in the middle. */
function stateOf(key: readonly number[], input: readonly number[]): Uint32Array {
  // Four words, which the type of the array does not say.
  const [s0, s1, s2, s3] = sigma as unknown as [number, number, number, number];
  return Uint32Array.from([s0, ...key.slice(0, 4), s1, ...input, s2, ...key.slice(4), s3]);
}

/** Columns, then rows: each quarter names four places of the state. */
const quarters: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
];

const turned = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

function rounds(state: Uint32Array): Uint32Array {
  const x = Uint32Array.from(state);
  for (let round = 0; round < 10; round++)
    for (const [a, b, c, d] of quarters) {
      x[b]! ^= turned(x[a]! + x[d]!, 7);
      x[c]! ^= turned(x[b]! + x[a]!, 9);
      x[d]! ^= turned(x[c]! + x[b]!, 13);
      x[a]! ^= turned(x[d]! + x[c]!, 18);
    }
  return x;
}

/** The key of the stream proper, from the first 16 bytes of the nonce. */
function hsalsa(key: readonly number[], input: readonly number[]): number[] {
  const x = rounds(stateOf(key, input));
  return [0, 5, 10, 15, 6, 7, 8, 9].map((at) => x[at]!);
}

/** Exclusive-or of `text` with the stream; the first 32 bytes of the stream are the one-time key of the tag. */
function stream(key: Uint8Array, nonce: Uint8Array, text: Uint8Array): { tagKey: Uint8Array; out: Uint8Array } {
  const parts = words(nonce);
  const inner = hsalsa(words(key), parts.slice(0, 4));
  const out = new Uint8Array(32 + text.length);
  out.set(text, 32);
  const block = new Uint8Array(64);
  const view = new DataView(block.buffer);
  for (let at = 0, count = 0; at < out.length; at += 64, count++) {
    const state = stateOf(inner, [parts[4]!, parts[5]!, count >>> 0, Math.floor(count / 2 ** 32)]);
    const x = rounds(state);
    for (let index = 0; index < 16; index++) view.setUint32(index * 4, x[index]! + state[index]!, true);
    const end = Math.min(64, out.length - at);
    for (let index = 0; index < end; index++) out[at + index]! ^= block[index]!;
  }
  return { tagKey: out.slice(0, 32), out: out.subarray(32) };
}

const prime = (1n << 130n) - 5n;
const clamp = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]!);
  return value;
}

/** Ten limbs of 13 bits: products of limbs and their sums stay exact. */
const limbs = 10;
const limbBits = 13;
const limbMask = 0x1fff;

function limbsOf(value: bigint): number[] {
  return Array.from({ length: limbs }, (_, index) => Number((value >> BigInt(index * limbBits)) & BigInt(limbMask)));
}

/** Poly1305 of `text` with a key that is used once. */
function tagOf(key: Uint8Array, text: Uint8Array): Uint8Array {
  const r = limbsOf(littleEndian(key.subarray(0, 16)) & clamp);
  let h = new Array<number>(limbs).fill(0);
  const block = new Uint8Array(17);
  for (let at = 0; at < text.length; at += 16) {
    const piece = text.subarray(at, at + 16);
    block.fill(0);
    block.set(piece);
    block[piece.length] = 1;
    h = timesR(
      h.map((limb, index) => limb + blockLimb(block, index)),
      r,
    );
  }
  const sum = h.reduce((total, limb, index) => total + (BigInt(limb) << BigInt(index * limbBits)), 0n) % prime;
  const tag = sum + littleEndian(key.subarray(16, 32));
  return Uint8Array.from({ length: 16 }, (_, index) => Number((tag >> BigInt(index * 8)) & 0xffn));
}

/** 13 bits of the block, from bit 13·index on. */
function blockLimb(block: Uint8Array, index: number): number {
  const bit = index * limbBits;
  const at = bit >>> 3;
  const bits = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8) | ((block[at + 2] ?? 0) << 16);
  return (bits >>> (bit & 7)) & limbMask;
}

/** h·r modulo 2^130 − 5, with small limbs again. */
function timesR(h: readonly number[], r: readonly number[]): number[] {
  const sums = new Array<number>(limbs).fill(0);
  for (let i = 0; i < limbs; i++)
    for (let j = 0; j < limbs; j++) {
      const at = i + j;
      if (at < limbs) sums[at]! += h[i]! * r[j]!;
      else sums[at - limbs]! += h[i]! * r[j]! * 5;
    }
  let carry = 0;
  for (let index = 0; index < limbs; index++) {
    const value = sums[index]! + carry;
    carry = Math.floor(value / 2 ** limbBits);
    sums[index] = value - carry * 2 ** limbBits;
  }
  sums[0]! += carry * 5;
  // The first limb may have grown beyond its bits.
  const over = Math.floor(sums[0]! / 2 ** limbBits);
  sums[0]! -= over * 2 ** limbBits;
  sums[1]! += over;
  return sums;
}

/** Tag and cipher text. `key`: 32 bytes; `nonce`: 24, never twice with one key. */
export function sealSecretbox(key: Uint8Array, nonce: Uint8Array, text: Uint8Array): Uint8Array {
  const { tagKey, out } = stream(key, nonce, text);
  const sealed = new Uint8Array(secretboxTagBytes + out.length);
  sealed.set(tagOf(tagKey, out));
  sealed.set(out, secretboxTagBytes);
  return sealed;
}

/** Undefined when it was not sealed with this key and nonce, or has been changed. */
export function openSecretbox(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < secretboxTagBytes) return undefined;
  const text = sealed.subarray(secretboxTagBytes);
  const { tagKey, out } = stream(key, nonce, text);
  return timingSafeEqual(tagOf(tagKey, text), sealed.subarray(0, secretboxTagBytes)) ? out : undefined;
}
