// The JSONPath of printer columns and selectable fields: fields, indexes, slices, wildcards, descent, filters, unions.
// Upstream: k8s.io/client-go util/jsonpath, used with one `{…}` around the path and missing keys allowed.
import { goJson, isObject, sortedCopy } from "../../../machinery/index.ts";

export class JsonPathError extends Error {
  override readonly name = "JsonPathError";
}

type Node =
  | { readonly type: "field"; readonly name: string }
  | { readonly type: "wildcard" | "recursive" }
  | { readonly type: "value"; readonly value: unknown }
  | {
      readonly type: "slice";
      readonly from: number;
      readonly to: number | undefined;
      readonly step: number;
      readonly single: boolean;
    }
  | { readonly type: "union"; readonly lists: readonly (readonly Node[])[] }
  | {
      readonly type: "filter";
      readonly left: readonly Node[];
      readonly right: readonly Node[];
      readonly operator: string;
    };

/** Values that a path finds in an object; throws JsonPathError where upstream reports an error. */
export type JsonPath = (object: unknown) => readonly unknown[];

/** Throws JsonPathError for a path that cannot be read. */
export function compileJsonPath(path: string): JsonPath {
  const nodes = new Parser(`${path}}`).parse();
  return (object) => evaluate([object], nodes);
}

const terminator = /[ \t\r\n.,[\]$@{}]/;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const rest = this.#text.slice(this.#at);
      if (rest.startsWith("}")) return nodes;
      if (rest === "" || /^[\r\n]/.test(rest)) throw new JsonPathError("unclosed action");
      if (rest.startsWith("[?(")) nodes.push(this.#filter());
      else if (rest.startsWith("..")) this.#recursive(nodes);
      else if (/^[ @$]/.test(rest)) this.#at++;
      else if (rest.startsWith("[")) nodes.push(...this.#array());
      else if (/^["']/.test(rest)) nodes.push(this.#quoted(rest[0]!));
      else if (rest.startsWith(".")) {
        this.#at++;
        nodes.push(this.#field());
      } else if (/^[+\-\d]/.test(rest)) nodes.push(this.#number());
      else if (/^[_\p{L}]/u.test(rest)) nodes.push(this.#identifier());
      else throw new JsonPathError(`unrecognized character in action: ${rest[0]}`);
    }
  }

  #recursive(nodes: Node[]): void {
    if (nodes.at(-1)?.type === "recursive") throw new JsonPathError("invalid multiple recursive descent");
    this.#at += 2;
    nodes.push({ type: "recursive" });
    if (/^[_\p{L}\p{Nd}]/u.test(this.#text.slice(this.#at))) nodes.push(this.#field());
  }

  #field(): Node {
    const from = this.#at;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at]!;
      if (char === "\\") this.#at++;
      else if (terminator.test(char)) break;
      this.#at++;
    }
    const name = this.#text.slice(from, this.#at);
    return name === "*" ? { type: "wildcard" } : { type: "field", name: name.replaceAll("\\", "") };
  }

  #identifier(): Node {
    const node = this.#field();
    const name = node.type === "field" ? node.name : "*";
    if (name === "true" || name === "false") return { type: "value", value: name === "true" };
    throw new JsonPathError(`unrecognized identifier ${name}`);
  }

  #number(): Node {
    const text = /^[+-]?[\d.]*/.exec(this.#text.slice(this.#at))![0];
    this.#at += text.length;
    if (text === "" || Number.isNaN(Number(text))) throw new JsonPathError(`cannot parse number ${text}`);
    return { type: "value", value: Number(text) };
  }

  #quoted(quote: string): Node {
    const from = ++this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      if (this.#text[this.#at] !== quote || this.#text[this.#at - 1] === "\\") continue;
      const value = this.#text.slice(from, this.#at++).replace(/\\(.)/g, "$1");
      return { type: "value", value };
    }
    throw new JsonPathError("unterminated quoted string");
  }

  #array(): Node[] {
    const end = this.#text.indexOf("]", this.#at);
    if (end < 0) throw new JsonPathError("unterminated array");
    const text = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return indexNodes(text);
  }

  #filter(): Node {
    const from = this.#at + 3;
    let quote = "";
    let closed = false;
    for (let at = from; at < this.#text.length; at++) {
      const char = this.#text[at]!;
      if (char === "\n") break;
      if (char === '"' || char === "'") {
        if (quote === "") quote = char;
        else if (char === quote && this.#text[at - 1] !== "\\") closed = true;
      } else if (char === ")" && (quote !== "") === closed) {
        if (this.#text[at + 1] !== "]") throw new JsonPathError("unclosed array expect ]");
        this.#at = at + 2;
        return filterNode(this.#text.slice(from, at));
      }
    }
    throw new JsonPathError("unterminated filter");
  }
}

function filterNode(text: string): Node {
  const parts = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(text);
  if (parts === null) return { type: "filter", left: parsePart(text), right: [], operator: "exists" };
  return { type: "filter", left: parsePart(parts[1]!), right: parsePart(parts[3]!), operator: parts[2]! };
}

const parsePart = (text: string): Node[] => new Parser(`${text}}`).parse();

function indexNodes(text: string): Node[] {
  const parts = text.split(",");
  if (parts.length > 1) return [{ type: "union", lists: parts.map((part) => parsePart(`[${part.trim()}]`)) }];
  const quoted = /^'([^']*)'$/.exec(text);
  if (quoted !== null) return parsePart(`.${quoted[1]}`);
  const slice = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text === "*" ? ":" : text);
  if (slice === null) throw new JsonPathError(`invalid array index ${text}`);
  const [, from = "", to, step] = slice;
  const number = (part: string | undefined): number | undefined =>
    part === undefined || part === ":" || part === "" ? undefined : Number(part.replace(":", ""));
  const first = number(from) ?? 0;
  return [
    {
      type: "slice",
      from: first,
      to: to === undefined ? first + 1 : number(to),
      step: number(step) ?? 1,
      single: to === undefined,
    },
  ];
}

