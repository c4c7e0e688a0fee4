// Values into CBOR as the API writes it: every text is a byte string, fields of bytes are byte strings that say they stand for base64,
// floats take the fewest bytes that hold them. Deterministic: members are in the bytewise order of their encoded names (RFC 8949,
// 4.2.1). Upstream: apimachinery's serializer/cbor, which writes members in any order.

import type { Schema, Schemas } from "../schema.ts";
import { bytesOfBase64 } from "./base64.ts";
import { JsonNumber, plainNumber } from "./json-text.ts";

/** Which fields are bytes and which are floats. */
export interface CborTypes {
  readonly schema: Schema | undefined;
  readonly schemas: Schemas;
}

const encoder = new TextEncoder();
const typeShift = 5;
const head = { positive: 0, negative: 1, bytes: 2, array: 4, map: 5, tag: 6 } as const;
const base64Tag = 0xd6;
const codes = { false: 0xf4, true: 0xf5, null: 0xf6, half: 0xf9, single: 0xfa, double: 0xfb } as const;
/** Longer texts are left to the platform. */
const shortText = 64;
const selfDescribedTag = [0xd9, 0xd9, 0xf7] as const;

/** One item within the tag that says it is CBOR. Members that are undefined are left out; 64-bit integers may be bigints. */
export function encodeCbor(value: unknown, types?: CborTypes): Uint8Array {
  const out = new CborWriter(types?.schemas);
  out.selfDescribed();
  out.item(value, types?.schema);
  return out.taken();
}

/** One event of a watch: the object keeps the tag of its own. */
export function encodeCborEvent(type: string, object: Uint8Array): Uint8Array {
  const out = new CborWriter(undefined);
  out.selfDescribed();
  out.head(head.map, 2);
  out.text("type");
  out.text(type);
  out.text("object");
  out.raw(object);
  return out.taken();
}

interface Member {
  readonly name: string;
  readonly value: unknown;
}

/** In the order of the encoded names: a shorter one is first, since its length is. */
const byEncoding = (a: Member, b: Member): number =>
  isAscii(a.name) && isAscii(b.name)
    ? a.name.length - b.name.length || (a.name < b.name ? -1 : 1)
    : compareBytes(encoder.encode(a.name), encoder.encode(b.name));

const ascii = /^[\0-\x7f]*$/;
const isAscii = (text: string): boolean => ascii.test(text);

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

class CborWriter {
  #buffer = new Uint8Array(1024);
  #view = new DataView(this.#buffer.buffer);
  #at = 0;
  readonly #schemas: Schemas | undefined;

  constructor(schemas: Schemas | undefined) {
    this.#schemas = schemas;
  }

  taken(): Uint8Array {
    return this.#buffer.slice(0, this.#at);
  }

  #room(size: number): void {
    if (this.#at + size <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#at + size));
    grown.set(this.#buffer);
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }

  selfDescribed(): void {
    this.#room(3);
    for (const byte of selfDescribedTag) this.#buffer[this.#at++] = byte;
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#buffer[this.#at++] = byte;
  }

  head(type: number, argument: number | bigint): void {
    this.#room(9);
    const first = type << typeShift;
    if (argument < 24) this.#buffer[this.#at++] = first | Number(argument);
    else if (argument < 0x100) {
      this.#buffer[this.#at++] = first | 24;
      this.#buffer[this.#at++] = Number(argument);
    } else if (argument < 0x10000) {
      this.#buffer[this.#at++] = first | 25;
      this.#view.setUint16(this.#at, Number(argument));
      this.#at += 2;
    } else if (argument < 0x100000000) {
      this.#buffer[this.#at++] = first | 26;
      this.#view.setUint32(this.#at, Number(argument));
      this.#at += 4;
    } else {
      this.#buffer[this.#at++] = first | 27;
      this.#view.setBigUint64(this.#at, BigInt(argument));
      this.#at += 8;
    }
  }

  text(text: string): void {
    if (text.length > shortText || !this.#ascii(text)) this.#bytes(encoder.encode(text));
  }

  /** Names and values are short and ASCII nearly always, and then as long as they look. */
  #ascii(text: string): boolean {
    const { length } = text;
    this.#room(length + 9);
    const start = this.#at;
    this.head(head.bytes, length);
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) {
        this.#at = start;
        return false;
      }
      this.#buffer[this.#at++] = code;
    }
    return true;
  }

  #bytes(bytes: Uint8Array): void {
    this.head(head.bytes, bytes.length);
    this.raw(bytes);
  }

  item(value: unknown, typed: Schema | undefined): void {
    if (typeof value === "string") this.#string(value, typed);
    else if (typeof value === "object" && value !== null) this.#container(value, typed);
    else if (typeof value === "bigint") this.#integer(value);
    else if (typeof value !== "number")
      this.#byte(value === true ? codes.true : value === false ? codes.false : codes.null);
    else if (Number.isSafeInteger(value) && !Object.is(value, -0) && typed?.t !== "number") this.#integer(value);
    else this.#float(value);
  }

  #string(value: string, typed: Schema | undefined): void {
    if (typed?.f !== "byte") {
      this.text(value);
      return;
    }
    this.#byte(base64Tag);
    this.#bytes(bytesOfBase64(value));
  }

  #container(value: object, typed: Schema | undefined): void {
    if (value instanceof JsonNumber) {
      this.item(plainNumber(value.text), typed);
      return;
    }
    const schema = typed === undefined ? undefined : this.#schemas?.resolve(typed);
    if (Array.isArray(value)) {
      this.head(head.array, value.length);
      for (const each of value) this.item(each, schema?.i);
      return;
    }
    const members: Member[] = [];
    for (const name in value) {
      const member = (value as Record<string, unknown>)[name];
      if (member !== undefined) members.push({ name, value: member });
    }
    members.sort(byEncoding);
    this.head(head.map, members.length);
    const { p: properties, a: others } = schema ?? {};
    for (const member of members) {
      this.text(member.name);
      const known = properties !== undefined && Object.hasOwn(properties, member.name);
      this.item(member.value, known ? properties[member.name] : others);
    }
  }

  #integer(value: number | bigint): void {
    if (value >= 0) this.head(head.positive, value);
    else this.head(head.negative, typeof value === "number" ? -1 - value : -1n - value);
  }

  #float(value: number): void {
    this.#room(9);
    const half = halfOf(value);
    if (half !== undefined) {
      this.#buffer[this.#at++] = codes.half;
      this.#view.setUint16(this.#at, half);
      this.#at += 2;
    } else if (Math.fround(value) === value) {
      this.#buffer[this.#at++] = codes.single;
      this.#view.setFloat32(this.#at, value);
      this.#at += 4;
    } else {
      this.#buffer[this.#at++] = codes.double;
      this.#view.setFloat64(this.#at, value);
      this.#at += 8;
    }
  }
}

/** The sixteen bits of a number that they hold exactly. Throws RangeError for what is no finite number. */
function halfOf(value: number): number | undefined {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is nothing that the API writes as CBOR`);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === 0) return sign;
  if (size < 2 ** -14) {
    const fraction = size * 2 ** 24;
    return Number.isInteger(fraction) ? sign | fraction : undefined;
  }
  const exponent = Math.floor(Math.log2(size));
  const fraction = (size / 2 ** exponent - 1) * 1024;
  if (exponent > 15 || !Number.isInteger(fraction) || fraction < 0 || fraction > 1023) return undefined;
  return sign | ((exponent + 15) << 10) | fraction;
}
