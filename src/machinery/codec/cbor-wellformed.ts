// The grammar of CBOR (RFC 8949): heads of data items, and whether bytes are one whole item. Texts of errors are those of upstream's
// library (github.com/fxamacker/cbor), which clients see.
import { requestTooLarge } from "../errors.ts";
import { deepest, mostValues } from "./json-text.ts";

/** Bytes that are no CBOR, or CBOR that the API does not take. */
export class CborError extends Error {
  override readonly name = "CborError";
  /** The outermost item is at fault: not even its kind is known. */
  readonly atTop: boolean;
  constructor(message: string, atTop = false) {
    super(message);
    this.atTop = atTop;
  }
}

export const major = { positive: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const;

/** Major types as upstream's library names them. */
export const typeNames = [
  "positive integer",
  "negative integer",
  "byte string",
  "UTF-8 text string",
  "array",
  "map",
  "tag",
  "primitives",
] as const;

const breakCode = 0xff;
const endless = 31;

/** One head: three bits of type, five of information, and the argument that follows. */
export interface Head {
  readonly type: number;
  readonly information: number;
  /** A bigint above 2^53. */
  readonly argument: number | bigint;
  readonly endless: boolean;
}

/** Reads heads from bytes, one after the other. */
export class HeadReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Throws CborError for what is no head. */
  head(): Head {
    const first = this.bytes[this.at++];
    if (first === undefined) throw new CborError("unexpected EOF", true);
    const type = first >> 5;
    const information = first & 31;
    if (information < 24) return { type, information, argument: information, endless: false };
    if (information < 28) return { type, information, argument: this.#argument(information), endless: false };
    if (information === endless && type >= major.bytes && type <= major.map)
      return { type, information, argument: 0, endless: true };
    if (information === endless && type === major.simple) throw new CborError('cbor: unexpected "break" code', true);
    throw new CborError(`cbor: invalid additional information ${information} for type ${typeNames[type]}`, true);
  }

  #argument(information: number): number | bigint {
    const size = 1 << (information - 24);
    const { at } = this;
    if (at + size > this.bytes.length) throw new CborError("unexpected EOF", true);
    this.at += size;
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at);
    if (size === 4) return this.#view.getUint32(at);
    const long = this.#view.getBigUint64(at);
    return long <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(long) : long;
  }

  /** The number whose bits the last head's argument of this size was. */
  float(information: number): number {
    if (information === 25) return halfFloat(this.#view.getUint16(this.at - 2));
    return information === 26 ? this.#view.getFloat32(this.at - 4) : this.#view.getFloat64(this.at - 8);
  }

  atBreak(): boolean {
    if (this.bytes[this.at] !== breakCode) return false;
    this.at++;
    return true;
  }
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Throws CborError unless the bytes are exactly one data item, StatusError 413 for one of very many values. */
export function checkWellFormed(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new CborError("EOF", true);
  const reader = new HeadReader(bytes);
  new Checker(reader).item(0);
  const rest = bytes.length - reader.at;
  if (rest > 0) throw new CborError(`cbor: ${rest} bytes of extraneous data starting at index ${reader.at}`, true);
}

class Checker {
  readonly #reader: HeadReader;
  #values = 0;

  constructor(reader: HeadReader) {
    this.#reader = reader;
  }

  item(depth: number): void {
    const reader = this.#reader;
    const head = reader.head();
    if (++this.#values > 2 * mostValues) throw requestTooLarge(`limit is ${mostValues} values`);
    switch (head.type) {
      case major.bytes:
      case major.text:
        if (head.endless) this.#chunks(head.type);
        else this.#pass(head);
        return;
      case major.array:
      case major.map:
        this.#members(head, depth + 1);
        return;
      case major.tag:
        this.#tagged(Number(head.argument), depth);
        return;
      case major.simple:
        this.#simple(head);
    }
  }

  #pass({ type, argument }: Head): void {
    if (argument >= 2 ** 63)
      throw new CborError(`cbor: ${typeNames[type]} length ${argument} is too large, causing integer overflow`, true);
    const end = this.#reader.at + Number(argument);
    if (end > this.#reader.bytes.length) throw new CborError("unexpected EOF", true);
    this.#reader.at = end;
  }

  #chunks(type: number): void {
    const reader = this.#reader;
    while (!reader.atBreak()) {
      const next = reader.bytes[reader.at];
      if (next === undefined) throw new CborError("unexpected EOF", true);
      if (next >> 5 !== type)
        throw new CborError(
          `cbor: wrong element type ${typeNames[next >> 5]} for indefinite-length ${typeNames[type]}`,
          true,
        );
      if ((next & 31) === endless)
        throw new CborError(`cbor: indefinite-length ${typeNames[type]} chunk is not definite-length`, true);
      this.#pass(reader.head());
    }
  }

  #members({ type, argument, endless }: Head, depth: number): void {
    checkDepth(depth);
    const reader = this.#reader;
    if (argument >= 2 ** 63)
      throw new CborError(
        `cbor: ${typeNames[type]} length ${argument} is too large, it would cause integer overflow`,
        true,
      );
    if (!endless) {
      const count = Number(argument) * (type === major.map ? 2 : 1);
      // An item has a byte at least, whatever the head promises.
      for (let index = 0; index < count; index++) this.item(depth);
      return;
    }
    let count = 0;
    for (; !reader.atBreak(); count++) this.item(depth);
    if (type === major.map && count % 2 === 1) throw new CborError('cbor: unexpected "break" code', true);
  }

  #tagged(first: number, outside: number): void {
    const reader = this.#reader;
    let depth = outside;
    for (let tag = first; ; ) {
      const next = reader.bytes[reader.at];
      if (next === undefined) throw new CborError("unexpected EOF", true);
      if (tag === 2 || tag === 3) throw notAccepted("tag", "bignum");
      if (next >> 5 !== major.tag) break;
      tag = Number(reader.head().argument);
      checkDepth(++depth);
    }
    this.item(depth);
  }

  #simple({ information, argument }: Head): void {
    if (information === 24 && Number(argument) < 32)
      throw new CborError(`cbor: invalid simple value ${argument} for type primitives`, true);
    if (information < 25) return;
    const number = this.#reader.float(information);
    if (Number.isNaN(number)) throw notAccepted("primitives", "floating-point NaN");
    if (!Number.isFinite(number)) throw notAccepted("primitives", "floating-point infinity");
  }
}

const notAccepted = (type: string, what: string): CborError =>
  new CborError(`cbor: data item of cbor type ${type} is not accepted by protocol: ${what}`, true);

function checkDepth(depth: number): void {
  if (depth > deepest) throw new CborError(`cbor: exceeded max nested level ${deepest}`, true);
}
