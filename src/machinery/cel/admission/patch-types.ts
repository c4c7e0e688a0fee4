// `Object{…}`, `Object.spec{…}` and `JSONPatch{…}`: what the expressions of mutating policies build.
// Upstream: k8s.io/apiserver/pkg/cel/mutation.
import { quoteGo } from "../../go-text.ts";
import { equal } from "../runtime/compare.ts";
import { type CelType, DYN, STRING, structType } from "../types.ts";
import {
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelStruct,
  CelTimestamp,
  CelUint,
  isError,
  type Result,
  type Value,
} from "../values.ts";

export const objectType = structType("Object");
export const jsonPatchType = structType("JSONPatch");

const isObjectName = (name: string): boolean => name === objectType.name || name.startsWith(`${objectType.name}.`);

export function findPatchType(name: string): CelType | undefined {
  if (name === jsonPatchType.name) return jsonPatchType;
  return isObjectName(name) ? structType(name) : undefined;
}

export function findPatchField(typeName: string, field: string): CelType | undefined {
  if (isObjectName(typeName)) return DYN;
  if (typeName !== jsonPatchType.name) return undefined;
  return ["op", "from", "path"].includes(field) ? STRING : DYN;
}

/** An object of fields that no schema has checked. */
export class BuiltObject extends CelStruct {
  readonly type: CelType;
  readonly fields: ReadonlyMap<string, Value>;

  constructor(type: CelType, fields: ReadonlyMap<string, Value>) {
    super();
    this.type = type;
    this.fields = fields;
  }

  field(name: string): Result | undefined {
    return this.fields.get(name) ?? new CelError(`no such key: ${name}`);
  }

  has(name: string): boolean {
    return this.fields.has(name);
  }

  equals(other: CelStruct): Result {
    if (!(other instanceof BuiltObject) || other.type.name !== this.type.name) return false;
    if (other.fields.size !== this.fields.size) return false;
    for (const [name, value] of this.fields) {
      const theirs = other.fields.get(name);
      if (theirs === undefined) return false;
      const same = equal(value, theirs);
      if (same !== true) return same;
    }
    return true;
  }
}

export function constructPatch(typeName: string, fields: ReadonlyMap<string, Value>): Result {
  if (isObjectName(typeName)) return new BuiltObject(structType(typeName), fields);
  if (typeName !== jsonPatchType.name) return new CelError(`unknown type '${typeName}'`);
  for (const [name, value] of fields) {
    if (name === "value") continue;
    if (!["op", "from", "path"].includes(name)) return new CelError(`unexpected JSONPatchType field: ${name}`);
    if (typeof value !== "string") return new CelError(`unexpected type for JSONPatchType '${name}' field`);
  }
  return new BuiltObject(jsonPatchType, fields);
}

const rootPath = (value: Value): readonly string[] => [
  value instanceof BuiltObject ? value.type.name : objectType.name,
];

/** Names of built types that do not say where they stand: `Object{spec: Object.status{}}`. Upstream's whole text. */
export function misplacedTypes(value: Value, path: readonly string[] = rootPath(value)): string[] {
  const found: string[] = [];
  if (value instanceof BuiltObject && value.type.name !== jsonPatchType.name) {
    const wanted = path.join(".");
    if (value.type.name !== wanted)
      found.push(
        `unexpected type name ${quoteGo(value.type.name)}, expected ${quoteGo(wanted)}, which matches field name path from root Object type`,
      );
    for (const [name, field] of value.fields) found.push(...misplacedTypes(field, [...path, name]));
  } else if (value instanceof CelList) {
    for (const element of value) if (!isError(element)) found.push(...misplacedTypes(element, path));
  } else if (value instanceof CelMap) {
    for (const key of value.keys()) {
      const member = value.find(key);
      if (member !== undefined && !isError(member)) found.push(...misplacedTypes(member, path));
    }
  }
  return found;
}

/** Thrown for values that JSON has no form for. */
export class NoJsonError extends Error {
  override readonly name = "NoJsonError";
}

/** A value as JSON. Durations and times are texts, bytes base64, 64-bit numbers that a double can not hold stay bigints. */
export function jsonOf(value: Result): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number")
    return value;
  if (typeof value === "bigint") return plain(value);
  if (value instanceof CelUint) return plain(value.value);
  if (value instanceof Uint8Array) return btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(""));
  if (value instanceof BuiltObject)
    return Object.fromEntries([...value.fields].map(([name, each]) => [name, jsonOf(each)]));
  if (value instanceof CelList) return Array.from(value, jsonOf);
  if (value instanceof CelMap)
    return Object.fromEntries(
      Array.from(value.keys(), (key) => [String(jsonOf(key)), jsonOf(value.find(key) ?? null)]),
    );
  if (value instanceof CelTimestamp) return timeText(value);
  if (value instanceof CelDuration) return `${Number(value.nanos) / 1e9}s`;
  throw new NoJsonError(isError(value) ? value.message : "the value has no JSON form");
}

const plain = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;

const timeText = ({ nanos }: CelTimestamp): string => {
  const text = new Date(Number(nanos / 1_000_000n)).toISOString();
  return text.replace(/\.?0*Z$/, "Z");
};
