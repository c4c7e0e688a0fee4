// Encoders and decoders of the CRI's messages, made from the descriptor in facts/proto/cri-v1.json, and of containerd's own event
// service. Loaded when a runtime is connected.
import type * as protobuf from "protobufjs";
import type { Message } from "./message.ts";

type FieldFact = readonly [number: number, type: string, ...rest: string[]];
interface Descriptor {
  readonly messages: Readonly<Record<string, Readonly<Record<string, FieldFact>>>>;
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly services: Readonly<
    Record<string, Readonly<Record<string, readonly [request: string, response: string, stream?: string]>>>
  >;
}

export interface Method {
  readonly path: string;
  readonly streams: boolean;
  encode(message: Message): Uint8Array;
  decode(bytes: Uint8Array): Message;
}

/** By `RuntimeService/RunPodSandbox`. */
export type Methods = ReadonlyMap<string, Method>;

const packageName = "runtime.v1";
/** Nested names have no place in a flat namespace. */
const flat = (name: string): string => name.replace(`${packageName}.`, "").replaceAll(".", "_");

/** Facts of containerd's API: api/services/events/v1/events.proto and api/events/{task,container}.proto, as far as they are read. */
const containerdEvents: Descriptor = {
  messages: {
    SubscribeRequest: { filters: [1, "string", "repeated"] },
    Envelope: { namespace: [2, "string"], topic: [3, "string"], event: [4, "Any"] },
    Any: { type_url: [1, "string"], value: [2, "bytes"] },
    /** Every event of a task or container begins with the container's id. */
    OfContainer: { container_id: [1, "string"] },
    /** `id` differs from the container's where a process of `exec` ended. */
    TaskExit: { container_id: [1, "string"], id: [2, "string"] },
  },
  enums: {},
  services: { "containerd.services.events.v1.Events": { Subscribe: ["SubscribeRequest", "Envelope", "stream"] } },
};

export async function loadMethods(): Promise<Methods> {
  const [{ default: cri }, protobufModule] = await Promise.all([
    import("../../../facts/proto/cri-v1.json", { with: { type: "json" } }) as unknown as Promise<{
      default: Descriptor;
    }>,
    import("protobufjs"),
  ]);
  const { Root } = (protobufModule as unknown as { default?: typeof protobuf }).default ?? protobufModule;
  const methods = new Map<string, Method>();
  for (const descriptor of [cri, containerdEvents]) {
    const root = Root.fromJSON({ nested: nestedOf(descriptor) });
    for (const [service, calls] of Object.entries(descriptor.services))
      for (const [name, [request, response, stream]] of Object.entries(calls)) {
        const from = root.lookupType(flat(request));
        methods.set(`${service.replace(`${packageName}.`, "")}/${name}`, {
          path: `/${service}/${name}`,
          streams: stream !== undefined,
          encode: (message) => from.encode(from.fromObject(message)).finish(),
          decode: decoderOf(root, flat(response)),
        });
      }
  }
  return methods;
}

function decoderOf(root: protobuf.Root, name: string): (bytes: Uint8Array) => Message {
  const type = root.lookupType(name);
  const plain = (bytes: Uint8Array): Message =>
    type.toObject(type.decode(bytes), { longs: Number, enums: String, defaults: true });
  if (name !== "Envelope") return plain;
  const [ofExit, ofContainer] = [decoderOf(root, "TaskExit"), decoderOf(root, "OfContainer")];
  return (bytes) => {
    const { event, ...envelope } = plain(bytes);
    const { type_url, value } = event as { type_url: string; value: Uint8Array };
    return { ...envelope, event: (type_url.endsWith(".TaskExit") ? ofExit : ofContainer)(value) };
  };
}

function nestedOf(descriptor: Descriptor): Record<string, protobuf.AnyNestedObject> {
  const nested: Record<string, protobuf.AnyNestedObject> = {};
  const localNames = new Map(Object.keys(descriptor.enums).map((name) => [name, flat(name)]));
  for (const [name, values] of Object.entries(descriptor.enums)) nested[flat(name)] = { values: { ...values } };
  for (const [name, fields] of Object.entries(descriptor.messages)) {
    const made: Record<string, object> = {};
    for (const [field, fact] of Object.entries(fields))
      made[field] = fieldOf(fact, (type) => localNames.get(`${name}.${type}`) ?? flat(type));
    nested[flat(name)] = { fields: made as Record<string, protobuf.IField> };
  }
  return nested;
}

function fieldOf([id, type, ...rest]: FieldFact, typeName: (type: string) => string): object {
  const map = /^map<(\w+),\s*(\w+)>$/.exec(type);
  if (map !== null) return { id, keyType: map[1], type: typeName(map[2]!) };
  return { id, type: typeName(type), ...(rest.includes("repeated") ? { rule: "repeated" } : {}) };
}
