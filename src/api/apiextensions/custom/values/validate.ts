// Values against the schema of their custom resource, with upstream's texts.
// Upstream: kube-openapi pkg/validation/validate, apiextensions-apiserver pkg/apiserver/validation.
import { type FieldError, isObject, quoteGo } from "../../../../machinery/index.ts";
import { formatCheck, isKnownFormat } from "../formats.ts";
import { additionalOf, isIntOrString, itemsOf, type JsonSchema, propertyOf } from "../schema.ts";
import { isCertainlyValid } from "./certain.ts";
import { Correlated, strictlyEqual } from "./correlation.ts";
import {
  add,
  fieldErrors,
  invalidType,
  isFull,
  merge,
  one,
  other,
  type Place,
  plain,
  type Result,
  result,
} from "./findings.ts";
import { checkEnum, checkFormat, checkNumber, checkString, checkType } from "./scalars.ts";

/** Findings about a value; `at` is the path of the value, "" for a whole resource. */
export function validateValue(value: unknown, schema: JsonSchema, at = ""): FieldError[] {
  if (isCertainlyValid(value, schema)) return [];
  return fieldErrors(validate(value, schema, { path: "", correlated: undefined }), at);
}

/** The same for a default, which upstream judges by another form of the schema. */
export function validateDefaultValue(value: unknown, schema: JsonSchema, at: string): FieldError[] {
  return fieldErrors(validate(value, schema, { path: "", correlated: undefined, loose: true }), at);
}

/** The same for a change: what did not change is not held against the object. */
export function validateChange(
  schema: JsonSchema,
  change: { readonly value: unknown; readonly old: unknown; readonly correlated?: Correlated },
  at = "",
): FieldError[] {
  if (isCertainlyValid(change.value, schema)) return [];
  const correlated = change.correlated ?? new Correlated(change.value, change.old, schema);
  return fieldErrors(ratchet(schema, { path: "", correlated }), at);
}

function ratchet(schema: JsonSchema, place: { readonly path: string; readonly correlated: Correlated }): Result {
  const found = validate(place.correlated.value, schema, place);
  if (found.findings.length > 0 && place.correlated.same) return { findings: [], matched: found.matched };
  return found;
}

function member(value: unknown, schema: JsonSchema, of: { place: Place; name: string; path: string }): Result {
  const { place, name, path } = of;
  const child = place.correlated?.key(name);
  if (child === undefined || (place.path === "" && (name === "kind" || name === "apiVersion")))
    return validate(value, schema, { ...place, path, correlated: undefined });
  return ratchet(schema, { path, correlated: child });
}

/** A format that means nothing for the type is passed over. */
function formatOf(schema: JsonSchema): string {
  const type = schema["x-kubernetes-int-or-string"] === true ? "" : (schema.type ?? "");
  return schema.format !== undefined && isKnownFormat(type, schema.format) ? schema.format : "";
}

const typesOf = (schema: JsonSchema): readonly string[] =>
  schema["x-kubernetes-int-or-string"] === true
    ? ["integer", "string"]
    : schema.type === undefined || schema.type === ""
      ? []
      : [schema.type];

function validate(value: unknown, schema: JsonSchema, place: Place): Result {
  const found = result();
  const types = place.loose === true && isIntOrString(schema) ? [] : typesOf(schema);
  const format = place.loose === true ? (schema.format ?? "") : formatOf(schema);
  if (value === null || value === undefined) {
    merge(found, checkNull(schema, types, place));
    return found;
  }
  const run = (part: Result | undefined): void => {
    if (part !== undefined) merge(found, part);
    found.matched++;
  };
  if (types.length > 0 || format !== "") run(checkType(value, { types, format, place }));
  run(checkAlternatives(value, schema, place));
  if (typeof value === "string") {
    run(checkString(value, schema, place));
    if (format !== "" && formatCheck(format) !== undefined) run(checkFormat(value, format, place));
  }
  if (typeof value === "number" || typeof value === "bigint") run(checkNumber(value, schema, { place, format }));
  if (Array.isArray(value)) run(checkList(value, schema, place));
  run(checkEnum(value, schema, place));
  if (isObject(value)) run(checkObject(value, schema, place));
  found.matched++;
  return found;
}

function checkNull(schema: JsonSchema, types: readonly string[], place: Place): Result {
  const found = result();
  if (types.length > 0 && !types.includes("null") && schema.nullable !== true)
    add(found, invalidType(place, types.join(","), "null"));
  else found.matched++;
  const wrong = checkEnum(null, schema, place);
  if (wrong !== undefined) merge(found, wrong);
  return found;
}

