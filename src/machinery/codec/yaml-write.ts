// YAML as upstream's tools print it (sigs.k8s.io/yaml over go-yaml v2): keys in natural order, two spaces, lists at the
// indentation of their key, plain text where it stays text, literal blocks for lines, folding at 80 columns.
import { isObject } from "../equal.ts";
import { YamlError } from "./yaml-error.ts";
import { isPlainText, keyOrder } from "./yaml-scalar.ts";

const bestWidth = 80;
const longestSimpleKey = 128;

/** One document, ending in a newline. Undefined members are left out. */
export function toYaml(value: unknown): string {
  const writer: Writer = { text: "", column: 0 };
  writeNode(writer, value, { indent: 0, place: "root" });
  if (writer.column > 0) put(writer, "\n");
  return writer.text;
}

interface Writer {
  text: string;
  column: number;
}

interface Position {
  /** Column of the collection that the node belongs to. */
  readonly indent: number;
  readonly place: "root" | "value" | "item";
}

function put(writer: Writer, text: string): void {
  writer.text += text;
  const lineBreak = text.lastIndexOf("\n");
  writer.column = lineBreak < 0 ? writer.column + [...text].length : [...text.slice(lineBreak + 1)].length;
}

function newLine(writer: Writer, indent: number): void {
  put(writer, `\n${" ".repeat(indent)}`);
}

function writeNode(writer: Writer, value: unknown, position: Position): void {
  if (Array.isArray(value)) {
    if (value.length === 0) put(writer, position.place === "value" ? " []" : "[]");
    else writeSequence(writer, value, position);
  } else if (isObject(value)) {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined);
    if (keys.length === 0) put(writer, position.place === "value" ? " {}" : "{}");
    else writeMapping(writer, { value, keys: keys.sort(keyOrder) }, position);
  } else {
    if (position.place === "value") put(writer, " ");
    writeScalar(writer, value, { indent: position.place === "root" ? 0 : position.indent, key: false });
  }
}

function writeSequence(writer: Writer, items: readonly unknown[], { indent, place }: Position): void {
  const at = place === "item" ? writer.column : indent;
  items.forEach((item, index) => {
    if (index > 0 || place === "value") newLine(writer, at);
    put(writer, "- ");
    writeNode(writer, item === undefined ? null : item, { indent: at, place: "item" });
  });
}

function writeMapping(
  writer: Writer,
  { value, keys }: { value: Record<string, unknown>; keys: readonly string[] },
  { indent, place }: Position,
): void {
  const at = place === "root" ? 0 : place === "item" ? writer.column : indent + 2;
  keys.forEach((key, index) => {
    if (index > 0 || place === "value") newLine(writer, at);
    if (isSimpleKey(key)) {
      writeScalar(writer, key, { indent: at, key: true });
      put(writer, ":");
      writeNode(writer, value[key], { indent: at, place: "value" });
    } else {
      put(writer, "? ");
      writeScalar(writer, key, { indent: at, key: false });
      newLine(writer, at);
      put(writer, ": ");
      writeNode(writer, value[key], { indent: at, place: "item" });
    }
  });
}

const isSimpleKey = (key: string): boolean =>
  !lineBreak.test(key) && new TextEncoder().encode(key).length <= longestSimpleKey;

interface ScalarPlace {
  readonly indent: number;
  /** A key stays on its line. */
  readonly key: boolean;
}

function writeScalar(writer: Writer, value: unknown, place: ScalarPlace): void {
  if (typeof value === "string") writeText(writer, value, place);
  else if (value === null || value === undefined) put(writer, "null");
  else if (typeof value === "number") put(writer, numberText(value));
  else if (typeof value === "boolean" || typeof value === "bigint") put(writer, String(value));
  else throw new YamlError(`yaml: cannot write a ${typeof value}`);
}

