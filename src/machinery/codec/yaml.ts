// YAML as sigs.k8s.io/yaml reads it (go-yaml v2: YAML 1.1 booleans, octal numbers, merge keys, timestamps stay text). The
// writer is in yaml-write.ts.
import {
  constructFromEvents,
  defineMappingTag,
  defineScalarTag,
  EVENT_ID,
  type Event,
  FAILSAFE_SCHEMA,
  getScalarValue,
  mergeTag,
  NOT_RESOLVED,
  parseEvents,
  YAMLException,
} from "js-yaml";
import { deepClone, setOwn } from "../equal.ts";
import { requestTooLarge } from "../errors.ts";
import { quoteGo } from "../go-text.ts";
import { deepest, mostValues, scanJson } from "./json-text.ts";
import { YamlError } from "./yaml-error.ts";
import { asGoReads } from "./yaml-events.ts";
import { isNullText, parseBoolean, parseFloatText, parseInteger } from "./yaml-scalar.ts";

export { YamlError } from "./yaml-error.ts";
export { toYaml } from "./yaml-write.ts";

const nullTag = defineScalarTag<null>("tag:yaml.org,2002:null", {
  implicit: true,
  resolve: (source) => (isNullText(source) ? null : NOT_RESOLVED),
  identify: (value) => value === null,
});
const boolTag = defineScalarTag<boolean>("tag:yaml.org,2002:bool", {
  implicit: true,
  resolve: (source) => parseBoolean(source) ?? NOT_RESOLVED,
  identify: (value) => typeof value === "boolean",
});
const intTag = defineScalarTag<number | bigint>("tag:yaml.org,2002:int", {
  implicit: true,
  resolve: (source) => parseInteger(source) ?? NOT_RESOLVED,
  identify: (value) => typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value)),
});
const notFinite: Readonly<Record<string, string>> = { NaN: "NaN", Infinity: "+Inf", "-Infinity": "-Inf" };
const floatTag = defineScalarTag<number>("tag:yaml.org,2002:float", {
  implicit: true,
  resolve: (source) => {
    const value = parseFloatText(source);
    if (value === undefined) return NOT_RESOLVED;
    // What no double holds is text.
    if (!Number.isFinite(value) && /\d/.test(source)) return NOT_RESOLVED;
    if (!Number.isFinite(value)) throw new YamlError(`json: unsupported value: ${notFinite[String(value)]}`);
    return value;
  },
  identify: (value) => typeof value === "number",
});

/** base64 of a text. */
const binaryTag = defineScalarTag<string>("tag:yaml.org,2002:binary", {
  resolve: (source) => {
    const bytes = decodedBase64(source);
    if (bytes === undefined) throw new YamlError("yaml: !!binary value contains invalid base64 data");
    return new TextDecoder().decode(bytes);
  },
  identify: () => false,
});