function checkList(list: readonly unknown[], schema: JsonSchema, place: Place): Result {
  const found = result();
  const items = itemsOf(schema);
  if (items !== undefined)
    list.forEach((each, index) => {
      if (isFull(found)) return;
      const path = `${place.path}[${index}]`;
      const child = place.correlated?.index(index);
      merge(
        found,
        child === undefined
          ? validate(each, items, { ...place, path, correlated: undefined })
          : ratchet(items, { path, correlated: child }),
      );
    });
  const { minItems, maxItems } = schema;
  if (minItems !== undefined && list.length < minItems)
    add(found, other(place, list.length, `should have at least ${minItems} items`));
  if (maxItems !== undefined && list.length > maxItems)
    add(found, {
      ...other(place, list.length, `should have at most ${maxItems} items`),
      code: "tooMany",
      limit: maxItems,
    });
  if (
    schema.uniqueItems === true &&
    list.some((each, index) => list.slice(0, index).some((o) => strictlyEqual(o, each)))
  )
    add(found, other(place, undefined, "shouldn't contain duplicates"));
  found.matched++;
  return found;
}

function checkObject(value: Record<string, unknown>, schema: JsonSchema, place: Place): Result {
  const found = result();
  const { path } = place;
  const keys = Object.keys(value);
  const { minProperties, maxProperties, additionalProperties } = schema;
  if (minProperties !== undefined && keys.length < minProperties)
    add(found, other(place, keys.length, `should have at least ${minProperties} properties`));
  if (maxProperties !== undefined && keys.length > maxProperties)
    add(found, {
      ...other(place, keys.length, `should have at most ${maxProperties} properties`),
      code: "tooMany",
      limit: maxProperties,
    });
  const additional = additionalOf(schema);
  for (const key of keys) {
    if (isFull(found)) break;
    if (propertyOf(schema, key) !== undefined) continue;
    if (additionalProperties === false)
      add(found, { code: "other", name: path, value: key, message: `${path}.${key} in body is a forbidden property` });
    else if (additional !== undefined)
      merge(found, member(value[key], additional, { place, name: key, path: `${path}.${key}` }));
  }
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    if (Object.hasOwn(value, name) && value[name] !== undefined)
      merge(found, member(value[name], property, { place, name, path: path === "" ? name : `${path}.${name}` }));
  for (const name of schema.required ?? [])
    if (!Object.hasOwn(value, name) || value[name] === undefined)
      add(found, {
        code: "required",
        name: `${path}.${name}`,
        value: undefined,
        message: `${path}.${name} in body is required`,
      });
  return found;
}

function checkAlternatives(value: unknown, schema: JsonSchema, place: Place): Result {
  const found = result();
  if ((schema.anyOf?.length ?? 0) > 0) merge(found, anyOf(value, schema.anyOf!, place));
  if ((schema.oneOf?.length ?? 0) > 0) merge(found, oneOf(value, schema.oneOf!, place));
  if ((schema.allOf?.length ?? 0) > 0) merge(found, allOf(value, schema.allOf!, place));
  if (schema.not !== undefined && validate(value, schema.not, place).findings.length === 0)
    add(found, plain(`${quoteGo(place.path)} must not validate the schema (not)`));
  found.matched++;
  return found;
}

function anyOf(value: unknown, schemas: readonly JsonSchema[], place: Place): Result {
  let best: Result | undefined;
  for (const schema of schemas) {
    const tried = validate(value, schema, place);
    if (tried.findings.length === 0) return tried;
    if (best === undefined || tried.matched > best.matched) best = tried;
  }
  const found = one(plain(`${quoteGo(place.path)} must validate at least one schema (anyOf)`));
  if (best !== undefined) merge(found, best);
  return found;
}

function oneOf(value: unknown, schemas: readonly JsonSchema[], place: Place): Result {
  let best: Result | undefined;
  let first: Result | undefined;
  let valid = 0;
  for (const schema of schemas) {
    const tried = validate(value, schema, place);
    if (tried.findings.length === 0) {
      valid++;
      best = undefined;
      first ??= tried;
    } else if (valid === 0 && (best === undefined || tried.matched > best.matched)) best = tried;
  }
  if (valid === 1) return first!;
  const why = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`;
  const found = one(plain(`${quoteGo(place.path)} must validate one and only one schema (oneOf). ${why}`));
  if (best !== undefined) merge(found, best);
  return found;
}

function allOf(value: unknown, schemas: readonly JsonSchema[], place: Place): Result {
  const found = result();
  let valid = 0;
  for (const schema of schemas) {
    const tried = validate(value, schema, place);
    if (tried.findings.length === 0) valid++;
    merge(found, tried);
  }
  if (valid !== schemas.length)
    add(
      found,
      plain(`${quoteGo(place.path)} must validate all the schemas (allOf)${valid === 0 ? ". None validated" : ""}`),
    );
  return found;
}
