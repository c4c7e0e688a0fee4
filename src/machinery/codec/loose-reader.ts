// Reading without Go's types: only unknown and repeated fields are reported, everything else stays as it is.
import { setOwn } from "../equal.ts";
import type { Schema, Schemas } from "../schema.ts";
import { JsonNumber, plainCopy } from "./json-text.ts";
import { countMembers, type ReadContext, type Reader } from "./read-context.ts";

/** Custom resources: unknown fields go, everything else stays as it is. */
export function looseReader(schema: Schema, schemas: Schemas): Reader {
  return {
    type: "map[string]interface {}",
    zero: () => null,
    read: (value, context) => readLoose(value, { schema, schemas, context }),
  };
}

interface Loose {
  readonly schema: Schema | undefined;
  readonly schemas: Schemas;
  readonly context: ReadContext;
}

function readLoose(value: unknown, loose: Loose): unknown {
  if (value instanceof JsonNumber) refuseInfinite(value, loose.context);
  if (value === null || typeof value !== "object" || value instanceof JsonNumber) return plainCopy(value);
  const schema = loose.schema === undefined ? undefined : loose.schemas.resolve(loose.schema);
  const { context } = loose;
  if (Array.isArray(value)) {
    return value.map((item, index) => {
      context.path.push(index);
      const read = readLoose(item, { ...loose, schema: schema?.i });
      context.path.pop();
      return read;
    });
  }
  const out: Record<string, unknown> = {};
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    context.members++;
    const property = schema?.p !== undefined && Object.hasOwn(schema.p, key) ? schema.p[key] : schema?.a;
    if (property === undefined && schema?.p !== undefined) {
      context.find("unknown field", key);
      context.members += countMembers(member);
      continue;
    }
    context.path.push(key);
    setOwn(out, key, readLoose(member, { ...loose, schema: property }));
    context.path.pop();
  }
  context.findRepeated(value);
  return out;
}

/** What readAny reports, without a copy of the value. */
export function checkAny(value: unknown, context: ReadContext): void {
  if (value === null || typeof value !== "object") return;
  if (value instanceof JsonNumber) refuseInfinite(value, context);
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (item === null || typeof item !== "object") continue;
      context.path.push(index);
      checkAny(item, context);
      context.path.pop();
    }
  } else {
    for (const key in value) {
      const member = (value as Record<string, unknown>)[key];
      if (member === null || typeof member !== "object") continue;
      context.path.push(key);
      checkAny(member, context);
      context.path.pop();
    }
    context.findRepeated(value);
  }
}

function refuseInfinite({ text }: JsonNumber, context: ReadContext): void {
  if (context.cbor !== undefined && /^-?[0-9]+$/.test(text)) {
    const sign = text.startsWith("-") ? "negative" : "positive";
    context.fail(`cbor: cannot unmarshal ${sign} integer into Go value of type int64 (${text} overflows Go's int64)`);
  }
  if (!Number.isFinite(Number(text)))
    context.fail(`json: cannot unmarshal number ${text} into Go value of type float64`);
}

/** Reads without any schema: everything stays; only repeated keys are reported. */
export function readAny(value: unknown, context: ReadContext, schemas: Schemas): unknown {
  return readLoose(value, { schema: undefined, schemas, context });
}
