// DER (X.690) as far as X.509 needs it: a writer of nested byte strings. Everything returns a whole encoded element.

const concat = (parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
};

/** Tag, length and content. Lengths above 127 take the long form. */
export function element(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  if (length > 0xffff) throw new RangeError(`a DER element of ${length} bytes is longer than a certificate can be`);
  return concat([new Uint8Array(head), content]);
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => element(0x30, concat(parts));
export const set = (...parts: readonly Uint8Array[]): Uint8Array => element(0x31, concat(parts));
export const octets = (content: Uint8Array): Uint8Array => element(0x04, content);
export const utf8 = (text: string): Uint8Array => element(0x0c, new TextEncoder().encode(text));
export const boolean = (value: boolean): Uint8Array => element(0x01, new Uint8Array([value ? 0xff : 0]));
/** `unusedBits`: how many low bits of the last byte do not count. */
export const bits = (content: Uint8Array, unusedBits = 0): Uint8Array =>
  element(0x03, concat([new Uint8Array([unusedBits]), content]));
/** Context-specific tag around another element. */
export const explicit = (tag: number, inner: Uint8Array): Uint8Array => element(0xa0 | tag, inner);
/** Context-specific primitive. */
export const implicit = (tag: number, content: Uint8Array): Uint8Array => element(0x80 | tag, content);

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  return element(0x02, trimmed[0]! >= 0x80 ? concat([new Uint8Array([0]), trimmed]) : trimmed);
}

/** `1.2.840.10045.4.3.2`. */
export function oid(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split(".").map(Number) as [number, number, ...number[]];
  const bytes: number[] = [first * 40 + second];
  for (const arc of rest) {
    const septets = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      septets.unshift((left & 0x7f) | 0x80);
    bytes.push(...septets);
  }
  return element(0x06, new Uint8Array(bytes));
}

/** UTCTime up to 2049, GeneralizedTime from 2050 on, as RFC 5280 asks. */
export function time(ms: number): Uint8Array {
  const digits = new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replace(/[-:T]/g, "");
  const text = Number(digits.slice(0, 4)) < 2050 ? { tag: 0x17, value: digits.slice(2) } : { tag: 0x18, value: digits };
  return element(text.tag, new TextEncoder().encode(text.value));
}
