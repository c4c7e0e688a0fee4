/**
 * More functions on strings. Positions count code points.
 * Source: cel-go ext/strings.go; the version says what is there and when it came.
 */
import { goEscapes } from "../../go-text.ts";
import type { FunctionDecl, Library, OverloadDecl } from "../contract.ts";
import { describe } from "../runtime/describe.ts";
import { type CelType, DYN, INT, listOf, STRING } from "../types.ts";
import { ArrayList, CelError, type CelList, type Result } from "../values.ts";
import { formatText } from "./format.ts";
import { formatValue } from "./format-values.ts";

const LIST_OF_STRING = listOf(STRING);

function method(id: string, args: readonly CelType[], parts: Pick<OverloadDecl, "result" | "evaluate">): OverloadDecl {
  return { id, member: true, args, ...parts };
}

function outOfRange(index: bigint): CelError {
  return new CelError(`index out of range: ${index}`);
}

function charAt(text: string, index: bigint): Result {
  const runes = [...text];
  return index < 0n || index > BigInt(runes.length) ? outOfRange(index) : (runes[Number(index)] ?? "");
}

/** Whether `part` stands at `at`. */
function standsAt(runes: readonly string[], part: readonly string[], at: number): boolean {
  return part.every((rune, index) => runes[at + index] === rune);
}

function indexOf(text: string, part: string, from: bigint): Result {
  if (part === "") return from;
  if (from < 0n) return outOfRange(from);
  const runes = [...text];
  const wanted = [...part];
  if (from >= BigInt(runes.length)) return -1n;
  for (let at = Number(from); at <= runes.length - wanted.length; at++)
    if (standsAt(runes, wanted, at)) return BigInt(at);
  return -1n;
}

function lastIndexOf(text: string, part: string): Result {
  const length = BigInt([...text].length);
  if (part === "") return length;
  return text.length < part.length ? -1n : lastIndexOfFrom(text, part, length - 1n);
}

function lastIndexOfFrom(text: string, part: string, from: bigint): Result {
  if (part === "") return from;
  if (from < 0n) return outOfRange(from);
  const runes = [...text];
  const wanted = [...part];
  if (from >= BigInt(runes.length)) return -1n;
  for (let at = Math.min(Number(from), runes.length - wanted.length); at >= 0; at--)
    if (standsAt(runes, wanted, at)) return BigInt(at);
  return -1n;
}

/** Go's strings.Replace of the first `limit` places; a negative limit means all. */
function replaceSome(...[text, old, replacement, limit]: [string, string, string, bigint]): Result {
  if (limit < 0n) return replaceAll(text, old, replacement);
  const parts = old === "" ? ["", ...text] : text.split(old);
  const gaps = old === "" ? parts.length : parts.length - 1;
  const replaced = Number(limit < BigInt(gaps) ? limit : BigInt(gaps));
  if (old === "") return parts.map((part, index) => part + (index < replaced ? replacement : "")).join("");
  return parts.map((part, index) => part + (index === gaps ? "" : index < replaced ? replacement : old)).join("");
}

/** Go's strings.ReplaceAll: an empty pattern stands before each character and at the end. */
function replaceAll(text: string, old: string, replacement: string): string {
  if (old !== "") return text.replaceAll(old, () => replacement);
  return [...text].map((rune) => replacement + rune).join("") + replacement;
}

function split(text: string, separator: string): readonly string[] {
  return separator === "" ? [...text] : text.split(separator);
}

function splitSome(text: string, separator: string, limit: bigint): Result {
  if (limit === 0n) return new ArrayList([]);
  const parts = split(text, separator);
  if (limit < 0n || limit >= BigInt(parts.length)) return new ArrayList(parts);
  const kept = Number(limit) - 1;
  return new ArrayList([...parts.slice(0, kept), parts.slice(kept).join(separator)]);
}

function substringFrom(text: string, start: bigint): Result {
  const runes = [...text];
  return start < 0n || start > BigInt(runes.length) ? outOfRange(start) : runes.slice(Number(start)).join("");
}

function substring(text: string, start: bigint, end: bigint): Result {
  const runes = [...text];
  const length = BigInt(runes.length);
  if (start > end) return new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0n || start > length) return outOfRange(start);
  if (end < 0n || end > length) return outOfRange(end);
  return runes.slice(Number(start), Number(end)).join("");
}

