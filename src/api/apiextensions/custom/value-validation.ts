// Values against the schema of their custom resource, with upstream's texts.
// Upstream: kube-openapi pkg/validation/validate, apiextensions-apiserver pkg/apiserver/validation.
import { type FieldError, field, goFloat, isObject, mostFindings, quoteGo } from "../../../machinery/index.ts";
import { compileGoPattern } from "../../../machinery/regexp/index.ts";
import { isCertainlyValid } from "./certain.ts";
import { Correlated, strictlyEqual } from "./correlation.ts";
import { formatCheck, isKnownFormat } from "./formats.ts";
import { additionalOf, isIntOrString, itemsOf, type JsonSchema, propertyOf } from "./schema.ts";

type Code = "required" | "enum" | "tooLong" | "tooMany" | "type" | "other";

/** `plain` findings have no field of their own: alternatives and number ranges. */
interface Finding {
  readonly code: Code | "plain";
  readonly name: string;
  readonly value: unknown;
  readonly message: string;
  readonly limit?: number;
  readonly values?: readonly unknown[];
}

/** `matched` counts checks that were made: of alternatives that all fail, the one with most is shown. */
interface Result {
  readonly findings: Finding[];
  matched: number;
  /** Of the findings, once there are many. */
  messages?: Set<string>;
  /** Of their messages. */
  characters?: number;
}

const result = (): Result => ({ findings: [], matched: 0 });

/** Findings that are compared one by one. */
const few = 8;

/** What is told has a bound; some messages list all values that are possible. */
const mostCharacters = 512 * 1024;

const isFull = ({ findings, characters = 0 }: Result): boolean =>
  findings.length >= mostFindings || characters > mostCharacters;

/** No message twice, and no more findings than are told. */
function add(into: Result, finding: Finding): void {
  const { findings } = into;
  if (findings.length < few) {
    if (findings.some((each) => each.message === finding.message)) return;
  } else {
    if (isFull(into)) return;
    into.messages ??= new Set(findings.map((each) => each.message));
    if (into.messages.has(finding.message)) return;
    into.messages.add(finding.message);
  }
  findings.push(finding);
  into.characters = (into.characters ?? 0) + finding.message.length;
}

function merge(into: Result, other: Result): void {
  for (const finding of other.findings) add(into, finding);
  into.matched += other.matched;
}

interface Place {
  readonly path: string;
  /** Defaults are judged by a schema that says nothing of the types of int-or-string. */
  readonly loose?: true;
  /** The old value, where there is one that stands for this. */
  readonly correlated: Correlated | undefined;
}

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

/** Go's kind of a JSON value, in the words of schemas. */
function typeOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "object") return "object";
  if (typeof value === "number" || typeof value === "bigint") return isInteger(value) ? "integer" : "number";
  return typeof value;
}

const isInteger = (value: number | bigint): boolean =>
  typeof value === "bigint" || (Number.isInteger(value) && Math.abs(value) < 2 ** 63);
/** go-openapi's notion: floats beyond 53 bits are none. */
const isWhole = (value: unknown): boolean => typeof value === "number" && Number.isSafeInteger(value);

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

const invalidType = ({ path }: Place, type: string, value: string): Finding => ({
  code: "type",
  name: path,
  value,
  message: `${path} in body must be of type ${type}: ${quoteGo(value)}`,
});

const one = (finding: Finding): Result => ({ findings: [finding], matched: 0 });

function checkType(
  value: unknown,
  { types, format, place }: { types: readonly string[]; format: string; place: Place },
): Result {
  const actual = typeOf(value);
  const passes = { findings: [], matched: 1 };
  const floatAsInteger = actual === "number" && isWhole(value) && types.includes("integer");
  const integerAsFloat = actual === "integer" && types.includes("number");
  const flat = actual !== "string" && actual !== "array";
  if (flat && format !== "" && !(types.includes(actual) || floatAsInteger || integerAsFloat)) {
    const shown = actual === "integer" ? "int64" : actual === "number" ? "float64" : "";
    if (shown !== format) return one(invalidType(place, format, shown));
  }
  const numeric = types.includes("number") || types.includes("integer");
  if (!numeric && format !== "" && !flat) return passes;
  if (!(types.includes(actual) || floatAsInteger || integerAsFloat))
    return one(invalidType(place, types.join(","), actual));
  return passes;
}

const other = ({ path }: Place, value: unknown, text: string): Finding => ({
  code: "other",
  name: path,
  value,
  message: `${path} in body ${text}`,
});

const matchesPattern = (pattern: string, value: string): boolean => compileGoPattern(pattern).test(value);

function checkString(value: string, schema: JsonSchema, place: Place): Result | undefined {
  const length = [...value].length;
  const { maxLength, minLength, pattern } = schema;
  if (maxLength !== undefined && length > maxLength)
    return one({
      ...other(place, value, `should be at most ${maxLength} chars long`),
      code: "tooLong",
      limit: maxLength,
    });
  if (minLength !== undefined && length < minLength)
    return one(other(place, value, `should be at least ${minLength} chars long`));
  if (pattern !== undefined && pattern !== "" && !matchesPattern(pattern, value))
    return one(other(place, value, `should match '${pattern}'`));
  return undefined;
}

function checkFormat(value: string, format: string, place: Place): Result | undefined {
  return formatCheck(format)?.(value) === false ? one(invalidType(place, format, value)) : undefined;
}

