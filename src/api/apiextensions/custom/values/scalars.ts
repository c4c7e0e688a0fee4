// Rules that look at one value and at nothing within it: type, text, format, number, enumeration.
import { goFloat } from "../../../../machinery/index.ts";
import { compileGoPattern } from "../../../../machinery/regexp/index.ts";
import { formatCheck } from "../formats.ts";
import type { JsonSchema } from "../schema.ts";
import { strictlyEqual } from "./correlation.ts";
import { add, type Finding, invalidType, one, other, type Place, plain, type Result, result } from "./findings.ts";

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

export function checkType(
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

const matchesPattern = (pattern: string, value: string): boolean => compileGoPattern(pattern).test(value);

export function checkString(value: string, schema: JsonSchema, place: Place): Result | undefined {
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

export function checkFormat(value: string, format: string, place: Place): Result | undefined {
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

export function checkNumber(value: number | bigint, schema: JsonSchema, of: { place: Place; format: string }): Result {
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

export function checkEnum(value: unknown, schema: JsonSchema, place: Place): Result | undefined {
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
