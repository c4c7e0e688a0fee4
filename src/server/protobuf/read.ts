// Protobuf into the plain value that the JSON of the same object has. Throws RangeError for bytes that are no message, StatusError 413
// for very many values.
import { deepest, formatTime, mostValues, requestTooLarge, scanJson, tooDeep } from "../../machinery/index.ts";
import { messageOf, metaPackage, type WireField, type WireMessage } from "./table.ts";

type Json = Record<string, unknown>;

const decoder = new TextDecoder();

/** The message alone, without an envelope. `name` is one of the facts' messages. */
export const readMessage = (name: string, bytes: Uint8Array): Json =>
  new Reader(bytes).message(messageOf(name), bytes.length);

const apiextensions = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.";
const items = (value: Json): unknown => value["items"] ?? [];
const propsOr =
  (list: string): ((value: Json) => unknown) =>
  (value) =>
    value["schema"] ?? value[list];

/** Messages whose JSON is not an object of their fields. */
const specials: Readonly<Record<string, (value: Json) => unknown>> = {
  [`${metaPackage}Time`]: (value) => timeOf(value, ""),
  [`${metaPackage}MicroTime`]: ({ nanos = 0, ...value }) =>
    timeOf(value, `.${String(Math.floor(Number(nanos) / 1000)).padStart(6, "0")}`),
  [`${metaPackage}Verbs`]: items,
  ...Object.fromEntries(
    ["authentication.v1", "authentication.v1beta1", "authorization.v1", "authorization.v1beta1"]
      .concat("certificates.v1", "certificates.v1beta1")
      .map((group) => [`k8s.io.api.${group}.ExtraValue`, items]),
  ),
  "k8s.io.apimachinery.pkg.api.resource.Quantity": (value) => value["string"] ?? "0",
  "k8s.io.apimachinery.pkg.util.intstr.IntOrString": (value) =>
    value["type"] === 1 ? (value["strVal"] ?? "") : (value["intVal"] ?? 0),
  ...Object.fromEntries(
    ["v1", "v1beta1"].flatMap((version) => [
      [`${apiextensions}${version}.JSONSchemaPropsOrArray`, propsOr("jSONSchemas")],
      [`${apiextensions}${version}.JSONSchemaPropsOrBool`, propsOr("allows")],
      [`${apiextensions}${version}.JSONSchemaPropsOrStringArray`, propsOr("property")],
    ]),
  ),
};

/** `fraction` goes before the Z. */
function timeOf({ seconds }: Json, fraction: string): string | null {
  return seconds === undefined ? null : formatTime(Number(seconds) * 1000).replace("Z", `${fraction}Z`);
}

/** Messages that carry JSON, in their first field. */
const embedded: ReadonlySet<string> = new Set([
  `${metaPackage}FieldsV1`,
  "k8s.io.apimachinery.pkg.runtime.RawExtension",
  `${apiextensions}v1.JSON`,
  `${apiextensions}v1beta1.JSON`,
]);

/** A value has a tag, and a length or a number. */
const mostNumbers = 2 * mostValues;

