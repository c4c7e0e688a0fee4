// DER as far as certificate requests need it, refused in the words of Go's encoding/asn1.

export interface DerValue {
  /** Class in the two highest bits, constructed in the next, then the number. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Head and content. */
  readonly whole: Uint8Array;
}

export const tags = { integer: 0x02, bitString: 0x03, identifier: 0x06, sequence: 0x30, set: 0x31 } as const;

export class DerError extends Error {
  override readonly name = "DerError";
}
const syntax = (what: string): DerError => new DerError(`asn1: syntax error: ${what}`);
const structure = (what: string): DerError => new DerError(`asn1: structure error: ${what}`);

export interface DerFields {
  /** The next value of this tag, which Go calls `type`. */
  next(tag: number, type: string): DerValue;
  /** The next value, whatever it is. */
  any(): DerValue;
  readonly atEnd: boolean;
}

/** Reads values that stand one after another; all of it throws DerError. */
export function derFields(bytes: Uint8Array): DerFields {
  let at = 0;
  const read = (wanted?: { readonly tag: number; readonly type: string }): DerValue => {
    const { tag, head, length } = readHead(bytes, at);
    if (wanted !== undefined && tag !== wanted.tag) {
      const got = `{class:${tag >> 6} tag:${tag & 0x1f} length:${length} isCompound:${(tag & 0x20) !== 0}}`;
      throw structure(`tags don't match (${wanted.tag & 0x1f} vs ${got}) ${plain} ${wanted.type} @${at + head}`);
    }
    const end = at + head + length;
    if (end > bytes.length) throw syntax("data truncated");
    const value = { tag, content: bytes.subarray(at + head, end), whole: bytes.subarray(at, end) };
    at = end;
    return value;
  };
  return {
    next: (tag, type) => read({ tag, type }),
    any: () => read(),
    get atEnd() {
      return at >= bytes.length;
    },
  };
}

function readHead(bytes: Uint8Array, at: number): { tag: number; head: number; length: number } {
  if (at >= bytes.length) throw syntax("sequence truncated");
  const [tag, first] = [bytes[at]!, bytes[at + 1]];
  if (first === undefined) throw syntax("truncated tag or length");
  if (first === 0x80) throw syntax("indefinite length found (not DER)");
  if (first < 0x80) return { tag, head: 2, length: first };
  const head = 2 + (first & 0x7f);
  let length = 0;
  for (let index = at + 2; index < at + head; index++) {
    const byte = bytes[index];
    if (byte === undefined) throw syntax("truncated tag or length");
    if (length >= 1 << 23) throw structure("length too large");
    length = length * 256 + byte;
    if (length === 0) throw structure("superfluous leading zeros in length");
  }
  if (length < 0x80) throw structure("non-minimal length");
  return { tag, head, length };
}

/** What a constructed value holds. */
export function derChildren({ content }: DerValue): DerValue[] {
  const fields = derFields(content);
  const found: DerValue[] = [];
  while (!fields.atEnd) found.push(fields.any());
  return found;
}

/** The same of a list whose items have one tag. */
export function derItems(value: DerValue, tag: number): DerValue[] {
  const found = derChildren(value);
  if (found.some((each) => each.tag !== tag)) throw structure("sequence tag mismatch");
  return found;
}

const plain =
  "{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}";

/** Dotted numbers of an object identifier. */
export function identifierText({ content }: DerValue): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    numbers.push(value);
    value = 0;
  }
  const [first = 0, ...rest] = numbers;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...rest].join(".");
}

/** A bit string's bytes, its unused bits shifted out. */
export function bitStringBytes({ content }: DerValue): Uint8Array {
  const [unused] = content;
  if (unused === undefined) throw syntax("zero length BIT STRING");
  const last = content.at(-1)!;
  if (unused > 7 || (content.length === 1 && unused > 0) || (content.length > 1 && (last & ((1 << unused) - 1)) !== 0))
    throw syntax("invalid padding bits in BIT STRING");
  const bytes = content.subarray(1);
  if (unused === 0) return bytes;
  return bytes.map((byte, index) => ((byte >> unused) | ((bytes[index - 1] ?? 0) << (8 - unused))) & 0xff);
}
