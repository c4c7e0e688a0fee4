// A JSON parser that answers as Go's encoding/json does where JSON.parse cannot: error texts, repeated keys, numbers kept as
// written. JSON.parse does the common case; this one runs when it failed or when `needsCare` says that it would lose something.
import { setOwn } from "../equal.ts";
import { quoteGo } from "../go-text.ts";

/** A number kept as text: quantities and 64-bit integers mean more than a double holds. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Bad JSON; the message is Go's. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
}

export interface ParsedJson {
  readonly value: unknown;
  /** Keys that occurred again in an object, in the order they did; objects without any are absent. */
  readonly repeated: ReadonlyMap<object, readonly string[]>;
  /** Some number is a JsonNumber. */
  readonly keptNumbers: boolean;
  /** Texts of the values that `keepText` asks for. */
  readonly raw: WeakMap<object, string>;
}

export interface JsonParseOptions {
  /** Numbers as JsonNumber where a double would lose digits, a fraction or an exponent; otherwise as Go's any: int64 or float. */
  readonly keepNumbers?: true;
  /** Objects of a repeated key are merged, as Go decodes into a struct or map; otherwise the last one wins. */
  readonly mergeRepeated?: true;
  /** Remembers in `raw` how the objects and lists that are members of this name were written. */
  readonly keepText?: string;
}

/**
 * Levels that a document may have. Upstream's limit is 10,000; what walks over documents here goes down by calls, and the
 * deepest API object has some thirty.
 */
export const deepest = 1_000;
export const tooDeep = "exceeded max depth";

/**
 * Values that a body may have. An object takes 1.5 MiB in the store at most: with more values than this each would have ten bytes
 * there, its name included. The largest custom resource definitions have some 60,000; a body of 3 MB holds a million that mean
 * nothing.
 */
export const mostValues = 150_000;

/** Throws JsonSyntaxError. */
export function parseJson(text: string, options: JsonParseOptions = {}): ParsedJson {
  const state: State = { text, at: 0, depth: 0, repeated: new Map(), keptNumbers: false, raw: new WeakMap(), options };
  const value = parseValue(state);
  skipSpace(state);
  if (state.at < text.length) throw unexpected(state, "after top-level value");
  return { value, repeated: state.repeated, keptNumbers: state.keptNumbers, raw: state.raw };
}

interface State {
  readonly text: string;
  at: number;
  depth: number;
  readonly repeated: Map<object, string[]>;
  keptNumbers: boolean;
  readonly raw: WeakMap<object, string>;
  readonly options: JsonParseOptions;
}