export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #numbers = 0;
  /** Messages within each other. */
  #level = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fields(end: number, each: (number: number, wire: number) => void): void {
    while (this.#at < end) {
      const tag = Number(this.#varint());
      each(Math.floor(tag / 8), tag % 8);
    }
    if (this.#at !== end) throw new RangeError("unexpected EOF");
  }

  /** Reads a length; where what has that length ends. */
  end(): number {
    const length = Number(this.#varint());
    if (length < 0) throw new RangeError("negative length found during unmarshaling");
    const end = length + this.#at;
    if (end > this.#bytes.length) throw new RangeError("unexpected EOF");
    return end;
  }

  take(): Uint8Array {
    const end = this.end();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  pass(wire: number): void {
    if (wire === 0) this.#varint();
    else if (wire === 1) this.#at += 8;
    else if (wire === 2) this.take();
    else if (wire === 5) this.#at += 4;
    else throw new RangeError(`illegal wireType ${wire}`);
  }

  message(message: WireMessage, end: number): Json {
    if (++this.#level > deepest) throw new RangeError(tooDeep);
    const value: Json = {};
    this.fields(end, (number, wire) => {
      const field = message.byNumber[number];
      if (field === undefined) return this.pass(wire);
      const wanted = field.scalar === "double" ? 1 : wireOf(field);
      if (wire !== wanted && !(wire === 2 && field.repeated && wanted === 0))
        throw new RangeError(
          `wrong wireType = ${wire} for field ${field.name[0]?.toUpperCase()}${field.name.slice(1)}`,
        );
      this.#field(value, field, wire);
    });
    this.#level--;
    return value;
  }

  #field(value: Json, field: WireField, wire: number): void {
    if (field.map) {
      const [key, entry] = this.#mapEntry(field);
      const entries = (value[field.name] ??= {}) as Json;
      // Assigned, this one key would become the prototype.
      if (key === "__proto__") Object.defineProperty(entries, key, { value: entry, enumerable: true, writable: true });
      else entries[key] = entry;
    } else if (field.repeated) {
      const list = (value[field.name] ??= []) as unknown[];
      if (wire === 2 && wireOf(field) === 0) for (const packed of this.#packed()) list.push(packed);
      else list.push(this.#value(field));
    } else {
      const read = this.#value(field);
      if (field.inline) Object.assign(value, read);
      else if (read !== undefined) value[field.name] = read;
    }
  }

  #mapEntry(field: WireField): [string, unknown] {
    let key = "";
    let entry: unknown = field.scalar === "string" || field.scalar === "bytes" ? "" : undefined;
    this.fields(this.end(), (number, wire) => {
      if (number === 1) key = decoder.decode(this.take());
      else if (number === 2) entry = this.#value(field);
      else this.pass(wire);
    });
    return [key, entry];
  }

  #value(field: WireField): unknown {
    switch (field.scalar) {
      case "string":
        return decoder.decode(this.take());
      case "bytes":
        return base64(this.take());
      case "bool":
        return this.#varint() !== 0;
      case "int32":
      case "int64":
        return this.#varint();
      case "double": {
        const number = this.#view.getFloat64(this.#at, true);
        this.#at += 8;
        return number;
      }
      case undefined: {
        if (embedded.has(field.message)) return this.#embedded(this.end());
        const value = this.message(messageOf(field.message), this.end());
        const form = specials[field.message];
        return form === undefined ? value : form(value);
      }
    }
  }

  /** What a message holds as JSON: it keeps to the same bounds. */
  #embedded(end: number): unknown {
    let raw: Uint8Array | undefined;
    this.fields(end, (number, wire) => {
      if (number !== 1) this.pass(wire);
      else if (wire === 2) raw = this.take();
      else throw new RangeError(`wrong wireType = ${wire} for field Raw`);
    });
    if (raw === undefined || raw.length === 0) return undefined;
    const { depth, values } = scanJson(raw);
    this.#count(2 * values);
    if (this.#level + depth > deepest) throw new RangeError(`embedded JSON: ${tooDeep}`);
    try {
      return JSON.parse(decoder.decode(raw));
    } catch (error) {
      if (error instanceof SyntaxError) throw new RangeError(`embedded JSON: ${error.message}`);
      throw error;
    }
  }

  #count(numbers: number): void {
    this.#numbers += numbers;
    if (this.#numbers > mostNumbers) throw requestTooLarge(`limit is ${mostValues} values`);
  }

  #packed(): (number | bigint)[] {
    const end = this.end();
    const numbers: (number | bigint)[] = [];
    while (this.#at < end) numbers.push(this.#varint());
    return numbers;
  }

  /** Up to 64 bits, two's complement; a bigint where a number would not be exact. */
  #varint(): number | bigint {
    this.#count(1);
    let low = 0;
    let factor = 1;
    const start = this.#at;
    for (let count = 0; count < 7; count++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError("unexpected EOF");
      low += (byte & 0x7f) * factor;
      if (byte < 0x80) return low;
      factor *= 128;
    }
    return this.#long(start);
  }

  #long(start: number): number | bigint {
    let result = 0n;
    this.#at = start;
    for (let count = 0; ; count++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError("unexpected EOF");
      if (count === 10) throw new RangeError("integer overflow");
      result |= BigInt(byte & 0x7f) << BigInt(count * 7);
      if (byte < 0x80) break;
    }
    const signed = BigInt.asIntN(64, result);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }
}

function wireOf({ scalar, map }: WireField): 0 | 1 | 2 {
  if (map || scalar === undefined || scalar === "string" || scalar === "bytes") return 2;
  return scalar === "double" ? 1 : 0;
}

/** Arguments that a call takes at a time. */
const chunkBytes = 8192;

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += chunkBytes)
    binary += String.fromCharCode(...bytes.subarray(at, at + chunkBytes));
  return btoa(binary);
}