/** Undefined for what Go's standard decoder refuses. It passes over line breaks. */
function decodedBase64(source: string): Uint8Array | undefined {
  const text = source.replace(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Go's %+#v of what go-yaml reads. */
function goValue(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[]interface {}{${value.map(goItem).join(", ")}}`;
  if (typeof value !== "object") return typeof value === "string" ? quoteGo(value) : String(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[interface {}]interface {}{${members.map(([key, item]) => `${quoteGo(key)}:${goItem(item)}`).join(", ")}}`;
}

const goItem = (item: unknown): string => (item === null ? "interface {}(nil)" : goValue(item));

/** Maps with keys as text, as the conversion to JSON makes them; a repeated key wins over the earlier one. */
const mapTag = defineMappingTag<Record<string, unknown>>("tag:yaml.org,2002:map", {
  create: () => ({}),
  addPair: (map, key, value) => {
    if (key === null)
      throw new YamlError(`unsupported map key of type: %!s(<nil>), key: <nil>, value: ${goValue(value)}`);
    if (typeof key === "object") return "invalid map key";
    setOwn(map, String(key), value);
    return "";
  },
  has: (map, key) => Object.hasOwn(map, String(key)),
  keys: (map) => Object.keys(map),
  get: (map, key) => map[String(key)],
  identify: (value) => value !== null && typeof value === "object" && !Array.isArray(value),
});

const schema = FAILSAFE_SCHEMA.withTags(nullTag, boolTag, intTag, floatTag, binaryTag, mergeTag, mapTag);

/** One value per document. Throws YamlError. */
export function fromYaml(text: string): unknown[] {
  checkCharacters(text);
  return construct(text, readEvents(text));
}

/**
 * A body: what go-yaml reads of it is its first document. `repeatedKeys` is what go-yaml's strict mode says of keys that occur
 * twice, undefined when none does. Throws YamlError, and StatusError 413 for text of very many values.
 */
export function readFirstDocument(text: string): { readonly value: unknown; repeatedKeys(): string | undefined } {
  const first = text.slice(0, endOfFirstDocument(text));
  const json = plainJson(first);
  if (json !== undefined) return { value: json, repeatedKeys: () => undefined };
  checkCharacters(first);
  if (marksIn(first) > mostMarks) throw requestTooLarge(`limit is ${mostMarks} lines, items and members`);
  if (/^(?: *(?:#.*)?\r?\n)* *\t/.test(first)) {
    const line = first.slice(0, first.indexOf("\t")).split("\n").length - 1;
    throw new YamlError(`yaml: ${lineText(line)}found character that cannot start any token`);
  }
  const read = firstEvents(first);
  const [value = null] = construct(read.text, read.events);
  return { value, repeatedKeys: () => repeatedKeys(read.text, read.events) };
}

/** Upstream: go-yaml's reader. */
const notAllowed = /[^\t\n\r -~\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

function checkCharacters(text: string): void {
  if (notAllowed.test(text)) throw new YamlError("yaml: control characters are not allowed");
}

/** What follows a list or map in brackets is not looked at. */
function firstEvents(text: string): { readonly text: string; readonly events: Event[] } {
  try {
    return { text, events: parseEvents(text, { maxDepth: deepest }) };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const end = error.mark?.position ?? 0;
    const whole = text.slice(0, end);
    if (
      end > 0 &&
      /^end of the stream or a document separator/.test(error.reason) &&
      /^\s*[[{].*[\]}]\s*$/s.test(whole)
    )
      return { text: whole, events: readEvents(whole) };
    throw new YamlError(goMessage(error));
  }
}

/** JSON, as most clients send it, where YAML reads the same from it; undefined for everything else. */
function plainJson(text: string): Record<string, unknown> | undefined {
  if (text[0] !== "{" || !/^[\n -~]*$/.test(text) || /\\[u/]/.test(text)) return undefined;
  const scan = scanJson(new TextEncoder().encode(text));
  if (scan.values > mostValues) throw requestTooLarge(`limit is ${mostValues} values`);
  if (scan.oddNumbers || scan.depth > deepest) return undefined;
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    return plainMembers(value) === scan.members ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** go-yaml's limit of a key in one line, in characters. */
const longestKey = 1024;

/** Members within a value; NaN when YAML reads one of them otherwise: merge keys, long keys, a zero with a sign. */
function plainMembers(value: unknown): number {
  if (value === null || typeof value !== "object") return Object.is(value, -0) ? Number.NaN : 0;
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += plainMembers(item);
  else
    for (const key in value) {
      if (key === "<<" || key.length > longestKey - 10) return Number.NaN;
      count += 1 + plainMembers((value as Record<string, unknown>)[key]);
    }
  return count;
}

/** Fewer than JSON may have values, since they cost more here; what stands between values may be part of a text, too. */
const mostMarks = 100_000;

/** How often the text has what stands between values. */
function marksIn(text: string): number {
  if (text.length <= mostMarks) return 0;
  let marks = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x0a || unit === 0x2c || unit === 0x3a || unit === 0x5b || unit === 0x7b) marks++;
  }
  return marks;
}

/** Where the marker stands that ends it; comments, directives and the marker that begins it come before. */
function endOfFirstDocument(text: string): number {
  const before = /[ \t]*(?:#.*)?\r?\n|%.*\n|---(?=[ \t\r\n]|$)/y;
  let begin = 0;
  while (before.test(text)) {
    const isMarker = text[begin] === "-";
    begin = before.lastIndex;
    if (isMarker) break;
  }
  const marker = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm;
  marker.lastIndex = begin;
  return marker.exec(text)?.index ?? text.length;
}

function construct(text: string, events: Event[]): unknown[] {
  const aliases = events.some((event) => event.type === EVENT_ID.ALIAS);
  const read = asGoReads(text, events);
  const documents = run(() => constructFromEvents(read.events, { source: read.text, schema, json: true }));
  if (!aliases) return documents;
  refuseBombs(documents, events.length);
  return documents.map((document) => deepClone(document));
}

const readEvents = (text: string): Event[] => run(() => parseEvents(text, { maxDepth: deepest }));

function run<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof YAMLException) throw new YamlError(goMessage(error));
    throw error;
  }
}

const goReasons: readonly (readonly [RegExp, string])[] = [
  [/^bad indentation of a mapping entry/, "mapping values are not allowed in this context"],
  [/^bad indentation of a sequence entry/, "did not find expected '-' indicator"],
  [/^tab characters must not be used/, "found character that cannot start any token"],
  [/^unexpected end of the stream within a (?:single|double) quoted scalar/, "found unexpected end of stream"],
  [/^end of the stream or a document separator is expected/, "did not find expected key"],
  [/^can not read a (?:block|implicit) mapping (?:entry|pair); a multiline key/, "could not find expected ':'"],
  [/^expected the node content, but found/, "did not find expected node content"],
  [/^expected hexadecimal character/, "did not find expected hexdecimal number"],
  [/^nesting exceeded maxDepth/, "exceeded max depth of 10000"],
  [/^unknown escape sequence/, "found unknown escape character"],
  [/^unidentified alias "(.*)"/, "unknown anchor '$1' referenced"],
];

function goMessage(error: YAMLException): string {
  const { reason, mark } = error;
  if (reason.startsWith("unexpected end of the stream within a flow collection") && mark !== undefined)
    return `yaml: line ${linesOf(mark.buffer)}: ${unfinished(mark.buffer)}`;
  if (reason.startsWith("missed comma between flow collection entries") && mark !== undefined)
    return `yaml: ${parserLine(mark.line)}${unfinished(mark.buffer.slice(0, mark.position), "expectsComma")}`;
  let text = reason;
  // go-yaml reads on as a plain scalar of several lines and trips over the colon.
  const line = mark === undefined ? "" : (mark.buffer.split("\n")[mark.line] ?? "");
  if (reason.startsWith("bad indentation of a sequence entry") && /:(?:\s|$)/.test(line))
    return `yaml: ${lineText(mark?.line)}mapping values are not allowed in this context`;
  if (reason.startsWith("bad indentation of a mapping entry")) {
    const start = /^\s*[^\s"'[{][^:]*:\s+(.)(.?)/.exec(line);
    if (start?.[1] !== undefined && /[@`%]/.test(start[1]))
      return `yaml: ${lineText(mark?.line)}found character that cannot start any token`;
    if (start?.[1] === "-" && start[2] === " ")
      return `yaml: ${lineText(mark?.line)}block sequence entries are not allowed in this context`;
    if (start?.[1] === "?" && start[2] === " ")
      return `yaml: ${lineText(mark?.line)}mapping keys are not allowed in this context`;
  }
  for (const [pattern, replacement] of goReasons)
    if (pattern.test(reason)) text = reason.replace(new RegExp(`${pattern.source}.*`, "s"), replacement);
  if (text.startsWith("unknown anchor")) return `yaml: ${text}`;
  return `yaml: ${/^did not find expected (?:key|node|'-')/.test(text) ? parserLine(mark?.line) : lineText(mark?.line)}${text}`;
}

const linesOf = (text: string): number => text.replace(/\0+$/, "").replace(/\n$/, "").split("\n").length;

/** What go-yaml's parser misses where text ends within a list or map. */
function unfinished(text: string, expects?: "expectsComma"): string {
  const end = text.replace(/[\s\0]+$/, "");
  if (expects === undefined && /[[{,:]$/.test(end)) return "did not find expected node content";
  const open: string[] = [];
  for (const bracket of end.replace(/"(?:\\.|[^"\\])*"|'(?:''|[^'])*'/g, "").matchAll(/[[\]{}]/g))
    if (bracket[0] === "[" || bracket[0] === "{") open.push(bracket[0]);
    else open.pop();
  return `did not find expected ',' or '${open.at(-1) === "{" ? "}" : "]"}'`;
}

/** What go-yaml's parser finds, not its scanner, is told with the line counted from 0. */
const parserLine = (line: number | undefined): string => (line === undefined || line === 0 ? "" : `line ${line}: `);

/** go-yaml counts lines from 0 and says nothing of the first. */
const lineText = (line: number | undefined): string => (line === undefined || line === 0 ? "" : `line ${line + 1}: `);

/** go-yaml's guard against documents that grow by aliases of aliases. */
function refuseBombs(documents: readonly unknown[], nodes: number): void {
  const sizes = new Map<object, number>();
  const sizeOf = (value: unknown): number => {
    if (value === null || typeof value !== "object") return 1;
    const known = sizes.get(value);
    if (known !== undefined) return known;
    let size = 1;
    for (const member of Object.values(value)) size += sizeOf(member);
    sizes.set(value, size);
    return size;
  };
  const expanded = documents.reduce<number>((sum, document) => sum + sizeOf(document), 0);
  if (expanded > 400_000 && (expanded - nodes) / expanded > 0.99)
    throw new YamlError("yaml: document contains excessive aliasing");
}

function repeatedKeys(text: string, events: readonly Event[]): string | undefined {
  const lines: string[] = [];
  const lineOf = lineCounter(text);
  /** Of each open collection: keys seen, undefined for sequences; and whether a key comes next. */
  const open: { keys: Set<string> | undefined; atKey: boolean }[] = [];
  const advance = (): void => {
    const top = open.at(-1);
    if (top !== undefined) top.atKey = !top.atKey;
  };
  for (const event of events) {
    const top = open.at(-1);
    if (event.type === EVENT_ID.SCALAR) {
      if (top?.keys !== undefined && top.atKey) {
        const key = getScalarValue(text, event);
        if (top.keys.has(key))
          lines.push(`  line ${lineOf(event.valueStart)}: key ${JSON.stringify(key)} already set in map`);
        top.keys.add(key);
      }
      advance();
    } else if (event.type === EVENT_ID.ALIAS) advance();
    else if (event.type === EVENT_ID.POP) {
      open.pop();
      advance();
    } else open.push({ keys: event.type === EVENT_ID.MAPPING ? new Set() : undefined, atKey: true });
  }
  return lines.length === 0 ? undefined : `yaml: unmarshal errors:\n${lines.join("\n")}`;
}

/** Line numbers of offsets that are asked for in order. */
function lineCounter(text: string): (offset: number) => number {
  let line = 1;
  let next = text.indexOf("\n");
  return (offset) => {
    for (; next >= 0 && next < offset; next = text.indexOf("\n", next + 1)) line++;
    return line;
  };
}