function skipSpace(state: State): void {
  for (;;) {
    const unit = state.text.charCodeAt(state.at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
    state.at++;
  }
}

function unexpected(state: State, context: string): JsonSyntaxError {
  if (state.at >= state.text.length) return new JsonSyntaxError("unexpected end of JSON input");
  return new JsonSyntaxError(`invalid character ${quoteByte(state.text, state.at)} ${context}`);
}

/** Go looks at bytes: a character outside ASCII shows as its first UTF-8 byte. */
function quoteByte(text: string, at: number): string {
  const point = text.codePointAt(at) ?? 0;
  const byte =
    point < 0x80
      ? point
      : point < 0x800
        ? 0xc0 | (point >> 6)
        : point < 0x10000
          ? 0xe0 | (point >> 12)
          : 0xf0 | (point >> 18);
  const character = String.fromCharCode(byte);
  if (character === "'") return "'\\''";
  if (character === '"') return "'\"'";
  return `'${quoteGo(character).slice(1, -1)}'`;
}

function parseValue(state: State): unknown {
  skipSpace(state);
  const character = state.text[state.at];
  switch (character) {
    case "{":
      return parseObject(state);
    case "[":
      return parseArray(state);
    case '"':
      return parseString(state);
    case "t":
      return parseLiteral(state, "true", true);
    case "f":
      return parseLiteral(state, "false", false);
    case "n":
      return parseLiteral(state, "null", null);
    default:
      if (character !== undefined && (character === "-" || (character >= "0" && character <= "9")))
        return parseNumber(state);
      throw unexpected(state, "looking for beginning of value");
  }
}

function parseLiteral(state: State, literal: string, value: unknown): unknown {
  for (let index = 0; index < literal.length; index++, state.at++) {
    if (state.text[state.at] !== literal[index])
      throw unexpected(state, `in literal ${literal} (expecting '${literal[index]}')`);
  }
  return value;
}

function descend(state: State): void {
  state.at++;
  if (++state.depth > deepest) throw new JsonSyntaxError(tooDeep);
}

function parseObject(state: State): Record<string, unknown> {
  descend(state);
  const object: Record<string, unknown> = {};
  skipSpace(state);
  if (state.text[state.at] !== "}") {
    for (;;) {
      skipSpace(state);
      if (state.text[state.at] !== '"') throw unexpected(state, "looking for beginning of object key string");
      const key = parseString(state);
      skipSpace(state);
      if (state.text[state.at] !== ":") throw unexpected(state, "after object key");
      state.at++;
      setMember(state, object, key, parseMember(state, key));
      skipSpace(state);
      if (state.text[state.at] === "}") break;
      if (state.text[state.at] !== ",") throw unexpected(state, "after object key:value pair");
      state.at++;
    }
  }
  state.at++;
  state.depth--;
  return object;
}

function parseMember(state: State, key: string): unknown {
  skipSpace(state);
  const start = state.at;
  const value = parseValue(state);
  if (key === state.options.keepText && value !== null && typeof value === "object")
    state.raw.set(value, state.text.slice(start, state.at));
  return value;
}

function setMember(state: State, object: Record<string, unknown>, key: string, value: unknown): void {
  if (!Object.hasOwn(object, key)) {
    setOwn(object, key, value);
    return;
  }
  const keys = state.repeated.get(object);
  if (keys === undefined) state.repeated.set(object, [key]);
  else keys.push(key);
  const before = object[key];
  const merge = state.options.mergeRepeated && isPlain(before) && isPlain(value);
  setOwn(object, key, merge ? mergeMembers(state, before, value) : value);
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof JsonNumber);

function mergeMembers(
  state: State,
  into: Record<string, unknown>,
  from: Record<string, unknown>,
): Record<string, unknown> {
  for (const key of Object.keys(from)) {
    const [before, value] = [into[key], from[key]];
    setOwn(into, key, isPlain(before) && isPlain(value) ? mergeMembers(state, before, value) : value);
  }
  const repeated = state.repeated.get(from);
  if (repeated !== undefined) state.repeated.set(into, [...(state.repeated.get(into) ?? []), ...repeated]);
  return into;
}

function parseArray(state: State): unknown[] {
  descend(state);
  const array: unknown[] = [];
  skipSpace(state);
  if (state.text[state.at] !== "]") {
    for (;;) {
      array.push(parseValue(state));
      skipSpace(state);
      if (state.text[state.at] === "]") break;
      if (state.text[state.at] !== ",") throw unexpected(state, "after array element");
      state.at++;
    }
  }
  state.at++;
  state.depth--;
  return array;
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

function parseString(state: State): string {
  const { text } = state;
  let value = "";
  let start = ++state.at;
  for (;;) {
    const unit = text.charCodeAt(state.at);
    if (Number.isNaN(unit)) throw unexpected(state, "");
    if (unit === 0x22) break;
    if (unit < 0x20) throw unexpected(state, "in string literal");
    if (unit === 0x5c) {
      value += text.slice(start, state.at++) + parseEscape(state);
      start = state.at;
    } else state.at++;
  }
  value += text.slice(start, state.at++);
  return value;
}

function parseEscape(state: State): string {
  const character = state.text[state.at];
  if (character === "u") {
    state.at++;
    for (let index = 0; index < 4; index++, state.at++)
      if (!/[0-9a-fA-F]/.test(state.text[state.at] ?? ""))
        throw unexpected(state, "in \\u hexadecimal character escape");
    return String.fromCharCode(Number.parseInt(state.text.slice(state.at - 4, state.at), 16));
  }
  const escaped = character === undefined ? undefined : escapes[character];
  if (escaped === undefined) throw unexpected(state, "in string escape code");
  state.at++;
  return escaped;
}

const isDigit = (character: string | undefined): boolean =>
  character !== undefined && character >= "0" && character <= "9";

function parseNumber(state: State): unknown {
  const { text } = state;
  const start = state.at;
  const digits = (): void => {
    while (isDigit(text[state.at])) state.at++;
  };
  if (text[state.at] === "-") state.at++;
  if (!isDigit(text[state.at])) throw unexpected(state, "in numeric literal");
  if (text[state.at] === "0") state.at++;
  else digits();
  if (text[state.at] === ".") {
    state.at++;
    if (!isDigit(text[state.at])) throw unexpected(state, "after decimal point in numeric literal");
    digits();
  }
  if (text[state.at] === "e" || text[state.at] === "E") {
    state.at++;
    if (text[state.at] === "+" || text[state.at] === "-") state.at++;
    if (!isDigit(text[state.at])) throw unexpected(state, "in exponent of numeric literal");
    digits();
  }
  const literal = text.slice(start, state.at);
  if (literal.length < 16 && /^-?[0-9]+$/.test(literal)) return Number(literal);
  if (!state.options.keepNumbers) return plainNumber(literal);
  state.keptNumbers = true;
  return new JsonNumber(literal);
}

/** As Go's any with preserved integers: an int64 (bigint beyond 2^53) when it is one, a double otherwise. */
export function plainNumber(literal: string): number | bigint {
  if (!/^-?[0-9]+$/.test(literal)) return Number(literal);
  const number = Number(literal);
  if (Number.isSafeInteger(number)) return number;
  const exact = BigInt(literal);
  return BigInt.asIntN(64, exact) === exact ? exact : number;
}

/** A copy with plain numbers in place of JsonNumber. */
export function plainCopy(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (value instanceof JsonNumber) return plainNumber(value.text);
  if (Array.isArray(value)) return value.map(plainCopy);
  const copy: Record<string, unknown> = {};
  for (const key in value) setOwn(copy, key, plainCopy((value as Record<string, unknown>)[key]));
  return copy;
}

export interface JsonScan {
  /** Object members in the text, repeated ones included. */
  readonly members: number;
  /** Some number has a fraction, an exponent or more digits than a double holds. */
  readonly oddNumbers: boolean;
  /** Objects and lists within each other. */
  readonly depth: number;
  /** Members, items, objects and lists, within one for each. */
  readonly values: number;
}

/** One pass over the bytes of valid JSON: what JSON.parse would lose. */
export function scanJson(bytes: Uint8Array): JsonScan {
  let members = 0;
  let oddNumbers = false;
  let digits = 0;
  let open = 0;
  let depth = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === 0x22) {
      at++;
      while (at < bytes.length && bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1;
      digits = 0;
    } else if (byte >= 0x30 && byte <= 0x39) {
      if (++digits > 15) oddNumbers = true;
    } else {
      if (byte === 0x3a) members++;
      else if (byte === 0x2c) values++;
      else if (byte === 0x7b || byte === 0x5b) {
        values++;
        depth = Math.max(depth, ++open);
      } else if (byte === 0x7d || byte === 0x5d) open--;
      else if (byte === 0x2e || byte === 0x45 || (byte === 0x65 && digits > 0)) oddNumbers = true;
      digits = 0;
    }
  }
  return { members, oddNumbers, depth, values };
}

/** Whether a value keeps to the limit; for values that were put together from several documents. */
export function isTooDeep(value: unknown): boolean {
  let level: object[] = value !== null && typeof value === "object" ? [value] : [];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > deepest) return true;
    const next: object[] = [];
    for (const each of level)
      for (const member of Array.isArray(each) ? each : Object.values(each))
        if (member !== null && typeof member === "object") next.push(member as object);
    level = next;
  }
  return false;
}
