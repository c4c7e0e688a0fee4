// CBOR into the plain value that the JSON of the same object has: byte strings are texts, tagged ones their base64, times in tags are
// RFC 3339, floats stay apart from integers as JsonNumber. RFC 8949 and KEP-4222; which items are refused is upstream's choice
// (apimachinery's serializer/cbor/internal/modes).
import { setOwn } from "../equal.ts";
import { quoteGo } from "../go-text.ts";
import { base64Of } from "./base64.ts";
import { CborError, checkWellFormed, type Head, HeadReader, major, typeNames } from "./cbor-wellformed.ts";
import { JsonNumber } from "./json-text.ts";

export interface ParsedCbor {
  readonly value: unknown;
  /** Everything that a text string, and no byte string, said as a value. */
  readonly texts: ReadonlySet<string>;
  /** Names of members in the order of the document, where an object has forgotten it. */
  readonly order: WeakMap<object, readonly string[]>;
}

/** Throws CborError for what is not one valid item, StatusError 413 for very many values. */
export function parseCbor(bytes: Uint8Array): ParsedCbor {
  checkWellFormed(bytes);
  const reader = new ValueReader(bytes);
  return { value: reader.item(0), texts: reader.texts, order: reader.order };
}

/** Kind and apiVersion alone, of a well-formed document that is wrong further down. */
export function parseCborHead(bytes: Uint8Array): ParsedCbor {
  const reader = new HeadReader(bytes);
  const { type, argument, endless } = contentHead(reader);
  const value: Record<string, unknown> = {};
  const parsed = { texts: new Set<string>(), order: new WeakMap<object, readonly string[]>() };
  if (type !== major.map) return { value: [], ...parsed };
  for (let index = 0; endless ? !reader.atBreak() : index < Number(argument); index++) {
    const name = nextValue(reader);
    const start = reader.at;
    skip(reader);
    if (name === "kind" || name === "apiVersion") value[name] = parseCbor(bytes.subarray(start, reader.at)).value;
  }
  return { value, ...parsed };
}