function evaluate(input: readonly unknown[], nodes: readonly Node[]): readonly unknown[] {
  let current = input;
  for (const node of nodes) current = step(current, node);
  return current;
}

function step(input: readonly unknown[], node: Node): readonly unknown[] {
  switch (node.type) {
    case "field":
      return input.flatMap((each) => (isObject(each) && Object.hasOwn(each, node.name) ? [each[node.name]] : []));
    case "value":
      return input.map(() => node.value);
    case "wildcard":
      return input.flatMap(membersOf);
    case "recursive":
      return descendants(input);
    case "slice":
      return input.flatMap((each) => (each === null || each === undefined ? [] : slice(each, node)));
    case "union":
      return node.lists.flatMap((list) => evaluate(input, list));
    case "filter":
      return input.flatMap((each) => filter(each, node));
  }
}

const membersOf = (value: unknown): unknown[] =>
  Array.isArray(value)
    ? value
    : isObject(value)
      ? Object.keys(value)
          .sort()
          .map((key) => value[key])
      : typeof value === "string"
        ? [...new TextEncoder().encode(value)]
        : [];

function descendants(input: readonly unknown[]): unknown[] {
  return input.flatMap((value) => {
    const members = typeof value === "object" ? membersOf(value) : [];
    return members.length === 0 ? [] : [value, ...descendants(members)];
  });
}

function slice(value: unknown, node: Extract<Node, { type: "slice" }>): unknown[] {
  if (!Array.isArray(value)) throw new JsonPathError("not an array or slice");
  const { length } = value;
  const from = node.from < 0 ? node.from + length : node.from;
  let to = node.to ?? length;
  if (to < 0 || (to === 0 && node.single)) to += length;
  if (from === to) return [];
  if (from >= length || from < 0) throw new JsonPathError(`array index out of bounds: index ${from}, length ${length}`);
  if (to > length || to < 0) throw new JsonPathError(`array index out of bounds: index ${to - 1}, length ${length}`);
  if (from > to) throw new JsonPathError(`starting index ${from} is greater than ending index ${to}`);
  if (node.step <= 0) throw new JsonPathError("step must be > 0");
  return value.slice(from, to).filter((_, index) => index % node.step === 0);
}

function filter(value: unknown, node: Extract<Node, { type: "filter" }>): unknown[] {
  if (!Array.isArray(value)) throw new JsonPathError("not an array or slice and cannot be filtered");
  return value.filter((each) => {
    const left = evaluate([each], node.left);
    if (node.operator === "exists") return left.length > 0;
    if (left.length === 0) return false;
    const right = evaluate([each], node.right);
    if (right.length === 0) return false;
    if (left.length > 1 || right.length > 1) throw new JsonPathError("can only compare one element at a time");
    return compare(left[0], right[0], node.operator);
  });
}

function compare(left: unknown, right: unknown, operator: string): boolean {
  if (typeof left !== typeof right || left === null || typeof left === "object")
    throw new JsonPathError("incompatible types for comparison");
  const [a, b] = [left as string | number, right as string | number];
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      throw new JsonPathError(`unrecognized filter operator ${operator}`);
  }
}

/** A value as Go prints it: text as it is, objects and lists as JSON. */
export const printValue = (value: unknown): string =>
  value === null || value === undefined
    ? "<no value>"
    : typeof value === "string"
      ? value
      : typeof value === "object" && value !== null
        ? goJson(sortedCopy(value))
        : String(value);
