// The grammar of label selector text: `a=b,c!=d,e in (f,g),!h,i>1`. Upstream: k8s.io/apimachinery/pkg/labels Parse. Error
// texts are upstream's, position for position.

import { qualifiedName } from "../names.ts";
import { checkedRequirement, type LabelOperator, type LabelRequirement, SelectorError } from "./label-requirement.ts";

type Token = "error" | "end" | ")" | "," | "!" | "==" | "=" | ">" | "<" | "!=" | "(" | "in" | "notin" | "identifier";

interface Item {
  readonly token: Token;
  readonly text: string;
}

const special = new Set(["=", "!", "(", ")", ",", ">", "<"]);
const symbols: Readonly<Record<string, Token>> = {
  ")": ")",
  ",": ",",
  "!": "!",
  "==": "==",
  "=": "=",
  ">": ">",
  "<": "<",
  "!=": "!=",
  "(": "(",
};
const isSpace = (char: string): boolean => char === " " || char === "\t" || char === "\r" || char === "\n";

function scan(text: string): Item[] {
  const items: Item[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text[at]!)) at++;
    if (at >= text.length) break;
    const start = at;
    if (special.has(text[at]!)) {
      const { item, length } = scanSymbol(text, at);
      items.push(item);
      at += length;
    } else {
      while (at < text.length && !special.has(text[at]!) && !isSpace(text[at]!)) at++;
      const word = text.slice(start, at);
      items.push({ token: word === "in" || word === "notin" ? word : "identifier", text: word });
    }
  }
  items.push({ token: "end", text: "" });
  return items;
}

/** The longest known symbol; what follows one that cannot grow is left for the next. */
function scanSymbol(text: string, start: number): { item: Item; length: number } {
  let last: Item | undefined;
  let at = start;
  for (; at < text.length && special.has(text[at]!); at++) {
    const literal = text.slice(start, at + 1);
    const token = symbols[literal];
    if (token !== undefined) last = { token, text: literal };
    else if (last !== undefined) break;
  }
  const literal = text.slice(start, at);
  return {
    item: last ?? { token: "error", text: `error expected: keyword found '${literal}'` },
    length: at - start,
  };
}

/** Where values are expected, `in` and `notin` are plain words. */
const asValue = (item: Item): Item =>
  item.token === "in" || item.token === "notin" ? { token: "identifier", text: item.text } : item;

/** Throws SelectorError with upstream's text. The order is that of the text. */
export function parseRequirements(text: string): LabelRequirement[] {
  const items = scan(text);
  let position = 0;
  const endItem: Item = { token: "end", text: "" };
  const peek = (): Item => asValue(items[position] ?? endItem);
  const next = (): Item => asValue(items[position++] ?? endItem);
  const cursor: Cursor = { peek, next, nextRaw: () => items[position++] ?? endItem };

  const requirements: LabelRequirement[] = [];
  for (;;) {
    const item = peek();
    if (item.token === "end") return requirements;
    if (item.token !== "identifier" && item.token !== "!")
      throw new SelectorError(`found '${item.text}', expected: !, identifier, or 'end of string'`);
    requirements.push(parseRequirement(cursor));
    const separator = next();
    if (separator.token === "end") return requirements;
    if (separator.token !== ",") throw new SelectorError(`found '${separator.text}', expected: ',' or 'end of string'`);
    const following = peek();
    if (following.token !== "identifier" && following.token !== "!")
      throw new SelectorError(`found '${following.text}', expected: identifier after ','`);
  }
}

interface Cursor {
  readonly peek: () => Item;
  readonly next: () => Item;
  /** Without reading `in` and `notin` as words. */
  readonly nextRaw: () => Item;
}

function parseRequirement(cursor: Cursor): LabelRequirement {
  try {
    const absent = cursor.peek().token === "!";
    if (absent) cursor.next();
    const key = cursor.next();
    if (key.token !== "identifier") throw new SelectorError(`found '${key.text}', expected: identifier`);
    const errors = qualifiedName(key.text);
    if (errors.length > 0)
      throw new SelectorError(`<nil>: Invalid value: ${JSON.stringify(key.text)}: ${errors.join("; ")}`);
    if (absent) return checkedRequirement({ key: key.text, operator: "!", values: [] });
    const following = cursor.peek().token;
    if (following === "end" || following === ",")
      return checkedRequirement({ key: key.text, operator: "exists", values: [] });
    const operator = parseOperator(cursor);
    const values = operator === "in" || operator === "notin" ? parseSet(cursor) : [parseExactValue(cursor)];
    return checkedRequirement({ key: key.text, operator, values: [...new Set(values)].sort() });
  } catch (error) {
    if (error instanceof SelectorError) throw new SelectorError(`unable to parse requirement: ${error.message}`);
    throw error;
  }
}

function parseOperator(cursor: Cursor): LabelOperator {
  const item = cursor.nextRaw();
  switch (item.token) {
    case "in":
    case "notin":
    case "=":
    case "==":
    case "!=":
      return item.token;
    case ">":
      return "gt";
    case "<":
      return "lt";
    default:
      throw new SelectorError(`found '${item.text}', expected: in, notin, =, ==, !=, gt, lt`);
  }
}

function parseExactValue(cursor: Cursor): string {
  const following = cursor.peek();
  if (following.token === "end" || following.token === ",") return "";
  const item = cursor.next();
  if (item.token === "identifier") return item.text;
  throw new SelectorError(`found '${item.text}', expected: identifier`);
}

function parseSet(cursor: Cursor): string[] {
  const open = cursor.next();
  if (open.token !== "(") throw new SelectorError(`found '${open.text}' expected: '('`);
  const first = cursor.peek();
  if (first.token === ")") {
    cursor.next();
    return [""];
  }
  if (first.token !== "identifier" && first.token !== ",")
    throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
  const values = parseList(cursor);
  if (cursor.next().token !== ")") throw new SelectorError(`found '${first.text}', expected: ')'`);
  return values;
}

/** Empty places between commas are empty values. */
function parseList(cursor: Cursor): string[] {
  const values: string[] = [];
  for (;;) {
    const item = cursor.next();
    const following = cursor.peek();
    if (item.token === "identifier") {
      values.push(item.text);
      if (following.token === ")") return values;
      if (following.token !== ",") throw new SelectorError(`found '${following.text}', expected: ',' or ')'`);
    } else if (item.token === ",") {
      if (values.length === 0) values.push("");
      if (following.token === "," || following.token === ")") values.push("");
      if (following.token === ")") return values;
    } else throw new SelectorError(`found '${item.text}', expected: ',', or identifier`);
  }
}
