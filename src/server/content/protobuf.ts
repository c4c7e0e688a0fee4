// Protobuf answers: made for who asks for them, then kept beside the JSON of the object in the watch cache. The encoder and its tables
// are loaded when the first client asks.
import type { ApiResponse, KubeObject, WatchEventType, WatchFrame } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import { servedForm } from "../registry/store-object.ts";
import type { CachedObject } from "../watchcache/index.ts";
import { loadProtobuf, type Protobuf, readyProtobuf } from "./protobuf-codec.ts";

export { loadProtobuf };

export const protobufType = "application/vnd.kubernetes.protobuf";

export async function protobufResponse(status: number, value: object): Promise<ApiResponse> {
  const { encodeProtobuf } = await loadProtobuf();
  const typed = "apiVersion" in value ? value : { ...value, apiVersion: "" };
  return { status, headers: { "content-type": protobufType }, bytes: [encodeProtobuf(typed)] };
}

export async function protobufObject(
  status: number,
  resource: ServedResource,
  object: CachedObject,
): Promise<ApiResponse> {
  const protobuf = await loadProtobuf();
  return { status, headers: { "content-type": protobufType }, bytes: [whole(protobuf, resource, object)] };
}

export async function protobufList(
  resource: ServedResource,
  metadata: object,
  items: readonly CachedObject[],
): Promise<ApiResponse> {
  const protobuf = await loadProtobuf();
  const type = { apiVersion: resource.apiVersion, kind: `${resource.kind.kind}List` };
  const messages = items.map((item) => messageOf(protobuf, resource, item));
  const bytes = protobuf.encodeProtobufList(type, metadata, messages);
  return { status: 200, headers: { "content-type": protobufType }, bytes: [bytes] };
}

/** The frame of an event about a stored object. `loadProtobuf` has been awaited. */
export function protobufFrame(type: WatchEventType, resource: ServedResource, object: CachedObject): WatchFrame {
  const protobuf = readyProtobuf();
  return { type, bytes: protobuf.encodeProtobufEvent(type, whole(protobuf, resource, object)) };
}

/** The same for any other object. */
export function protobufValueFrame(type: WatchEventType, object: object): WatchFrame {
  const { encodeProtobufEvent, encodeProtobuf } = readyProtobuf();
  return { type, bytes: encodeProtobufEvent(type, encodeProtobuf(object)) };
}

const whole = (protobuf: Protobuf, resource: ServedResource, object: CachedObject): Uint8Array =>
  protobuf.enveloped(
    { apiVersion: resource.apiVersion, kind: resource.kind.kind },
    messageOf(protobuf, resource, object),
  );

/** Objects that are served in another version than they are stored in are converted each time. */
function messageOf(protobuf: Protobuf, resource: ServedResource, object: CachedObject): Uint8Array {
  if (resource.rules.convert !== undefined) return protobuf.messageBytes(servedForm(resource, object));
  const type = { apiVersion: resource.apiVersion, kind: resource.kind.kind };
  return object.protobuf((stored: KubeObject) => protobuf.messageBytes({ ...stored, ...type }));
}
