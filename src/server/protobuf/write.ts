// Objects into protobuf, byte for byte as upstream's generated code writes them: fields in the order of their numbers, fields that
// are no pointers with their zero value, maps in the order of their keys. A message is written from its end to its beginning, so
// that every length is known when it is due.
import { parseTime } from "../../machinery/index.ts";
import { messageOf, metaPackage, type WireField } from "./table.ts";

type Json = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();
const nothing: Json = Object.freeze({});

/** The message alone, without an envelope. `name` is one of the facts' messages. */
export function writeMessage(name: string, value: object): Uint8Array {
  const out = new BackwardWriter();
  writeFields(out, name, value as Json);
  return out.taken();
}

/** Length of the message in bytes and the number of values in it, without writing it. */
export function measureMessage(name: string, value: object): { readonly bytes: number; readonly values: number } {
  const out = new Measure();
  writeFields(out, name, value as Json);
  return { bytes: out.length, values: out.values };
}

/** Where a message is written to. */
interface Sink extends Pick<BackwardWriter, "bytes" | "close" | "double" | "length" | "tag" | "text" | "varint"> {
  /** Entries of maps come in their order. */
  readonly ordered: boolean;
}

/** A buffer that fills from its end. */
export class BackwardWriter {
  readonly ordered = true;
  #buffer = new Uint8Array(2048);
  #at = 2048;

  get length(): number {
    return this.#buffer.length - this.#at;
  }

  taken(): Uint8Array {
    return this.#buffer.subarray(this.#at);
  }

  #room(size: number): void {
    if (this.#at >= size) return;
    const used = this.length;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, used + size + 1024));
    grown.set(this.taken(), grown.length - used);
    this.#buffer = grown;
    this.#at = grown.length - used;
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
  }

  /** UTF-8; returns the number of bytes. */
  text(text: string): number {
    const { length } = text;
    // Names and values are ASCII nearly always and then as long as they look.
    this.#room(length);
    const start = this.#at - length;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) {
        const encoded = encoder.encode(text);
        this.bytes(encoded);
        return encoded.length;
      }
      this.#buffer[start + index] = code;
    }
    this.#at = start;
    return length;
  }

  /** Unsigned, or negative in two's complement of 64 bits. */
  varint(value: number | bigint): void {
    if (typeof value === "number" && value >= 0 && value < 0x80000000) this.#small(value);
    else this.#long(value);
  }

  #long(value: number | bigint): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    const digits: number[] = [];
    while (rest >= 128n) {
      digits.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    digits.push(Number(rest));
    this.#room(digits.length);
    for (let index = digits.length - 1; index >= 0; index--) this.#buffer[--this.#at] = digits[index]!;
  }

  #small(value: number): void {
    this.#room(5);
    let size = 1;
    for (let rest = value >>> 7; rest > 0; rest >>>= 7) size++;
    this.#at -= size;
    let rest = value;
    for (let index = 0; index < size; index++) {
      this.#buffer[this.#at + index] = index + 1 < size ? (rest & 127) | 128 : rest;
      rest >>>= 7;
    }
  }

  double(value: number): void {
    this.#room(8);
    this.#at -= 8;
    new DataView(this.#buffer.buffer).setFloat64(this.#at, value, true);
  }

  /** Tag of a field: wire types are 0 varint, 1 eight bytes, 2 with length. */
  tag(number: number, wire: 0 | 1 | 2): void {
    this.#small((number << 3) | wire);
  }

  /** Closes what was written since the buffer was `from` long: its length and the tag of its field. */
  close(number: number, from: number): void {
    this.#small(this.length - from);
    this.tag(number, 2);
  }
}

const varintSize = (value: number): number => {
  let size = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) size++;
  return size;
};

/** Counts what a writer would write. */
class Measure implements Sink {
  readonly ordered = false;
  length = 0;
  values = 0;

  bytes(bytes: Uint8Array): void {
    this.length += bytes.length;
  }

  text(text: string): number {
    let size = text.length;
    for (let index = 0; index < text.length; index++) {
      if (text.charCodeAt(index) <= 127) continue;
      size = encoder.encode(text).length;
      break;
    }
    this.length += size;
    return size;
  }

  varint(value: number | bigint): void {
    if (value < 0) this.length += 10;
    else if (typeof value === "number" && value < 0x80000000) this.length += varintSize(value);
    else this.length += Math.ceil(BigInt(value).toString(2).length / 7);
  }

  double(): void {
    this.length += 8;
  }

  tag(number: number): void {
    this.values++;
    this.length += varintSize(number << 3);
  }

  close(number: number, from: number): void {
    this.length += varintSize(this.length - from);
    this.tag(number);
  }
}

function writeFields(out: Sink, name: string, value: Json): void {
  for (const field of messageOf(name).descending) {
    if (field.inline) {
      if (field.optional && !hasMember(field.message, value)) continue;
      const from = out.length;
      writeFields(out, field.message, value);
      out.close(field.number, from);
      continue;
    }
    const member = value[field.name];
    if (field.map) writeMap(out, field, (member ?? nothing) as Json);
    else if (field.repeated) {
      const list = (member ?? []) as readonly unknown[];
      for (let index = list.length - 1; index >= 0; index--) writeOne(out, field, list[index]);
    } else if ((member !== undefined && member !== null) || !(field.optional || field.scalar === "bytes"))
      writeOne(out, field, member);
  }
}

/** An inlined pointer is set when any of its fields is. */
const hasMember = (name: string, value: Json): boolean =>
  messageOf(name).descending.some((field) =>
    field.inline ? hasMember(field.message, value) : value[field.name] !== undefined && value[field.name] !== null,
  );

