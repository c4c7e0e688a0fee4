// `shardSelector` of lists and watches, behind the gate ShardedListAndWatch: ranges of the hash of a field, written as calls in CEL that
// are read and never run. Upstream: apiserver's sharding/parser.go, apimachinery's sharding.

import type { CallExpr, Expr, Value } from "../../../machinery/cel/index.ts";
import type { KubeObject } from "../../../machinery/index.ts";
import type { RequestContext } from "../../context.ts";
import type { Shard } from "../../watchcache/index.ts";
import { plainFailure } from "./get.ts";

interface Range {
  readonly key: string;
  readonly start: string;
  readonly end: string;
}

const values: Readonly<Record<string, (object: KubeObject) => string>> = {
  "object.metadata.uid": ({ metadata }) => metadata.uid ?? "",
  "object.metadata.namespace": ({ metadata }) => metadata.namespace ?? "",
};

/** Undefined when all objects are asked for. Rejects with StatusError 500 in upstream's words. */
export async function shardOf({ core, query }: RequestContext): Promise<Shard | undefined> {
  const text = query.get("shardSelector");
  if (text === null || text === "" || !core.featureEnabled("ShardedListAndWatch")) return undefined;
  try {
    return await parseShardSelector(text);
  } catch (error) {
    if (error instanceof ShardError) throw plainFailure(`invalid shard selector: ${error.message}`);
    throw error;
  }
}

class ShardError extends Error {
  override readonly name = "ShardError";
}

/** Rejects with ShardError. */
export async function parseShardSelector(text: string): Promise<Shard> {
  const source = text.trim();
  if (source === "")
    throw new ShardError("empty shard selector is not allowed; omit the parameter for unfiltered lists");
  const { parse } = await import("../../../machinery/cel/index.ts");
  const options = { macros: new Map(), optionalSyntax: false, escapedIdentifiers: false, keepMacroCalls: false };
  const { ast, issues } = parse(source, options);
  if (ast === undefined) throw new ShardError(`CEL parse error: ${issues[0]?.message ?? ""}`);
  const ranges = rangesOf(ast.expr);
  const { key } = ranges[0]!;
  const other = ranges.find((range) => range.key !== key);
  if (other !== undefined)
    throw new ShardError(
      `all shard ranges must use the same field, got ${JSON.stringify(key)} and ${JSON.stringify(other.key)}`,
    );
  const read = values[key]!;
  return {
    text: ranges.map(({ start, end }) => `shardRange(${key}, '${start}', '${end}')`).join(" || "),
    matches(object) {
      const hash = `0x${hashOf(read(object))}`;
      return ranges.some(({ start, end }) => !isLess(hash, start) && isLess(hash, end));
    },
  };
}

/** Upstream's numbers of kinds of expressions. */
const kindNumbers: Readonly<Record<Expr["kind"], number>> = {
  unspecified: 0,
  call: 1,
  comprehension: 2,
  ident: 3,
  list: 4,
  literal: 5,
  map: 6,
  select: 7,
  struct: 8,
};

function rangesOf(expr: Expr): Range[] {
  if (expr.kind !== "call")
    throw new ShardError(
      `unexpected expression kind ${kindNumbers[expr.kind]}; expected shardRange() call or || operator`,
    );
  if (expr.function === "_||_") return expr.args.flatMap(rangesOf);
  if (expr.function === "shardRange") return [rangeOf(expr)];
  throw new ShardError(`unsupported function ${JSON.stringify(expr.function)}; only shardRange() and || are allowed`);
}

function rangeOf({ args }: CallExpr): Range {
  const [field, from, to] = args;
  if (field === undefined || from === undefined || to === undefined || args.length !== 3)
    throw new ShardError(`shardRange() requires exactly 3 arguments, got ${args.length}`);
  const key = fieldPath(field);
  if (values[key] === undefined)
    throw new ShardError(`unsupported field path ${JSON.stringify(key)}; supported: ${Object.keys(values).join(", ")}`);
  const [start, end] = [bound(from, "hexStart"), bound(to, "hexEnd")];
  if (!isLess(start, end)) throw new ShardError(`shard range start ${start} must be less than end ${end}`);
  return { key, start, end };
}

function fieldPath(expr: Expr): string {
  if (expr.kind === "ident") return expr.name;
  if (expr.kind === "select") return `${fieldPath(expr.operand)}.${expr.field}`;
  throw new ShardError(
    `shardRange() first argument: expected field path (e.g. object.metadata.uid), got expression kind ${kindNumbers[expr.kind]}`,
  );
}

/** 2^64, which no hash reaches. */
const top = "0x10000000000000000";

function bound(expr: Expr, name: string): string {
  if (expr.kind !== "literal")
    throw new ShardError(
      `${name} must be a string literal (e.g. '0xff'), got expression kind ${kindNumbers[expr.kind]}`,
    );
  const { value } = expr;
  if (typeof value !== "string") throw new ShardError(`${name} must be a string literal, got ${goType(value)}`);
  const shown = JSON.stringify(value);
  if (!value.startsWith("0x")) throw new ShardError(`${name} must have '0x' prefix, got ${shown}`);
  const hex = value.slice(2);
  const bytes = new TextEncoder().encode(hex).length;
  if (hex === "") throw new ShardError(`${name}: hex value is required after '0x'`);
  if (bytes > 17) throw new ShardError(`${name}: hex value too long (${bytes} chars, max 17): ${JSON.stringify(hex)}`);
  const strange = /[^0-9a-f]/u.exec(hex)?.[0];
  if (strange !== undefined)
    throw new ShardError(`${name}: invalid hex character ${JSON.stringify(strange)} in ${shown}`);
  if (hex.length === 17 && value !== top)
    throw new ShardError(`${name}: 17-digit hex value must be '${top}' (2^64), got ${shown}`);
  if (hex.length < 16)
    throw new ShardError(
      `${name} must be a 0x-prefixed 16-digit hex value, got ${shown} (did you mean "0x${hex.padStart(16, "0")}"?)`,
    );
  return value;
}

/** As Go names the type of a literal. */
function goType(value: Value): string {
  if (value === null) return "structpb.NullValue";
  if (value instanceof Uint8Array) return "[]uint8";
  if (typeof value === "bigint") return "int64";
  if (typeof value === "number") return "float64";
  if (typeof value === "boolean") return "bool";
  return "uint64";
}

/** Numbers in hexadecimal with the same prefix: the shorter is the lesser. */
const isLess = (one: string, two: string): boolean => (one.length === two.length ? one < two : one.length < two.length);

const encoder = new TextEncoder();

/** FNV-1a of 64 bits, in two halves: 16 digits in hexadecimal. */
export function hashOf(text: string): string {
  let [high, low] = [0xcbf29ce4, 0x84222325];
  for (const byte of encoder.encode(text)) {
    low = (low ^ byte) >>> 0;
    // Times 2^40 + 0x1b3.
    const product = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + Math.floor(product / 2 ** 32) + ((low << 8) >>> 0)) >>> 0;
    low = product % 2 ** 32;
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