function nextValue(reader: HeadReader): unknown {
  const start = reader.at;
  skip(reader);
  return parseCbor(reader.bytes.subarray(start, reader.at)).value;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const loose = new TextDecoder("utf-8", { ignoreBOM: true });

const later = { base64url: 21, base64: 22, base16: 23 } as const;
const indexLike = /^(?:0|[1-9][0-9]*)$/;

class ValueReader {
  readonly #reader: HeadReader;
  readonly texts = new Set<string>();
  readonly order = new WeakMap<object, readonly string[]>();
  /** What byte strings are to be written as. */
  #later = 0;

  constructor(bytes: Uint8Array) {
    this.#reader = new HeadReader(bytes);
  }

  item(depth: number): unknown {
    const head = this.#reader.head();
    switch (head.type) {
      case major.positive:
      case major.negative:
        return integerOf(head);
      case major.bytes:
        return this.#encoded(this.#taken(head));
      case major.text: {
        const text = utf8(this.#taken(head), depth);
        this.texts.add(text);
        return text;
      }
      case major.array:
        return this.#array(head, depth);
      case major.map:
        return this.#map(head, depth);
      case major.tag:
        return this.#tagged(head, depth);
      default:
        return this.#simple(head, depth);
    }
  }

  #taken({ argument, endless }: Head): Uint8Array {
    const reader = this.#reader;
    if (!endless) return reader.bytes.subarray(reader.at, (reader.at += Number(argument)));
    const chunks: Uint8Array[] = [];
    let size = 0;
    while (!reader.atBreak()) {
      const { argument: length } = reader.head();
      const chunk = reader.bytes.subarray(reader.at, (reader.at += Number(length)));
      chunks.push(chunk);
      size += chunk.length;
    }
    const whole = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  #encoded(bytes: Uint8Array): string {
    if (this.#later === 0) return loose.decode(bytes);
    if (this.#later === later.base16) return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const text = base64Of(bytes);
    return this.#later === later.base64 ? text : text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  }

  #array({ argument, endless }: Head, depth: number): unknown[] {
    const list: unknown[] = [];
    if (endless) while (!this.#reader.atBreak()) list.push(this.item(depth + 1));
    else for (let index = 0; index < Number(argument); index++) list.push(this.item(depth + 1));
    return list;
  }

  #map({ argument, endless }: Head, depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    const names: string[] = [];
    let ordered = true;
    for (let index = 0; endless ? !this.#reader.atBreak() : index < Number(argument); index++) {
      const name = this.#name(depth);
      if (Object.hasOwn(object, name))
        throw new CborError(
          `cbor: found duplicate map key ${quoteGo(name)} at map element index ${index}`,
          depth === 0,
        );
      if (ordered && indexLike.test(name)) ordered = false;
      names.push(name);
      setOwn(object, name, this.item(depth + 1));
    }
    if (!ordered) this.order.set(object, names);
    return object;
  }

  #name(depth: number): string {
    const reader = this.#reader;
    let head = reader.head();
    const before = this.#later;
    while (head.type === major.tag) {
      if (isLater(head.argument)) this.#later = Number(head.argument);
      head = reader.head();
    }
    try {
      if (head.type === major.bytes) return this.#encoded(this.#taken(head));
      if (head.type === major.text) return utf8(this.#taken(head), depth);
    } finally {
      this.#later = before;
    }
    const type = typeNames[head.type];
    const why =
      depth === 0 && head.type > major.text
        ? ` (map key is of type ${type} and cannot be used to match struct field name)`
        : "";
    throw new CborError(`cbor: cannot unmarshal ${type} into Go value of type string${why}`, why !== "");
  }

  #tagged({ argument }: Head, depth: number): unknown {
    const tag = Number(argument);
    if (tag === 0 || tag === 1) return this.#time(tag, depth);
    if (!isLater(tag)) return this.item(depth);
    const before = this.#later;
    this.#later = tag;
    const value = this.item(depth);
    this.#later = before;
    return value;
  }

  #time(tag: 0 | 1, depth: number): string {
    const head = this.#reader.head();
    const isNumber = head.type <= major.negative || (head.type === major.simple && head.information > 24);
    if (tag === 0 ? head.type !== major.text : !isNumber)
      throw new CborError(
        `cbor: tag number ${tag} must be followed by ${tag === 0 ? "text string" : "integer or floating-point number"}, got ${typeNames[head.type]}`,
        depth === 0,
      );
    if (tag === 0) return utf8(this.#taken(head), depth);
    const seconds = head.type === major.simple ? this.#reader.float(head.information) : Number(plainInteger(head));
    const date = new Date(Math.floor(seconds * 1000));
    if (!(Math.abs(seconds) < 253402300800) || date.getUTCFullYear() < 0)
      throw new CborError(
        "cbor: decoded time cannot be represented in RFC3339 format with sub-second precision: Time.MarshalText: year outside of range [0,9999]",
        depth === 0,
      );
    return date.toISOString().replace(/\.?0*Z$/, "Z");
  }

  #simple({ information, argument }: Head, depth: number): unknown {
    if (information === 20 || information === 21) return information === 21;
    if (information === 22) return null;
    if (information < 25)
      throw new CborError(
        `cbor: data item of cbor type primitives is not accepted by protocol: simple value ${argument} is not recognized`,
        depth === 0,
      );
    const number = this.#reader.float(information);
    if (!Number.isInteger(number)) return number;
    return new JsonNumber(
      number.toString().includes("e") ? String(number) : `${Object.is(number, -0) ? "-0" : number}.0`,
    );
  }
}

const isLater = (tag: number | bigint): boolean => tag === 21 || tag === 22 || tag === 23;

const plainInteger = ({ type, argument }: Head): number | bigint => {
  if (type === major.positive) return argument;
  return typeof argument === "number" && argument < Number.MAX_SAFE_INTEGER ? -1 - argument : -1n - BigInt(argument);
};

/** What 64 bits do not hold is kept as it is written, for who reads the field to refuse. */
function integerOf(head: Head): number | bigint | JsonNumber {
  const integer = plainInteger(head);
  if (typeof integer === "number" || BigInt.asIntN(64, integer) === integer) return integer;
  return new JsonNumber(String(integer));
}

function utf8(bytes: Uint8Array, depth: number): string {
  try {
    return strict.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new CborError("cbor: invalid UTF-8 string", depth === 0);
    throw error;
  }
}

/** The type of the item at a path of names and indexes, as upstream's library names it, and the item itself if it is a number. */
export function typeAt(bytes: Uint8Array, path: readonly (string | number)[]): { type: string; number?: string } {
  const reader = new HeadReader(bytes);
  let head = contentHead(reader);
  for (const step of path) head = stepInto(reader, head, step);
  const type = typeNames[head.type]!;
  return head.type <= major.negative ? { type, number: String(plainInteger(head)) } : { type };
}

function contentHead(reader: HeadReader): Head {
  let head = reader.head();
  while (head.type === major.tag) head = reader.head();
  return head;
}

function stepInto(reader: HeadReader, { type, argument, endless }: Head, step: string | number): Head {
  for (let index = 0; endless ? !reader.atBreak() : index < Number(argument); index++) {
    if (type === major.map) {
      if (nextValue(reader) === step) return contentHead(reader);
    } else if (index === step) return contentHead(reader);
    skip(reader);
  }
  throw new Error(`the document has nothing at ${String(step)}: the path is not one of it`);
}

function skip(reader: HeadReader): void {
  const { type, argument, endless } = contentHead(reader);
  if (type === major.bytes || type === major.text) {
    if (!endless) reader.at += Number(argument);
    else while (!reader.atBreak()) skip(reader);
  } else if (type === major.array || type === major.map) {
    const count = Number(argument) * (type === major.map ? 2 : 1);
    if (endless) while (!reader.atBreak()) skip(reader);
    else for (let index = 0; index < count; index++) skip(reader);
  }
}
