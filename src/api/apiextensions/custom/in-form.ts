// Objects that reading brings no further: what is decoded, or about to be stored, mostly is in its form already.
//
// Contract: true only where coercion.ts would change nothing, tell nothing and refuse nothing; false says nothing. Nothing is
// made on the way.
import { isObject, type ObjectMeta } from "../../../machinery/index.ts";
import { type JsonSchema, typeMetaFields } from "./schema.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** All of a resource but its metadata: no field that the schema does not know, no null that is no value. */
export function isPruned(resource: Readonly<Record<string, unknown>>, schema: JsonSchema): boolean {
  const root = shapeOf(schema);
  if (root.hasEmbedded) return false;
  for (const name in resource) {
    const property = root.properties.get(name);
    const value = resource[name];
    if (typeMetaFields.has(name)) {
      if (typeof value !== "string" && property !== undefined && !saysNothing(property) && hasNull(value)) return false;
    } else if (!isMember(value, property, root)) return false;
  }
  return true;
}

/** What a schema of `metadata: {type: object}` is. */
const saysNothing = (shape: Shape): boolean =>
  shape.properties.size === 0 && shape.additional === undefined && shape.items === undefined;

function hasNull(value: unknown): boolean {
  if (value === null || typeof value !== "object") return value === null;
  for (const name in value) if (hasNull((value as Record<string, unknown>)[name])) return true;
  return false;
}

function isMember(value: unknown, property: Shape | undefined, of: Shape): boolean {
  if (property !== undefined) return value === null ? property.keepsNull : isKept(value, property);
  if (of.isOpen) return value === null ? of.additional?.keepsNull !== false : isKept(value, of.additional);
  return of.preserves;
}

function isKept(value: unknown, shape: Shape | undefined): boolean {
  if (value === null || typeof value !== "object") return true;
  if (shape === undefined) return false;
  if (Array.isArray(value)) {
    for (const each of value) if (!isKept(each, shape.items)) return false;
    return true;
  }
  for (const name in value)
    if (!isMember((value as Record<string, unknown>)[name], shape.properties.get(name), shape)) return false;
  return true;
}

const canonicalTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string" && value !== "";
const isTime: Check = (value) => typeof value === "string" && canonicalTime.test(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && value !== 0;
const isFlag: Check = (value) => typeof value === "boolean";

const isTexts: Check = (value) => {
  if (!isObject(value)) return false;
  let some = false;
  for (const name in value) {
    if (typeof value[name] !== "string") return false;
    some = true;
  }
  return some;
};

const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every(check);

const structOf =
  (fields: Readonly<Record<string, Check>>, required: readonly string[] = []): Check =>
  (value) => {
    if (!isObject(value)) return false;
    for (const name in value) if (!Object.hasOwn(fields, name) || !fields[name]!(value[name])) return false;
    return required.every((name) => value[name] !== undefined);
  };

const isMetadata = structOf({
  name: isText,
  generateName: isText,
  namespace: isText,
  uid: isText,
  resourceVersion: isText,
  generation: isCount,
  creationTimestamp: isTime,
  deletionTimestamp: isTime,
  deletionGracePeriodSeconds: Number.isSafeInteger,
  labels: isTexts,
  annotations: isTexts,
  finalizers: listOf((value) => typeof value === "string"),
  ownerReferences: listOf(
    structOf(
      { apiVersion: isText, kind: isText, name: isText, uid: isText, controller: isFlag, blockOwnerDeletion: isFlag },
      ["apiVersion", "kind", "name", "uid"],
    ),
  ),
  managedFields: listOf(
    structOf({
      manager: isText,
      operation: isText,
      apiVersion: isText,
      time: isTime,
      fieldsType: isText,
      fieldsV1: isObject,
      subresource: isText,
    }),
  ),
});

/** Metadata as Go writes it: strict reading gives the very same. */
export const isCanonicalMeta = (metadata: unknown): metadata is ObjectMeta => isMetadata(metadata);
