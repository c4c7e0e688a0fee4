// Values that are certainly fine, found without a word of garbage: nearly every object that is written is.
//
// Contract: true only where validate.ts has no finding; false says nothing.
import { compileGoPattern } from "../../../../machinery/regexp/index.ts";
import { formatCheck, isKnownFormat } from "../formats.ts";
import { isIntOrString, type JsonSchema } from "../schema.ts";
import { type Shape, shapeOf } from "../shape.ts";

export const isCertainlyValid = (value: unknown, schema: JsonSchema): boolean => isValid(value, shapeOf(schema));

function isValid(value: unknown, shape: Shape): boolean {
  const { schema } = shape;
  if (schema.not !== undefined || (schema.oneOf?.length ?? 0) > 0) return false;
  if (!hasAlternative(value, schema)) return false;
  switch (typeof value) {
    case "string":
      return hasType(schema, "string") && isListed(value, schema) && isValidText(value, schema);
    case "number":
      return isListed(value, schema) && isValidNumber(value, schema);
    case "boolean":
      return hasType(schema, "boolean") && isListed(value, schema);
    case "object":
      if (value === null) return false;
      if ((schema.enum?.length ?? 0) > 0) return false;
      return Array.isArray(value)
        ? hasType(schema, "array") && isValidList(value, shape)
        : hasType(schema, "object") && isValidObject(value as Record<string, unknown>, shape);
    default:
      return false;
  }
}

function hasAlternative(value: unknown, { anyOf, allOf }: JsonSchema): boolean {
  if (anyOf !== undefined && anyOf.length > 0 && !anyOf.some((each) => isCertainlyValid(value, each))) return false;
  return allOf === undefined || allOf.every((each) => isCertainlyValid(value, each));
}

/** Where nothing is said of the type, a format may still be meant. */
function hasType(schema: JsonSchema, type: string): boolean {
  if (isIntOrString(schema)) return type === "string" || type === "integer";
  if (schema.type === undefined || schema.type === "") return schema.format === undefined;
  return schema.type === type;
}

const isListed = (value: unknown, { enum: values = [] }: JsonSchema): boolean =>
  values.length === 0 || values.includes(value);

function isValidText(value: string, schema: JsonSchema): boolean {
  const { maxLength, minLength, pattern, format } = schema;
  // A character has one or two units.
  if (maxLength !== undefined && value.length > maxLength) return false;
  if (minLength !== undefined && value.length < minLength * 2 && (value.length < minLength || !isPlain(value)))
    return false;
  if (pattern !== undefined && pattern !== "" && !compileGoPattern(pattern).test(value)) return false;
  if (format === undefined) return true;
  const type = isIntOrString(schema) ? "" : (schema.type ?? "");
  return !isKnownFormat(type, format) || formatCheck(format)?.(value) !== false;
}

/** One unit a character. */
const isPlain = (text: string): boolean => !/[\ud800-\udfff]/.test(text);

function isValidNumber(value: number, schema: JsonSchema): boolean {
  if (!Number.isSafeInteger(value) || schema.multipleOf !== undefined) return false;
  if (!hasType(schema, "integer") && !(schema.type === "number" && !isIntOrString(schema))) return false;
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, format } = schema;
  if (format === "float" || (format === "int32" && !isInt32(value))) return false;
  return isBeyond(value, minimum, exclusiveMinimum) && isBeyond(-value, negative(maximum), exclusiveMaximum);
}

const negative = (value: number | undefined): number | undefined => (value === undefined ? undefined : -value);

/** Of bounds that are beyond their type something is told, and fractions are cut: those are left to the rules. */
function isBeyond(value: number, bound: number | undefined, exclusive: boolean | undefined): boolean {
  if (bound === undefined) return true;
  return isInt32(bound) && (value > bound || (value === bound && exclusive !== true));
}

const isInt32 = (value: number): boolean => (value | 0) === value;

function isValidList(list: readonly unknown[], { schema, items }: Shape): boolean {
  const { minItems, maxItems, uniqueItems } = schema;
  if (uniqueItems === true) return false;
  if ((minItems !== undefined && list.length < minItems) || (maxItems !== undefined && list.length > maxItems))
    return false;
  if (items !== undefined) for (const each of list) if (!isValid(each, items)) return false;
  return true;
}

function isValidObject(value: Record<string, unknown>, { schema, properties, additional }: Shape): boolean {
  const { required, minProperties, maxProperties } = schema;
  let count = 0;
  for (const name in value) {
    count++;
    const property = properties.get(name);
    const member = value[name];
    if (property !== undefined) {
      if (member !== undefined && !isValid(member, property)) return false;
    } else if (additional !== undefined ? !isValid(member, additional) : schema.additionalProperties === false)
      return false;
  }
  if ((minProperties !== undefined && count < minProperties) || (maxProperties !== undefined && count > maxProperties))
    return false;
  if (required !== undefined)
    for (const name of required) if (!Object.hasOwn(value, name) || value[name] === undefined) return false;
  return true;
}