function writeMap(out: Sink, field: WireField, entries: Json): void {
  const keys = Object.keys(entries);
  if (out.ordered) sortByBytes(keys).reverse();
  const valueField = { ...field, number: 2, map: false };
  for (const key of keys) {
    const from = out.length;
    writeOne(out, valueField, entries[key]);
    const keyFrom = out.length;
    out.text(key);
    out.close(1, keyFrom);
    out.close(field.number, from);
  }
}

const surrogates = /[\ud800-\udfff]/;

/** Go's order of strings: by UTF-8, which is by code point, and by UTF-16 where no surrogates are. */
const sortByBytes = (texts: string[]): string[] =>
  texts.some((text) => surrogates.test(text)) ? texts.sort(byBytes) : texts.sort();

function byBytes(a: string, b: string): number {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  for (let index = 0; index < Math.min(left.length, right.length); index++)
    if (left[index] !== right[index]) return left[index]! - right[index]!;
  return left.length - right.length;
}

function writeOne(out: Sink, field: WireField, value: unknown): void {
  const from = out.length;
  const wire = writeValue(out, field, value ?? undefined);
  if (wire === 2) out.close(field.number, from);
  else out.tag(field.number, wire);
}

/** Returns the wire type. */
function writeValue(out: Sink, { scalar, message }: WireField, value: unknown): 0 | 1 | 2 {
  switch (scalar) {
    case "string":
      out.text((value as string | undefined) ?? "");
      return 2;
    case "bytes":
      out.bytes(bytesOf(value as string | undefined));
      return 2;
    case "bool":
      out.varint(value === true ? 1 : 0);
      return 0;
    case "int32":
    case "int64":
      out.varint((value as number | bigint | undefined) ?? 0);
      return 0;
    case "double":
      out.double(Number(value ?? 0));
      return 1;
    case undefined: {
      const special = specials[message];
      if (special === undefined) writeFields(out, message, (value ?? nothing) as Json);
      else special(out, value, message);
      return 2;
    }
  }
}

const bytesOf = (base64: string | undefined): Uint8Array =>
  Uint8Array.from(atob(base64 ?? ""), (char) => char.charCodeAt(0));

type SpecialWriter = (out: Sink, value: unknown, message: string) => void;

/** Messages whose JSON is not an object of their fields. */
const apiextensions = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.";
const specials: Readonly<Record<string, SpecialWriter>> = {
  [`${metaPackage}Time`]: (out, value) => writeTime(out, value, () => 0),
  // Upstream keeps microseconds.
  [`${metaPackage}MicroTime`]: (out, value) => writeTime(out, value, (text) => Math.floor(nanosOf(text) / 1000) * 1000),
  [`${metaPackage}FieldsV1`]: writeEmbedded,
  "k8s.io.apimachinery.pkg.runtime.RawExtension": writeEmbedded,
  [`${metaPackage}Verbs`]: writeItems,
  "k8s.io.apimachinery.pkg.api.resource.Quantity": (out, value) => writeText(out, 1, String(value ?? "0")),
  "k8s.io.apimachinery.pkg.util.intstr.IntOrString": (out, value) => {
    writeText(out, 3, typeof value === "string" ? value : "");
    out.varint(typeof value === "number" ? value : 0);
    out.tag(2, 0);
    out.varint(typeof value === "string" ? 1 : 0);
    out.tag(1, 0);
  },
  ...Object.fromEntries(
    ["authentication.v1", "authentication.v1beta1", "authorization.v1", "authorization.v1beta1"]
      .concat("certificates.v1", "certificates.v1beta1")
      .map((group) => [`k8s.io.api.${group}.ExtraValue`, writeItems]),
  ),
  ...Object.fromEntries(
    ["v1", "v1beta1"].flatMap((version): [string, SpecialWriter][] => {
      const props = `${apiextensions}${version}.JSONSchemaProps`;
      const nested = (out: Sink, value: unknown, number: number): void => {
        const from = out.length;
        writeFields(out, props, value as Json);
        out.close(number, from);
      };
      return [
        [`${apiextensions}${version}.JSON`, writeEmbedded],
        [
          `${props}OrArray`,
          (out, value) => {
            if (!Array.isArray(value)) return nested(out, value, 1);
            for (const each of [...value].reverse()) nested(out, each, 2);
          },
        ],
        [
          `${props}OrBool`,
          (out, value) => {
            if (typeof value === "object") nested(out, value, 2);
            out.varint(value === false ? 0 : 1);
            out.tag(1, 0);
          },
        ],
        [
          `${props}OrStringArray`,
          (out, value) => {
            if (!Array.isArray(value)) return nested(out, value, 1);
            for (const each of [...value].reverse()) writeText(out, 2, each as string);
          },
        ],
      ];
    }),
  ),
};

function writeText(out: Sink, number: number, text: string): void {
  const from = out.length;
  out.text(text);
  out.close(number, from);
}

/** The zero time is an empty message. */
function writeTime(out: Sink, value: unknown, nanos: (text: string) => number): void {
  if (typeof value !== "string" || value === "") return;
  out.varint(nanos(value));
  out.tag(2, 0);
  out.varint(Math.floor(parseTime(value) / 1000));
  out.tag(1, 0);
}

const nanosOf = (text: string): number => Number((/\.(\d{1,9})/.exec(text)?.[1] ?? "0").padEnd(9, "0"));

/** JSON inside of protobuf. */
function writeEmbedded(out: Sink, value: unknown): void {
  if (value === undefined) return;
  const from = out.length;
  out.text(JSON.stringify(value));
  out.close(1, from);
}

function writeItems(out: Sink, value: unknown): void {
  for (const each of [...((value ?? []) as readonly string[])].reverse()) writeText(out, 1, each);
}
