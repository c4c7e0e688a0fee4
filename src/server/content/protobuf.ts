// Request bodies in protobuf: client-go's default for built-in kinds. Answers are JSON, which every client takes beside it.
// Upstream: k8s.io/apimachinery/pkg/runtime/serializer/protobuf.
//
// Reads the envelope (`k8s\0`, then runtime.Unknown) and the message in it into the plain value that the JSON body of the same
// object has. Structs that JSON inlines are nested messages on the wire; the schema tells which they are.
import table from "../../../facts/proto/k8s-api.json" with { type: "json" };
import {
  badRequest,
  formatMicroTime,
  formatTime,
  parseApiVersion,
  type Schema,
  type Schemas,
} from "../../machinery/index.ts";

type Field = readonly [name: string, type: string, repeated?: number];
type Message = Readonly<Record<string, Field>>;
const messages = table as unknown as Readonly<Record<string, Message>>;
const decoder = new TextDecoder();

const meta = "k8s.io.apimachinery.pkg.apis.meta.v1.";
const unknownMessage = "k8s.io.apimachinery.pkg.runtime.Unknown";

/** Messages whose JSON is not an object of their fields. */
const special: Readonly<Record<string, (value: Record<string, unknown>) => unknown>> = {
  [`${meta}Time`]: (value) => timeOf(value, formatTime),
  [`${meta}MicroTime`]: (value) => timeOf(value, formatMicroTime),
  [`${meta}FieldsV1`]: (value) => embedded(value["Raw"]),
  [`${meta}Verbs`]: (value) => value["items"] ?? [],
  "k8s.io.api.authentication.v1.ExtraValue": (value) => value["items"] ?? [],
  "k8s.io.api.authorization.v1.ExtraValue": (value) => value["items"] ?? [],
  "k8s.io.api.certificates.v1.ExtraValue": (value) => value["items"] ?? [],
  "k8s.io.apimachinery.pkg.api.resource.Quantity": (value) => value["string"] ?? "0",
  "k8s.io.apimachinery.pkg.util.intstr.IntOrString": (value) =>
    value["type"] === 1 ? (value["strVal"] ?? "") : (value["intVal"] ?? 0),
  "k8s.io.apimachinery.pkg.runtime.RawExtension": (value) => embedded(value["raw"]),
};

function timeOf(value: Record<string, unknown>, format: (ms: number) => string): string | undefined {
  const seconds = value["seconds"] as number | undefined;
  if (seconds === undefined) return undefined;
  return format(seconds * 1000 + Number(value["nanos"] ?? 0) / 1e6);
}

/** JSON inside of protobuf; `bytes` were read as base64 like every other field of that type. */
function embedded(base64: unknown): unknown {
  if (typeof base64 !== "string" || base64 === "") return undefined;
  return JSON.parse(decoder.decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))));
}

export const isProtobuf = (contentType: string | undefined): boolean =>
  contentType !== undefined && contentType.split(";", 1)[0]!.trim() === "application/vnd.kubernetes.protobuf";