/** Integers in decimal, other numbers as Go's %g with the shortest digits. */
function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  const sign = power < 0 ? "-" : "+";
  return `${digits}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
}

interface Shape {
  readonly plain: boolean;
  readonly single: boolean;
  readonly block: boolean;
}

const printable = /^[\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/;
const lineBreak = /[\r\n\u0085\u2028\u2029]/;

/** Which styles a text allows in block context; upstream: yaml_emitter_analyze_scalar. */
function shapeOf(text: string): Shape {
  const special = !printable.test(text) || / [\r\n\u0085\u2028\u2029]/.test(text);
  const breakThenSpace = /[\r\n\u0085\u2028\u2029] /.test(text);
  const indicator =
    /^(?:---|\.\.\.)/.test(text) ||
    /^[#,[\]{}&*!|>'"%@`]/.test(text) ||
    /^[?:-](?:[\s\u0085\u2028\u2029]|$)/.test(text) ||
    /:(?:[\s\u0085\u2028\u2029]|$)/.test(text) ||
    /[\s\u0085\u2028\u2029]#/.test(text);
  const ends = /^ | $/.test(text) || lineBreak.test(text[0] ?? "") || lineBreak.test(text.at(-1) ?? "");
  return {
    plain: !special && !breakThenSpace && !indicator && !ends && !lineBreak.test(text),
    single: !special && !breakThenSpace,
    block: !special && !text.endsWith(" "),
  };
}

function writeText(writer: Writer, text: string, place: ScalarPlace): void {
  const shape = shapeOf(text);
  if (text.includes("\n")) {
    if (shape.block && !place.key) writeLiteral(writer, text, place.indent + 2);
    else writeDouble(writer, text, place);
  } else if (!isPlainText(text)) writeDouble(writer, text, place);
  else if (shape.plain) writeFolded(writer, text, { place, quote: "" });
  else if (shape.single) writeFolded(writer, text.replaceAll("'", "''"), { place, quote: "'" });
  else writeDouble(writer, text, place);
}

function writeLiteral(writer: Writer, text: string, indent: number): void {
  const hint = /^[ \n]/.test(text) ? "2" : "";
  const chomp = !text.endsWith("\n") ? "-" : text === "\n" || text.endsWith("\n\n") ? "+" : "";
  put(writer, `|${hint}${chomp}`);
  const lines = (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
  for (const line of lines) put(writer, line === "" ? "\n" : `\n${" ".repeat(indent)}${line}`);
  // The break that ends the last line is still to come, even when that line is empty.
  writer.column = Math.max(writer.column, 1);
}

/** Plain and single-quoted text: a lone space beyond column 80 becomes a line break. */
function writeFolded(writer: Writer, text: string, { place, quote }: { place: ScalarPlace; quote: string }): void {
  put(writer, quote);
  const characters = [...text];
  let afterSpace = false;
  characters.forEach((character, index) => {
    const next = characters[index + 1];
    const inner = quote === "" ? true : index > 0 && index < characters.length - 1;
    if (character === " " && !place.key && !afterSpace && writer.column > bestWidth && inner && next !== " ") {
      newLine(writer, place.indent + 2);
    } else put(writer, character);
    afterSpace = character === " ";
  });
  put(writer, quote);
}

const escapes: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\u0007": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\u001b": "\\e",
  '"': '\\"',
  "\\": "\\\\",
  "\u0085": "\\N",
  "\u2028": "\\L",
  "\u2029": "\\P",
};

function escaped(character: string): string {
  const known = escapes[character];
  if (known !== undefined) return known;
  const point = character.codePointAt(0) as number;
  const hex = point.toString(16).toUpperCase();
  if (point <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return point <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

function writeDouble(writer: Writer, text: string, place: ScalarPlace): void {
  put(writer, '"');
  const characters = [...text];
  let afterSpace = false;
  characters.forEach((character, index) => {
    if (character === " ") {
      const inner = index > 0 && index < characters.length - 1;
      if (!place.key && !afterSpace && writer.column > bestWidth && inner) {
        newLine(writer, place.indent + 2);
        if (characters[index + 1] === " ") put(writer, "\\");
      } else put(writer, " ");
      afterSpace = true;
      return;
    }
    const safe = printable.test(character) && !lineBreak.test(character) && character !== '"' && character !== "\\";
    put(writer, safe ? character : escaped(character));
    afterSpace = false;
  });
  put(writer, '"');
}