/** Go's unicode.IsSpace, which unlike trim() has U+0085 and not U+FEFF. */
const BLANK = "[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const LEADING = new RegExp(`^${BLANK}+`);
const TRAILING = new RegExp(`(?<!${BLANK})${BLANK}+$`);

function trim(text: string): string {
  return text.replace(LEADING, "").replace(TRAILING, "");
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

function join(list: CelList, separator: string): Result {
  const parts: string[] = [];
  for (const element of list) {
    if (element instanceof CelError) return element;
    if (typeof element !== "string") return new CelError(`join: invalid input: ${describe(element)}`);
    parts.push(element);
  }
  return parts.join(separator);
}

function quote(text: string): string {
  return `"${text.toWellFormed().replace(/[\x07-\r\\"]/g, (character) => goEscapes[character] ?? character)}"`;
}

function format(template: string, args: CelList): Result {
  const text = formatText(template, {
    size: args.size,
    checksIndexFirst: true,
    format(index, clause) {
      const value = args.at(index);
      return value instanceof CelError ? { failure: value.message } : formatValue(value, clause);
    },
  });
  return typeof text === "string" ? text : new CelError(text.failure);
}

const VERSION_0: readonly FunctionDecl[] = [
  { name: "charAt", overloads: [method("string_char_at_int", [STRING, INT], { result: STRING, evaluate: charAt })] },
  {
    name: "indexOf",
    overloads: [
      method("string_index_of_string", [STRING, STRING], {
        result: INT,
        evaluate: (text: string, part: string) => indexOf(text, part, 0n),
      }),
      method("string_index_of_string_int", [STRING, STRING, INT], { result: INT, evaluate: indexOf }),
    ],
  },
  {
    name: "lastIndexOf",
    overloads: [
      method("string_last_index_of_string", [STRING, STRING], { result: INT, evaluate: lastIndexOf }),
      method("string_last_index_of_string_int", [STRING, STRING, INT], { result: INT, evaluate: lastIndexOfFrom }),
    ],
  },
  { name: "lowerAscii", overloads: [method("string_lower_ascii", [STRING], { result: STRING, evaluate: lowerAscii })] },
  {
    name: "replace",
    overloads: [
      method("string_replace_string_string", [STRING, STRING, STRING], { result: STRING, evaluate: replaceAll }),
      method("string_replace_string_string_int", [STRING, STRING, STRING, INT], {
        result: STRING,
        evaluate: replaceSome,
      }),
    ],
  },
  {
    name: "split",
    overloads: [
      method("string_split_string", [STRING, STRING], {
        result: LIST_OF_STRING,
        evaluate: (text: string, separator: string) => new ArrayList(split(text, separator)),
      }),
      method("string_split_string_int", [STRING, STRING, INT], { result: LIST_OF_STRING, evaluate: splitSome }),
    ],
  },
  {
    name: "substring",
    overloads: [
      method("string_substring_int", [STRING, INT], { result: STRING, evaluate: substringFrom }),
      method("string_substring_int_int", [STRING, INT, INT], { result: STRING, evaluate: substring }),
    ],
  },
  { name: "trim", overloads: [method("string_trim", [STRING], { result: STRING, evaluate: trim })] },
  { name: "upperAscii", overloads: [method("string_upper_ascii", [STRING], { result: STRING, evaluate: upperAscii })] },
  {
    name: "join",
    overloads: [
      method("list_join", [LIST_OF_STRING], { result: STRING, evaluate: (list: CelList) => join(list, "") }),
      method("list_join_string", [LIST_OF_STRING, STRING], { result: STRING, evaluate: join }),
    ],
  },
];

const VERSION_1: readonly FunctionDecl[] = [
  { name: "format", overloads: [method("string_format", [STRING, listOf(DYN)], { result: STRING, evaluate: format })] },
  { name: "strings.quote", overloads: [{ id: "strings_quote", args: [STRING], result: STRING, evaluate: quote }] },
];

const VERSION_3: readonly FunctionDecl[] = [
  {
    name: "reverse",
    overloads: [
      method("string_reverse", [STRING], {
        result: STRING,
        evaluate: (text: string) => [...text].reverse().join(""),
      }),
    ],
  },
];

/** The library as of a version: 1 adds `format` and `strings.quote`, 3 adds `reverse`. */
export function strings(version: number): Library {
  return {
    name: "cel.lib.ext.strings",
    functions: [...VERSION_0, ...(version >= 1 ? VERSION_1 : []), ...(version >= 3 ? VERSION_3 : [])],
  };
}
