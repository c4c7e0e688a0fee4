// What is on the wire where: messages and fields of facts/proto/k8s-api.json, compiled once per message when it is first met.
import table from "../../../facts/proto/k8s-api.json" with { type: "json" };

type RawField = readonly [name: string, type: string, flags?: number];
// Inferred from JSON, every message would be a type of its own.
const raw = table as unknown as Readonly<Record<string, Readonly<Record<string, RawField>>>>;

/** varint: bool and integers; fixed64: double; the others have a length. */
export type Scalar = "string" | "bytes" | "bool" | "int32" | "int64" | "double";

export interface WireField {
  readonly number: number;
  /** Member of the JSON object. */
  readonly name: string;
  readonly scalar: Scalar | undefined;
  /** Full name of the message, when it is no scalar. */
  readonly message: string;
  /** The value type is that of a map with string keys. */
  readonly map: boolean;
  readonly repeated: boolean;
  /** Left out when not set; every other field is written with its zero value, as Go writes what is no pointer. */
  readonly optional: boolean;
  /** A nested message on the wire whose fields stand in the object around it in JSON. */
  readonly inline: boolean;
}

export interface WireMessage {
  readonly name: string;
  readonly byNumber: readonly (WireField | undefined)[];
  /** Highest number first: messages are written from their end. */
  readonly descending: readonly WireField[];
}

const scalars: ReadonlySet<string> = new Set<Scalar>(["string", "bytes", "bool", "int32", "int64", "double"]);
const compiled = new Map<string, WireMessage>();

/** Throws for a name that the facts do not have. */
export function messageOf(name: string): WireMessage {
  let message = compiled.get(name);
  if (message === undefined) compiled.set(name, (message = compile(name)));
  return message;
}

function compile(name: string): WireMessage {
  const fields = raw[name];
  if (fields === undefined) throw new Error(`facts/proto/k8s-api.json has no ${name}`);
  const byNumber: WireField[] = [];
  for (const [number, [field, type, flags = 0]] of Object.entries(fields)) {
    const map = type.startsWith("map<");
    const value = map ? type.slice("map<string,".length, -1) : type;
    const scalar = scalars.has(value) ? (value as Scalar) : undefined;
    byNumber[Number(number)] = {
      number: Number(number),
      name: field,
      scalar,
      message: scalar === undefined ? value : "",
      map,
      repeated: (flags & 1) !== 0,
      optional: (flags & 2) !== 0,
      inline: (flags & 4) !== 0,
    };
  }
  return { name, byNumber, descending: byNumber.filter((each) => each !== undefined).reverse() };
}

/** Fields of a message by their JSON names, those of inlined messages among them; undefined when there is no such message. */
export function messageFields(name: string): ReadonlyMap<string, WireField> | undefined {
  if (raw[name] === undefined) return undefined;
  return new Map(
    messageOf(name).descending.flatMap((field) =>
      field.inline ? [...(messageFields(field.message) ?? [])] : [[field.name, field] as const],
    ),
  );
}

export const metaPackage = "k8s.io.apimachinery.pkg.apis.meta.v1.";

/** Groups whose package is not the first part of their name below k8s.io/api. */
const packages: Readonly<Record<string, string>> = {
  "": "k8s.io.api.core",
  "rbac.authorization.k8s.io": "k8s.io.api.rbac",
  "internal.apiserver.k8s.io": "k8s.io.api.apiserverinternal",
  "flowcontrol.apiserver.k8s.io": "k8s.io.api.flowcontrol",
  "apiextensions.k8s.io": "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions",
  "apiregistration.k8s.io": "k8s.io.kube_aggregator.pkg.apis.apiregistration",
  "metrics.k8s.io": "k8s.io.metrics.pkg.apis.metrics",
};

/**
 * Message of a kind. Options, Status and metadata travel under the group of the request as well as under their own. Undefined:
 * protobuf does not know it (Table, custom resources).
 */
export function messageNameOf(group: string, version: string, kind: string): string | undefined {
  const own = `${packages[group] ?? `k8s.io.api.${group.split(".", 1)[0]}`}.${version}.${kind}`;
  if (raw[own] !== undefined) return own;
  if (group !== "meta.k8s.io" && !sharedKinds.has(kind)) return undefined;
  return raw[metaPackage + kind] === undefined ? undefined : metaPackage + kind;
}

/** Registered by upstream's scheme for every group version. */
const sharedKinds: ReadonlySet<string> = new Set([
  "Status",
  "WatchEvent",
  "ListOptions",
  "GetOptions",
  "DeleteOptions",
  "CreateOptions",
  "UpdateOptions",
  "PatchOptions",
  "APIVersions",
  "APIGroup",
  "APIGroupList",
  "APIResourceList",
]);