function rangeProblem(
  value: number | bigint,
  of: { type: string; format: string; prefix: string; path: string },
): string | undefined {
  const { type, format, prefix, path } = of;
  const whole = typeof value === "bigint" || Number.isInteger(value);
  const size = Math.abs(Number(value));
  let fine = true;
  if (type === "integer")
    fine = whole && (format === "int32" ? Number(value) >= -(2 ** 31) && Number(value) < 2 ** 31 : fitsInt64(value));
  else if (format === "float") fine = size <= 3.4028234663852886e38;
  if (fine) return undefined;
  return `${prefix} value must be of type ${type}${format === "" ? " (default format)" : ` with format ${format}`} in ${path}`;
}

const fitsInt64 = (value: number | bigint): boolean =>
  typeof value === "bigint" ? value >= -(2n ** 63n) && value < 2n ** 63n : Math.abs(value) < 2 ** 63;

const plain = (message: string): Finding => ({ code: "plain", name: "", value: "", message });

function checkNumber(value: number | bigint, schema: JsonSchema, of: { place: Place; format: string }): Result {
  const { place } = of;
  const type = schema.type === "integer" || schema.type === "number" ? schema.type : "";
  const ranged = (number: number | bigint, prefix: string): string | undefined =>
    type === "" ? undefined : rangeProblem(number, { type, format: of.format, prefix, path: place.path });
  const found = result();
  const out = ranged(value, "Checked");
  if (out !== undefined) add(found, plain(out));
  const integer = typeof value === "bigint" || isInteger(value);
  const bound = (
    limit: number | undefined,
    prefix: string,
    check: (limit: number, cut: boolean) => Finding | undefined,
  ): void => {
    if (limit === undefined) return;
    const problem = ranged(limit, prefix);
    if (problem !== undefined) add(found, plain(problem));
    const finding = check(limit, integer && problem === undefined);
    if (finding !== undefined) add(found, finding);
  };
  bound(schema.multipleOf, "MultipleOf", (factor, cut) =>
    notMultiple(value, { factor: cut ? Math.trunc(factor) : factor, cut, place }),
  );
  bound(schema.minimum, "Minimum boundary", (limit, cut) => {
    const low = cut ? Math.trunc(limit) : limit;
    const exclusive = schema.exclusiveMinimum === true;
    if (exclusive ? value > low : value >= low) return undefined;
    return other(place, value, `should be greater than ${exclusive ? "" : "or equal to "}${cut ? low : goFloat(low)}`);
  });
  bound(schema.maximum, "Maximum boundary", (limit, cut) => {
    const high = cut ? Math.trunc(limit) : limit;
    const exclusive = schema.exclusiveMaximum === true;
    if (exclusive ? value < high : value <= high) return undefined;
    return other(place, value, `should be less than ${exclusive ? "" : "or equal to "}${cut ? high : goFloat(high)}`);
  });
  found.matched++;
  return found;
}

function notMultiple(
  value: number | bigint,
  { factor, cut, place }: { factor: number; cut: boolean; place: Place },
): Finding | undefined {
  const shown = cut ? String(factor) : goFloat(factor);
  if (factor <= 0)
    return {
      code: "other",
      name: place.path,
      value: factor,
      message: `factor MultipleOf declared for ${place.path} must be positive: ${shown}`,
    };
  const fits =
    typeof value === "bigint" && Number.isInteger(factor)
      ? value % BigInt(factor) === 0n
      : isWhole(factor < 1 ? (1 / factor) * Number(value) : Number(value) / factor);
  return fits ? undefined : other(place, value, `should be a multiple of ${shown}`);
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

function checkEnum(value: unknown, schema: JsonSchema, place: Place): Result | undefined {
  const values = schema.enum ?? [];
  if (values.length === 0) return undefined;
  if (typeof value === "string" && textsOf(values).has(value)) return undefined;
  const numeric = (each: unknown): each is number | bigint => typeof each === "number" || typeof each === "bigint";
  const listed = values.some((each) => {
    if (each === null) return false;
    if (numeric(value) && numeric(each))
      return isInteger(each)
        ? BigInt(Math.trunc(Number(value))) === BigInt(each) || value === each
        : Number(value) === each;
    return strictlyEqual(value, each);
  });
  if (listed) return undefined;
  return one({ ...other(place, value, `should be one of [${values.map(String).join(" ")}]`), code: "enum", values });
}

const enumTexts = new WeakMap<readonly unknown[], ReadonlySet<unknown>>();

function textsOf(values: readonly unknown[]): ReadonlySet<unknown> {
  let texts = enumTexts.get(values);
  if (texts === undefined) enumTexts.set(values, (texts = new Set(values.filter((each) => typeof each === "string"))));
  return texts;
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

/** The path of a finding without any. */
const noPath = "<nil>";

function fieldErrors({ findings }: Result, at: string): FieldError[] {
  return findings.map((finding) => {
    const name = finding.name.startsWith(".") ? finding.name.slice(1) : finding.name;
    const path = finding.code === "plain" || name === "" ? at || noPath : at === "" ? name : `${at}.${name}`;
    switch (finding.code) {
      case "required":
        return field.required(path);
      case "enum":
        return field.notSupported(path, finding.value, (finding.values ?? []).map(enumText));
      case "tooLong":
        return field.tooLong(path, finding.limit ?? -1);
      case "tooMany":
        return field.tooMany(path, Number(finding.value), finding.limit ?? -1);
      case "type":
        return field.typeInvalid(path, finding.value ?? "", finding.message);
      default:
        return field.invalid(path, finding.value ?? "", finding.message);
    }
  });
}

const enumText = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "bigint" ? String(value) : JSON.stringify(value);
