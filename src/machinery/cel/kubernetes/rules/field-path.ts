/**
 * The `fieldPath` of a rule: `.a.b['c.d']`, fields and map keys that the schema knows.
 * Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go, ValidFieldPath.
 */
import { additionalOf, propertyOf, type RuleSchema } from "../schema/schema.ts";

export interface FieldPathOptions {
  /** Whether `['name']` is taken; true by default. */
  readonly brackets?: boolean;
}

/** The path as messages print it and the schema it leads to, or why there is none. */
export type FieldPath = { readonly path: string; readonly schema: RuleSchema } | { readonly error: string };

const escapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "'": "'",
  "\\": "\\",
};

/** Delimiters one by one, and what stands between them; a quoted text is one token, to the end if it is never closed. */
function tokens(text: string): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const token = rest.slice(0, tokenLength(rest));
    found.push(token);
    at += token.length;
  }
  return found;
}

function tokenLength(text: string): number {
  if (text[0] === "'") {
    const closed = /(?<!\\)'/.exec(text.slice(1));
    return closed === null ? text.length : closed.index + 2;
  }
  const delimiter = text.search(/[.[\]]/);
  return delimiter === 0 ? 1 : delimiter < 0 ? text.length : delimiter;
}

function unquote(token: string): { readonly text: string } | { readonly error: string } {
  let error: string | undefined;
  const text = token.slice(1, -1).replace(/\\./g, (written) => {
    const character = escapes[written[1] ?? ""];
    if (character === undefined) error = `invalid string literal: invalid escape char ${written}`;
    return character ?? "";
  });
  return error === undefined ? { text } : { error };
}

/** Follows the path through the schema. */
export function resolveFieldPath(path: string, root: RuleSchema, options: FieldPathOptions = {}): FieldPath {
  const list = tokens(path);
  let place: Exclude<FieldPath, { error: string }> = { path: "", schema: root };
  for (let at = 0; at < list.length; ) {
    const read = readName(list, at, options);
    if ("error" in read) return read;
    const next = step(place.schema, read.name, place.path);
    if ("error" in next) return next;
    at += read.length;
    if (list[at - 1] !== "]" && list[at - read.length] === "[")
      return { error: at > list.length ? "unexpected end of JSON path" : `expected ] but got ${list[at - 1]}` };
    place = next;
  }
  return place;
}

type NameRead = { readonly name: string; readonly length: number } | { readonly error: string };

/** The name in `.name` or `['name']`, and how many tokens it takes. */
function readName(list: readonly string[], at: number, options: FieldPathOptions): NameRead {
  const token = list[at];
  const next = list[at + 1];
  if (token !== "." && token !== "[") return { error: `expected [ or . but got: ${token}` };
  if (token === "[" && options.brackets === false) return { error: "array notation is not allowed" };
  if (next === undefined) return { error: "unexpected end of JSON path" };
  if (token === ".") return { name: next, length: 2 };
  if (next.length < 2 || next[0] !== "'" || !next.endsWith("'"))
    return { error: `expected single quoted string but got ${next}` };
  const plain = unquote(next);
  return "error" in plain ? plain : { name: plain.text, length: 3 };
}

function step(schema: RuleSchema, name: string, before: string): FieldPath {
  if (schema.properties !== undefined) {
    const property = propertyOf(schema, name);
    if (property === undefined) return { error: "does not refer to a valid field" };
    return { path: before === "" ? name : `${before}.${name}`, schema: property };
  }
  const additional = additionalOf(schema);
  if (additional === undefined) return { error: "does not refer to a valid field" };
  return { path: `${before}[${name}]`, schema: additional };
}
