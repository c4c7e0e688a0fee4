/**
 * JSON values as CEL values of a schema, read in place: nothing is copied or converted before an expression looks at it.
 * Objects, also those with fields, are maps at run time. Source: k8s.io/apiserver/pkg/cel/common/valuesunstructured.go.
 */
import { JsonNumber, plainNumber } from "../../../codec/json-text.ts";
import { deepEqual, isObject } from "../../../equal.ts";
import { equal } from "../../runtime/compare.ts";
import { opaqueType } from "../../types.ts";
import {
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelOpaque,
  CelTimestamp,
  type Result,
  type Value,
} from "../../values.ts";
import { escapeName, unescapeName } from "../text/escaping.ts";
import { goTypeName } from "../text/go-type-name.ts";
import {
  decodeUrlBase64,
  parseDate,
  parseDateTime,
  parseWordyDuration,
  timeParseError,
} from "../text/string-formats.ts";
import { MapListOfValues, SetListOfValues } from "./json-lists.ts";
import {
  additionalOf,
  isEmbedded,
  isIntOrString,
  itemsOf,
  propertyOf,
  type RuleSchema,
  withTypeAndObjectMeta,
} from "./schema.ts";

const invalid = (expectation: string, value: unknown): CelError =>
  new CelError(`invalid data, expected ${expectation}, got ${goTypeName(value)}`);

/** The CEL value of a JSON value, or an error when it does not fit its schema. */
export function schemaValue(json: unknown, schema: RuleSchema): Result {
  if (json === null || json === undefined)
    return schema.nullable === true ? null : new CelError("invalid data, got null for schema with nullable=false");
  const value = json instanceof JsonNumber ? plainNumber(json.text) : json;
  if (isIntOrString(schema)) {
    if (typeof value === "string") return value;
    return integer(value) ?? new CelError("invalid data, expected XIntOrString value to be either a string or integer");
  }
  switch (schema.type) {
    case "object":
      return isObject(value) && isPlain(value)
        ? new JsonMap(value, isEmbedded(schema) ? withTypeAndObjectMeta(schema) : schema)
        : new CelError("invalid data, expected a map for the provided schema with type=object");
    case "array":
      return listValue(value, schema);
    case "string":
      return typeof value === "string" ? textValue(value, schema.format) : invalid("string", value);
    case "number":
      return typeof value === "number" || typeof value === "bigint" ? Number(value) : invalid("float", value);
    case "integer":
      return integer(value) ?? invalid("int", value);
    case "boolean":
      return typeof value === "boolean" ? value : invalid("bool", value);
    default:
      if (schema["x-kubernetes-preserve-unknown-fields"] === true) return new PreservedValue(value);
      return new CelError(
        `invalid type, expected object, array, number, integer, boolean or string, or no type with x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got ${schema.type ?? ""}`,
      );
  }
}

