/**
 * CEL types of structural schemas, with how many elements a value can have at most: declared, or as many as fit into a
 * request. Sources: k8s.io/apiserver/pkg/cel/types.go, common/schemas.go.
 */
import { utf8Length } from "../../../names.ts";
import type { TypeProvider } from "../../contract.ts";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  structType,
  TIMESTAMP,
} from "../../types.ts";
import { CelError } from "../../values.ts";
import {
  jsonDateSize,
  maxDatetimeSizeJson,
  maxDurationSizeJson,
  maxRequestSizeBytes,
  minBoolSize,
  minDatetimeSizeJson,
  minDurationSizeJson,
  minNumberSize,
  minStringSize,
} from "../limits.ts";
import { escapeName, isReservedWord } from "../text/escaping.ts";
import { additionalOf, isEmbedded, isIntOrString, itemsOf, type RuleSchema, withTypeAndObjectMeta } from "./schema.ts";

/** The type of the values of a schema. */
export interface DeclType {
  readonly celType: CelType;
  /** Of objects: by escaped name. */
  readonly fields?: ReadonlyMap<string, DeclType>;
  readonly keyType?: DeclType;
  /** Of lists and maps. */
  readonly elemType?: DeclType;
  /** Most characters, bytes, items or entries; 0 where that has no meaning. */
  readonly maxElements: number;
  /** Bytes of the shortest JSON. */
  readonly minSerializedSize: number;
}

const simple = (celType: CelType, minSerializedSize: number, maxElements = 0): DeclType => ({
  celType,
  maxElements,
  minSerializedSize,
});

const stringType = simple(STRING, minStringSize);
const boolType = simple(BOOL, minBoolSize);
const doubleType = simple(DOUBLE, minNumberSize);
const intType = simple(INT, minNumberSize);

/** Objects are given their names later, when they are part of a root. */
const unnamed = structType("object");
const longestString = maxRequestSizeBytes - 2;
const notNegative = (count: number): number => Math.max(count, 0);

/** The type of a schema's values; undefined when CEL cannot see them, as fields without a type. `root`: of a resource. */
export function declTypeOf(schema: RuleSchema, root: boolean): DeclType | undefined {
  if (isIntOrString(schema)) return simple(DYN, 1, longestOf(schema, longestString));
  const full = root ? withTypeAndObjectMeta(schema) : schema;
  switch (full.type) {
    case "array":
      return listType(full);
    case "object":
      return objectType(full);
    case "string":
      return textType(full);
    case "boolean":
      return boolType;
    case "number":
      return doubleType;
    case "integer":
      return intType;
    default:
      return undefined;
  }
}

function listType(schema: RuleSchema): DeclType | undefined {
  const items = itemsOf(schema);
  const elemType = items && declTypeOf(items, isEmbedded(items));
  if (elemType === undefined) return undefined;
  const fitting = Math.floor(longestString / (elemType.minSerializedSize + 1));
  return listOfDecl(elemType, schema.maxItems === undefined ? fitting : notNegative(schema.maxItems));
}

const listOfDecl = (elemType: DeclType, maxElements: number): DeclType => ({
  celType: listOf(elemType.celType),
  elemType,
  maxElements,
  minSerializedSize: 2,
});

const mapOfDecl = (elemType: DeclType, maxElements: number): DeclType => ({
  celType: mapOf(STRING, elemType.celType),
  keyType: stringType,
  elemType,
  maxElements,
  minSerializedSize: 2,
});

function objectType(schema: RuleSchema): DeclType | undefined {
  const additional = additionalOf(schema);
  if (additional !== undefined) {
    const elemType = declTypeOf(additional, isEmbedded(additional));
    if (elemType === undefined) return undefined;
    const fitting = Math.floor(longestString / (elemType.minSerializedSize + 6));
    return mapOfDecl(elemType, schema.maxProperties === undefined ? fitting : notNegative(schema.maxProperties));
  }
  const required = new Set(schema.required);
  const fields = new Map<string, DeclType>();
  let minSerializedSize = 2;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const type = declTypeOf(property, isEmbedded(property));
    if (type === undefined) continue;
    const escaped = escapeName(name);
    if (escaped !== undefined) fields.set(escaped, type);
    if (required.has(name) && (property.default ?? null) === null)
      minSerializedSize += utf8Length(name) + type.minSerializedSize + 4;
  }
  return { celType: unnamed, fields, maxElements: 0, minSerializedSize };
}

function textType(schema: RuleSchema): DeclType {
  switch (schema.format) {
    case "byte":
      return simple(
        BYTES,
        minStringSize,
        schema.maxLength === undefined ? longestString : notNegative(schema.maxLength),
      );
    case "duration":
      return simple(DURATION, minDurationSizeJson, maxDurationSizeJson);
    case "date":
      return simple(TIMESTAMP, jsonDateSize, jsonDateSize);
    case "date-time":
      return simple(TIMESTAMP, minDatetimeSizeJson, maxDatetimeSizeJson);
    default: {
      const values = schema.enum ?? [];
      const longest = values.length > 0 ? longestValue(values) : longestString;
      return simple(STRING, minStringSize, longestOf(schema, longest));
    }
  }
}

/** maxLength counts code points of up to four bytes. */
const longestOf = (schema: RuleSchema, otherwise: number): number =>
  schema.maxLength === undefined ? otherwise : notNegative(schema.maxLength) * 4;

const longestValue = (values: readonly unknown[]): number =>
  values.reduce<number>(
    (longest, value) => (typeof value === "string" ? Math.max(longest, utf8Length(value)) : longest),
    0,
  );

/** The type with names for its objects: `root`, `root.field`, `root.list.@idx`, `root.map.@elem`. */
export function namedDeclType(type: DeclType, name: string): DeclType {
  const { elemType, fields } = type;
  if (elemType !== undefined) {
    const list = type.keyType === undefined;
    const named = namedDeclType(elemType, `${name}.${list ? "@idx" : "@elem"}`);
    if (named === elemType) return type;
    return list ? listOfDecl(named, type.maxElements) : mapOfDecl(named, type.maxElements);
  }
  if (fields === undefined) return type;
  const entries = [...fields].map(([field, of]) => [field, namedDeclType(of, `${name}.${field}`)] as const);
  return { ...type, celType: structType(name), fields: new Map(entries), maxElements: 0 };
}

/** Finds the objects below some named types. Objects cannot be built in expressions. */
export function declTypeProvider(...roots: readonly DeclType[]): TypeProvider {
  const types = new Map<string, DeclType>();
  const collect = (type: DeclType): void => {
    if (type.fields !== undefined) types.set(type.celType.name, type);
    if (type.elemType !== undefined) collect(type.elemType);
    for (const field of type.fields?.values() ?? []) collect(field);
  };
  for (const root of roots) collect(root);
  return {
    findType: (name) => types.get(name)?.celType,
    findField: (typeName, field) => {
      const fields = types.get(typeName)?.fields;
      const found = fields?.get(field) ?? (isReservedWord(field) ? fields?.get(`__${field}__`) : undefined);
      return found?.celType;
    },
    fieldNames: () => [],
    construct: (typeName) => new CelError(`unknown type '${typeName}'`),
  };
}
