// CBOR answers, where the feature gate CBORServingAndStorage is on: made of the value each time. Upstream: KEP-4222.
import {
  type ApiResponse,
  builtinSchemas,
  type CborTypes,
  encodeCbor,
  encodeCborEvent,
  parseApiVersion,
  type WatchEventType,
  type WatchFrame,
} from "../../machinery/index.ts";

export const cborType = "application/cbor";
/** What watches are: one item after the other. */
export const cborSequence = "application/cbor-seq";
export const cborGate = "CBORServingAndStorage";

export const cborResponse = (status: number, value: object): ApiResponse => ({
  status,
  headers: { "content-type": cborType },
  bytes: [cborBytes(value)],
});

export const cborFrame = (type: WatchEventType, object: object): WatchFrame => ({
  type,
  bytes: encodeCborEvent(type, cborBytes(object)),
});

const cborBytes = (value: object): Uint8Array => encodeCbor(value, typesOf(value));

/** Custom resources have no fields of bytes: what is said to be base64 in their schemas is a text to upstream. */
function typesOf(value: object): CborTypes | undefined {
  const { apiVersion, kind } = value as { readonly apiVersion?: unknown; readonly kind?: unknown };
  if (typeof apiVersion !== "string" || typeof kind !== "string") return undefined;
  const schemas = builtinSchemas();
  const { group, version } = parseApiVersion(apiVersion);
  const schema = schemas.ofKind({ group, version, kind });
  if (schema !== undefined) return { schema, schemas };
  const item = kind.endsWith("List") ? schemas.ofKind({ group, version, kind: kind.slice(0, -4) }) : undefined;
  return item === undefined ? undefined : { schema: { p: { items: { t: "array", i: item } } }, schemas };
}