function integer(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

/** Whether an object is JSON rather than a CEL value that was put into a list. */
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

function listValue(value: unknown, schema: RuleSchema): Result {
  if (!Array.isArray(value))
    return new CelError("invalid data, expected an array for the provided schema with type=array");
  const items = itemsOf(schema);
  if (items === undefined) return new CelError("invalid array type, expected Items with a non-empty Schema");
  const listType = schema["x-kubernetes-list-type"] ?? "";
  switch (listType) {
    case "map":
      return new MapList(value, items, schema["x-kubernetes-list-map-keys"] ?? []);
    case "set":
      return new SetList(value, items);
    case "":
    case "atomic":
      return new JsonList(value, items);
    default:
      return new CelError(`invalid x-kubernetes-list-type, expected 'map', 'set' or 'atomic' but got ${listType}`);
  }
}

const nanosPerDay = 86_400_000_000_000n;

function textValue(text: string, format: string | undefined): Result {
  switch (format) {
    case "duration": {
      const nanos = parseWordyDuration(text);
      if (nanos === undefined) return new CelError(`Invalid duration ${text}: unable to parse ${text} as duration`);
      return new CelDuration(nanos);
    }
    case "date": {
      const days = parseDate(text);
      if (days === undefined)
        return new CelError(`Invalid date formatted string ${text}: ${timeParseError(text, "2006-01-02", "2006")}`);
      return new CelTimestamp(BigInt(days) * nanosPerDay);
    }
    case "date-time": {
      const time = parseDateTime(text);
      if (time === undefined)
        return new CelError(
          `Invalid date-time formatted string ${text}: ${timeParseError(text, "2006-01-02T15:04:05", "2006")}`,
        );
      return new CelTimestamp(time.nanos, time.offsetSeconds);
    }
    case "byte": {
      const bytes = decodeUrlBase64(text);
      return typeof bytes === "string" ? new CelError(`Invalid byte formatted string ${text}: ${bytes}`) : bytes;
    }
    default:
      return text;
  }
}

/** A value that the schema keeps without knowing it: it can only be compared. */
class PreservedValue extends CelOpaque {
  readonly type = opaqueType("unknown");
  readonly json: unknown;

  constructor(json: unknown) {
    super();
    this.json = json;
  }

  equals(other: Value): Result {
    return deepEqual(this.json, nativeOf(other));
  }
}

/** An object or a map. Keys of objects are escaped, and null is as good as absent in them. */
class JsonMap extends CelMap {
  readonly json: Readonly<Record<string, unknown>>;
  readonly #schema: RuleSchema;

  constructor(json: Readonly<Record<string, unknown>>, schema: RuleSchema) {
    super();
    this.json = json;
    this.#schema = schema;
  }

  get size(): number {
    return Object.keys(this.json).length;
  }

  #schemaOf(key: string): RuleSchema | undefined {
    const schema = this.#schema;
    return isEmbedded(schema) || schema.properties !== undefined ? propertyOf(schema, key) : additionalOf(schema);
  }

  find(key: Value): Result | undefined {
    if (typeof key !== "string") return new CelError("no such overload");
    const ofObject = this.#schema.properties !== undefined;
    const name = ofObject ? unescapeName(key) : key;
    if (name === undefined || !Object.hasOwn(this.json, name)) return undefined;
    const value = this.json[name];
    if (ofObject && (value === null || value === undefined)) return undefined;
    const schema = this.#schemaOf(name);
    return schema === undefined ? undefined : schemaValue(value, schema);
  }

  *keys(): Iterable<Value> {
    const ofObject = this.#schema.properties !== undefined;
    for (const key of Object.keys(this.json)) {
      if (this.#schemaOf(key) === undefined) continue;
      yield ofObject ? (escapeName(key) ?? key) : key;
    }
  }

  /** Values that the schema does not know count when both objects have them. */
  override equals(other: CelMap): Result | undefined {
    if (this.size !== other.size) return false;
    for (const [key, value] of Object.entries(this.json)) {
      if (this.#schemaOf(key) === undefined) {
        if (!(other instanceof JsonMap)) return new CelError("no such overload");
        if (Object.hasOwn(other.json, key) && !deepEqual(value, other.json[key])) return false;
        continue;
      }
      const [own, others] = [this.find(key), other.find(key)];
      if ((own === undefined) !== (others === undefined)) return false;
      const same = own === undefined || others === undefined ? true : equalResults(own, others);
      if (same !== true) return same;
    }
    return true;
  }
}

function equalResults(a: Result, b: Result): Result {
  if (a instanceof CelError) return a;
  return b instanceof CelError ? b : equal(a, b);
}

/** A list without keys. */
class JsonList extends CelList {
  readonly json: readonly unknown[];
  protected readonly items: RuleSchema;

  constructor(json: readonly unknown[], items: RuleSchema) {
    super();
    this.json = json;
    this.items = items;
  }

  get size(): number {
    return this.json.length;
  }

  at(index: number): Result {
    return schemaValue(this.json[index], this.items);
  }

  override plus(other: CelList): Result | undefined {
    return new JsonList([...this.json, ...natives(other)], this.items);
  }
}

/** x-kubernetes-list-type=set: order does not matter, and adding leaves out what is there already. */
class SetList extends JsonList {
  #values: SetListOfValues | undefined;

  get #set(): SetListOfValues {
    this.#values ??= new SetListOfValues(this.json);
    return this.#values;
  }

  override equals(other: CelList): Result | undefined {
    return this.size === other.size && this.#set.hasAll(natives(other));
  }

  override plus(other: CelList): Result | undefined {
    return new SetList(this.#set.with(natives(other)), this.items);
  }
}

/** x-kubernetes-list-type=map: items are told apart by their keys; adding replaces those with the same keys. */
class MapList extends JsonList {
  readonly #keys: readonly string[];
  #values: MapListOfValues | undefined;

  constructor(json: readonly unknown[], items: RuleSchema, keys: readonly string[]) {
    super(json, items);
    this.#keys = keys;
  }

  get #map(): MapListOfValues {
    // Upstream looks the escaped names up in the objects, which finds nothing under a name that needs escapes.
    this.#values ??= new MapListOfValues(
      this.json,
      this.#keys.map((key) => escapeName(key) ?? key),
    );
    return this.#values;
  }

  override equals(other: CelList): Result | undefined {
    if (this.size !== other.size) return false;
    for (const element of other) {
      const own = this.#map.find(nativeOf(element));
      if (own === undefined) return false;
      const same = equalResults(schemaValue(own, this.items), element);
      if (same !== true) return same;
    }
    return true;
  }

  override plus(other: CelList): Result | undefined {
    return new MapList(this.#map.with(natives(other)), this.items, this.#keys);
  }
}

/** What upstream's `Value()` gives: JSON where the value came from JSON, and the CEL value itself otherwise. */
function nativeOf(value: Result): unknown {
  if (value instanceof JsonMap || value instanceof JsonList || value instanceof PreservedValue) return value.json;
  return value;
}

const natives = (list: CelList): readonly unknown[] =>
  list instanceof JsonList ? list.json : Array.from(list, (element) => nativeOf(element));

/** The CEL value of JSON without a schema: integers are int, other numbers double. */
export function dynamicValue(json: unknown): Value {
  const value = json instanceof JsonNumber ? plainNumber(json.text) : json;
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === "string" || typeof value === "boolean" || typeof value === "bigint") return value;
  if (Array.isArray(value)) return new DynamicList(value);
  if (isObject(value)) return new DynamicMap(value);
  throw new TypeError(`${typeof value} is no JSON value`);
}

/** A JSON array without a schema. */
class DynamicList extends CelList {
  readonly json: readonly unknown[];

  constructor(json: readonly unknown[]) {
    super();
    this.json = json;
  }

  get size(): number {
    return this.json.length;
  }

  at(index: number): Result {
    return dynamicValue(this.json[index]);
  }
}

/** A JSON object without a schema. */
class DynamicMap extends CelMap {
  readonly json: Readonly<Record<string, unknown>>;

  constructor(json: Readonly<Record<string, unknown>>) {
    super();
    this.json = json;
  }

  get size(): number {
    return Object.keys(this.json).length;
  }

  find(key: Value): Result | undefined {
    return typeof key === "string" && Object.hasOwn(this.json, key) ? dynamicValue(this.json[key]) : undefined;
  }

  keys(): Iterable<Value> {
    return Object.keys(this.json);
  }
}
