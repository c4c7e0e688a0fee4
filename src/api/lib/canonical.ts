// The form in which upstream stores and returns objects: fields that its Go types leave out when empty are absent, fields
// that they always write are there. Clients compare what they read with what they wrote, so `image: ""` must vanish and
// `resources: {}` must appear. The table is facts/zero-values.json.
import table from "../../../facts/zero-values.json" with { type: "json" };
import type { KubeObject } from "../../machinery/index.ts";

interface Entry {
  readonly drop?: readonly string[];
  readonly fill?: Readonly<Record<string, unknown>>;
  readonly into?: Readonly<Record<string, string>>;
}

const entries = table as Readonly<Record<string, Entry>>;

/** `core.v1.Pod` of Pod in v1, `rbac.v1.Role` of Role in rbac.authorization.k8s.io/v1. */
const typeName = (kind: { group: string; version: string; kind: string }): string =>
  `${kind.group === "" ? "core" : kind.group.split(".", 1)[0]}.${kind.version}.${kind.kind}`;

/** Brings a draft into upstream's form in place. Kinds that the table does not know are left alone. Idempotent. */
export function canonicalize(draft: KubeObject, kind: { group: string; version: string; kind: string }): void {
  const entry = entries[typeName(kind)];
  if (entry !== undefined) canonicalizeStruct(draft as unknown as Record<string, unknown>, entry);
}

function canonicalizeStruct(object: Record<string, unknown>, entry: Entry): void {
  if (entry.drop !== undefined) {
    for (const name of entry.drop) if (name in object && isEmpty(object[name])) delete object[name];
  }
  if (entry.fill !== undefined) {
    for (const name in entry.fill) {
      if (object[name] === undefined || object[name] === null) object[name] = emptyValue(entry.fill[name]);
    }
  }
  if (entry.into === undefined) return;
  for (const name in entry.into) {
    const value = object[name];
    if (value === undefined || value === null) continue;
    const target = entry.into[name] as string;
    const isMap = target.endsWith("*");
    const inner = entries[isMap ? target.slice(0, -1) : target];
    if (inner !== undefined) canonicalizeValue(isMap ? Object.values(value) : value, inner);
  }
}

function canonicalizeValue(value: unknown, entry: Entry): void {
  if (Array.isArray(value)) for (const item of value) canonicalizeValue(item, entry);
  else if (value !== null && typeof value === "object") canonicalizeStruct(value as Record<string, unknown>, entry);
}

const emptyValue = (value: unknown): unknown => (value !== null && typeof value === "object" ? {} : value);

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== "object") return false;
  for (const _key in value) return false;
  return true;
}