/** The value of the body, with kind and apiVersion. `expected` words the error. Throws StatusError 400. */
export function decodeProtobuf(bytes: Uint8Array, schemas: Schemas, expectedKind: string): Record<string, unknown> {
  if (bytes[0] !== 0x6b || bytes[1] !== 0x38 || bytes[2] !== 0x73 || bytes[3] !== 0)
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expectedKind}): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (${hex(bytes)})`,
    );
  try {
    const envelope = readUnknown(bytes.subarray(4));
    const { kind = "", apiVersion = "" } = envelope.typeMeta;
    const { group, version } = parseApiVersion(apiVersion);
    const schema = schemas.ofKind({ group, version, kind });
    const name = messageName(group, version, kind);
    if (name === undefined)
      throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
    const value = new Reader(envelope.raw, schemas).message(name, schema, envelope.raw.length);
    return { ...value, kind, apiVersion };
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(`${expectedKind} cannot be decoded: proto: ${error.message}`);
    throw error;
  }
}

const hex = (bytes: Uint8Array): string => {
  const shown = Array.from(bytes.subarray(0, 30), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length > 30 ? `${shown} ...` : shown;
};

const packages: Readonly<Record<string, string>> = {
  "": "core",
  "rbac.authorization.k8s.io": "rbac",
  "flowcontrol.apiserver.k8s.io": "flowcontrol",
};

/** Options and Status travel under the group of the request as well as under their own. */
function messageName(group: string, version: string, kind: string): string | undefined {
  const own = `k8s.io.api.${packages[group] ?? group.split(".", 1)[0]}.${version}.${kind}`;
  if (messages[own] !== undefined) return own;
  return messages[meta + kind] === undefined ? undefined : meta + kind;
}

function readUnknown(bytes: Uint8Array): { typeMeta: { apiVersion?: string; kind?: string }; raw: Uint8Array } {
  const reader = new Reader(bytes, undefined);
  let typeMeta: { apiVersion?: string; kind?: string } = {};
  let raw: Uint8Array = new Uint8Array(0);
  reader.fields(bytes.length, (number, wire) => {
    if (number === 1) typeMeta = reader.message(`k8s.io.apimachinery.pkg.runtime.TypeMeta`, undefined, reader.end());
    else if (number === 2) raw = reader.take();
    else reader.pass(wire);
  });
  if (messages[unknownMessage] === undefined) throw new Error(`facts/proto/k8s-api.json has no ${unknownMessage}`);
  return { typeMeta, raw };
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #schemas: Schemas | undefined;
  #at = 0;

  constructor(bytes: Uint8Array, schemas: Schemas | undefined) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#schemas = schemas;
  }

  fields(end: number, each: (number: number, wire: number) => void): void {
    while (this.#at < end) {
      const tag = this.#varint();
      each(Math.floor(tag / 8), tag % 8);
    }
    if (this.#at !== end) throw new RangeError("unexpected EOF");
  }

  /** Reads a length; where what has that length ends. */
  end(): number {
    const end = this.#varint() + this.#at;
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

  message(name: string, schema: Schema | undefined, end: number): Record<string, unknown> {
    const fields = messages[name];
    if (fields === undefined) throw new Error(`facts/proto/k8s-api.json has no ${name}`);
    const resolved = schema?.r === undefined ? schema : this.#schemas?.resolve(schema);
    const value: Record<string, unknown> = {};
    this.fields(end, (number, wire) => {
      const field = fields[number];
      if (field === undefined) return this.pass(wire);
      this.#field(value, field, { schema: resolved, wire });
    });
    return value;
  }

  #field(
    value: Record<string, unknown>,
    [name, type, repeated]: Field,
    of: { schema: Schema | undefined; wire: number },
  ): void {
    const property = of.schema?.p?.[name];
    const map = type.startsWith("map<") ? type.slice("map<string,".length, -1) : undefined;
    if (map !== undefined) {
      const entries = (value[name] ??= {}) as Record<string, unknown>;
      const [key, entry] = this.#mapEntry(map, property?.a);
      entries[key] = entry;
      return;
    }
    const inlined = of.schema?.p !== undefined && property === undefined && messages[type] !== undefined;
    const read = this.#value(type, repeated === 1 ? property?.i : property, of.wire);
    if (repeated === 1)
      ((value[name] ??= []) as unknown[]).push(
        ...(Array.isArray(read) && of.wire === 2 && packed.has(type) ? read : [read]),
      );
    else if (inlined && typeof read === "object" && read !== null) Object.assign(value, read);
    else if (read !== undefined) value[name] = read;
  }

  #mapEntry(type: string, schema: Schema | undefined): [string, unknown] {
    let key = "";
    let entry: unknown = type === "string" ? "" : undefined;
    this.fields(this.end(), (number, wire) => {
      if (number === 1) key = decoder.decode(this.take());
      else if (number === 2) entry = this.#value(type, schema, wire);
      else this.pass(wire);
    });
    return [key, entry];
  }

  #value(type: string, schema: Schema | undefined, wire: number): unknown {
    switch (type) {
      case "string":
        return decoder.decode(this.take());
      case "bytes":
        return base64(this.take());
      case "bool":
        return this.#varint() !== 0;
      case "int32":
      case "int64":
        return wire === 2 ? this.#packed() : this.#varint();
      case "double": {
        const number = this.#view.getFloat64(this.#at, true);
        this.#at += 8;
        return number;
      }
    }
    const value = this.message(type, schema, this.end());
    const form = special[type];
    return form === undefined ? value : form(value);
  }

  #packed(): number[] {
    const end = this.end();
    const numbers: number[] = [];
    while (this.#at < end) numbers.push(this.#varint());
    return numbers;
  }

  /** Up to 64 bits, two's complement. */
  #varint(): number {
    let low = 0;
    let factor = 1;
    for (let count = 0; count < 9; count++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError("unexpected EOF");
      low += (byte & 0x7f) * factor;
      if (byte < 0x80) return low;
      factor *= 128;
    }
    // Ten bytes: a negative number. The low 63 bits count from -2^63.
    this.#at++;
    return Number(BigInt.asIntN(64, this.#bigVarint(this.#at - 10)));
  }

  #bigVarint(from: number): bigint {
    let result = 0n;
    for (let index = 0; index < 10; index++) result |= BigInt(this.#bytes[from + index]! & 0x7f) << BigInt(index * 7);
    return result;
  }
}

const packed: ReadonlySet<string> = new Set(["int32", "int64"]);

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
