// Objects on the wire: `k8s\0`, then runtime.Unknown with the type and the message. Watch events are framed by their length and have
// no envelope of their own; the object in them has. Upstream: k8s.io/apimachinery/pkg/runtime/serializer/protobuf.
import { badRequest, parseApiVersion, type WatchEventType } from "../../machinery/index.ts";
import { Reader, readMessage } from "./read.ts";
import { messageNameOf } from "./table.ts";
import { BackwardWriter, measureMessage, writeMessage } from "./write.ts";

const magic = Uint8Array.of(0x6b, 0x38, 0x73, 0);

export interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/** A message in its envelope. */
export function enveloped({ apiVersion, kind }: TypeMeta, message: Uint8Array): Uint8Array {
  const out = new BackwardWriter();
  // contentType and contentEncoding, empty.
  out.varint(0);
  out.tag(4, 2);
  out.varint(0);
  out.tag(3, 2);
  let from = out.length;
  out.bytes(message);
  out.close(2, from);
  from = out.length;
  for (const [number, text] of [
    [2, kind],
    [1, apiVersion],
  ] as const) {
    const before = out.length;
    out.text(text);
    out.close(number, before);
  }
  out.close(1, from);
  out.bytes(magic);
  return out.taken();
}

/** The message of an object without its envelope. Throws for a kind that protobuf does not have. */
export function messageBytes(object: object): Uint8Array {
  const { apiVersion, kind } = object as TypeMeta;
  const { group, version } = parseApiVersion(apiVersion);
  const name = messageNameOf(group, version, kind);
  if (name === undefined) throw new Error(`${kind} of ${apiVersion} has no protobuf message`);
  return writeMessage(name, object);
}

/** What an object in its envelope takes, in bytes and in values. Undefined for a kind that protobuf does not have. */
export function measureObject(object: object): { readonly bytes: number; readonly values: number } | undefined {
  const { apiVersion, kind } = object as TypeMeta;
  const { group, version } = parseApiVersion(apiVersion);
  const name = messageNameOf(group, version, kind);
  if (name === undefined) return undefined;
  const { bytes, values } = measureMessage(name, object);
  const envelope = enveloped({ apiVersion, kind }, nothing).length;
  // The length of the message stands in one byte when it is none.
  return { bytes: envelope - 1 + varintLength(bytes) + bytes, values };
}

const nothing = new Uint8Array(0);
const varintLength = (value: number): number => Math.max(1, Math.ceil((32 - Math.clz32(value)) / 7));

export const encodeProtobuf = (object: object): Uint8Array => enveloped(object as TypeMeta, messageBytes(object));

/** A list out of the messages of its items. */
export function encodeProtobufList(type: TypeMeta, metadata: object, items: readonly Uint8Array[]): Uint8Array {
  const out = new BackwardWriter();
  for (let index = items.length - 1; index >= 0; index--) {
    const from = out.length;
    out.bytes(items[index]!);
    out.close(2, from);
  }
  const from = out.length;
  out.bytes(writeMessage("k8s.io.apimachinery.pkg.apis.meta.v1.ListMeta", metadata));
  out.close(1, from);
  return enveloped(type, out.taken());
}

/** One event of a watch: length in four bytes, then WatchEvent around the object in its envelope. */
export function encodeProtobufEvent(type: WatchEventType, object: Uint8Array): Uint8Array {
  const out = new BackwardWriter();
  let from = out.length;
  out.bytes(object);
  out.close(1, from);
  out.close(2, 0);
  from = out.length;
  out.text(type);
  out.close(1, from);
  const event = out.taken();
  const frame = new Uint8Array(4 + event.length);
  new DataView(frame.buffer).setUint32(0, event.length);
  frame.set(event, 4);
  return frame;
}

const noMagic = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";

/** The value of a body, with kind and apiVersion. `expectedKind` words the error ("": the bare error). Throws StatusError 400. */
export function decodeProtobuf(bytes: Uint8Array, expectedKind: string): Record<string, unknown> {
  if (bytes.length === 0)
    throw badRequest(`the object provided is unrecognized (must be of type ${expectedKind}): empty data (<empty>)`);
  if (magic.some((byte, index) => bytes[index] !== byte))
    throw badRequest(
      expectedKind === ""
        ? noMagic
        : `the object provided is unrecognized (must be of type ${expectedKind}): ${noMagic} (${bytes[0] === 0x7b ? opening(bytes) : hex(bytes)})`,
    );
  try {
    const { typeMeta, raw } = readUnknown(bytes.subarray(4));
    const { kind = "", apiVersion = "" } = typeMeta;
    const { group, version } = parseApiVersion(apiVersion);
    const name = messageNameOf(group, version, kind);
    if (name === undefined)
      throw badRequest(
        `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/api/legacyscheme/scheme.go:30"`,
      );
    return { ...readMessage(name, raw), kind, apiVersion };
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(`${expectedKind} cannot be decoded: proto: ${error.message}`);
    throw error;
  }
}

/** What begins like JSON is shown as it is. */
const opening = (bytes: Uint8Array): string =>
  new TextDecoder().decode(bytes.subarray(0, 30)) + (bytes.length > 30 ? " ..." : "");

const hex = (bytes: Uint8Array): string => {
  const shown = Array.from(bytes.subarray(0, 30), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length > 30 ? `${shown} ...` : shown;
};

function readUnknown(bytes: Uint8Array): { typeMeta: Partial<TypeMeta>; raw: Uint8Array } {
  const reader = new Reader(bytes);
  let typeMeta: Partial<TypeMeta> = {};
  let raw: Uint8Array = new Uint8Array(0);
  reader.fields(bytes.length, (number, wire) => {
    if (number === 1) typeMeta = readMessage("k8s.io.apimachinery.pkg.runtime.TypeMeta", reader.take());
    else if (number === 2) raw = reader.take();
    else reader.pass(wire);
  });
  return { typeMeta, raw };
}
