// Encoders and decoders of the messages of gRPC services, made from a descriptor: facts of a .proto file.
import type * as protobuf from "protobufjs";

/** Plain object with the descriptor's field names; int64 as numbers, enums as names. */
export type GrpcMessage = Record<string, unknown>;

export interface GrpcMethod {
  readonly path: string;
  encode(message: GrpcMessage): Uint8Array;
  decode(bytes: Uint8Array): GrpcMessage;
}

/** By `SERVICE/METHOD`, without the package. */
export type GrpcMethods = ReadonlyMap<string, GrpcMethod>;

type FieldFact = readonly [number: number, type: string, ...rest: string[]];

export interface GrpcDescriptor {
  /** Of the names of messages and services, `runtime.v1`. */
  readonly package?: string;
  readonly messages: Readonly<Record<string, Readonly<Record<string, FieldFact>>>>;
  readonly enums?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly services: Readonly<
    Record<string, Readonly<Record<string, readonly [request: string, response: string, stream?: string]>>>
  >;
}

/** Decoders by the name of a message, for messages within `Any`. */
export interface GrpcCodec {
  readonly methods: GrpcMethods;
  decode(message: string, bytes: Uint8Array): GrpcMessage;
}

export async function grpcCodec(descriptor: GrpcDescriptor): Promise<GrpcCodec> {
  const protobufModule = await import("protobufjs");
  const { Root } = (protobufModule as unknown as { default?: typeof protobuf }).default ?? protobufModule;
  const { services } = descriptor;
  const before = descriptor.package === undefined ? "" : `${descriptor.package}.`;
  /** Nested names have no place in a flat namespace. */
  const flat = (name: string): string => name.replace(before, "").replaceAll(".", "_");
  const root = Root.fromJSON({ nested: nestedOf(descriptor, flat) });
  const decode = (message: string, bytes: Uint8Array): GrpcMessage => {
    const type = root.lookupType(flat(message));
    return type.toObject(type.decode(bytes), { longs: Number, enums: String, defaults: true });
  };
  const methods = new Map<string, GrpcMethod>();
  for (const [service, calls] of Object.entries(services))
    for (const [name, [request, response]] of Object.entries(calls)) {
      const from = root.lookupType(flat(request));
      methods.set(`${service.replace(before, "")}/${name}`, {
        path: `/${service}/${name}`,
        encode: (message) => from.encode(from.fromObject(message)).finish(),
        decode: (bytes) => decode(response, bytes),
      });
    }
  return { methods, decode };
}

function nestedOf(
  descriptor: GrpcDescriptor,
  flat: (name: string) => string,
): Record<string, protobuf.AnyNestedObject> {
  const nested: Record<string, protobuf.AnyNestedObject> = {};
  const enums = descriptor.enums ?? {};
  const localNames = new Map(Object.keys(enums).map((name) => [name, flat(name)]));
  for (const [name, values] of Object.entries(enums)) nested[flat(name)] = { values: { ...values } };
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
