// What go-yaml says of a document's nodes before it has read their values: aliases within themselves, escapes it does not know,
// tags that their text does not fit. Tags it leaves alone are taken off.
import { EVENT_ID, type Event, getScalarValue } from "js-yaml";
import { YamlError } from "./yaml-error.ts";
import { isNullText, parseBoolean, parseFloatText, parseInteger } from "./yaml-scalar.ts";

export interface YamlEvents {
  /** The source, with what changed events refer to behind it. */
  readonly text: string;
  readonly events: Event[];
}

type Scalar = Extract<Event, { type: typeof EVENT_ID.SCALAR }>;

const textTag = "!!str";
const resolved = new Set(["str", "int", "float", "bool", "null", "binary", "merge"]);

/** Throws YamlError. */
export function asGoReads(text: string, events: Event[]): YamlEvents {
  const open: string[] = [];
  const source = `${text}\n${textTag}`;
  const toText = { tagStart: text.length + 1, tagEnd: source.length };
  /** A name given anew no longer is that of what is around it. */
  const rename = ({ anchorStart, anchorEnd }: { anchorStart: number; anchorEnd: number }): string => {
    const name = anchorStart < 0 ? "" : text.slice(anchorStart, anchorEnd);
    for (const [index, each] of open.entries()) if (name !== "" && each === name) open[index] = "";
    return name;
  };
  const read = events.map((event): Event => {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        open.push("");
        return event;
      case EVENT_ID.POP:
        open.pop();
        return event;
      case EVENT_ID.ALIAS: {
        const name = text.slice(event.anchorStart, event.anchorEnd);
        if (open.includes(name)) throw new YamlError(`yaml: anchor '${name}' value contains itself`);
        return event;
      }
      case EVENT_ID.SCALAR:
        checkEscapes(text, event);
        rename(event);
        if (event.tagStart < 0) return event;
        return isResolved(tagOf(text, event)) ? checkedTag(text, event) : { ...event, ...toText };
      default:
        open.push(rename(event));
        return event.tagStart < 0 ? event : { ...event, tagStart: -1, tagEnd: -1 };
    }
  });
  return { text: source, events: read };
}

const tagOf = (text: string, { tagStart, tagEnd }: Scalar): string => text.slice(tagStart, tagEnd);

/** `int` of `!!int` and of `!<tag:yaml.org,2002:int>`. */
const shortTag = (tag: string): string | undefined => /^(?:!!|!<tag:yaml\.org,2002:)(\w+)>?$/.exec(tag)?.[1];

const isResolved = (tag: string): boolean => {
  const short = shortTag(tag);
  return tag === "!" || tag === "!!" || (short !== undefined && resolved.has(short));
};

function checkedTag(text: string, event: Scalar): Scalar {
  const wanted = shortTag(tagOf(text, event));
  if (wanted === undefined || wanted === "str" || wanted === "binary" || wanted === "merge") return event;
  const value = getScalarValue(text, event);
  const found = typeOf(value);
  if (found === wanted || (wanted === "float" && found === "int")) return event;
  throw new YamlError(`yaml: cannot decode !!${found} \`${value}\` as a !!${wanted}`);
}

function typeOf(value: string): string {
  if (isNullText(value)) return "null";
  if (parseBoolean(value) !== undefined) return "bool";
  if (parseInteger(value) !== undefined) return "int";
  return parseFloatText(value) === undefined ? "str" : "float";
}

const escapeSequence = /\\(?:x[\da-f]{2}|u([\da-f]{4})|U([\da-f]{8})|[\s\S])/gi;
const knownEscapes = /^\\[0abt\tnvfre "'\\N_LPxuU\r\n\u0085\u2028\u2029]/;

/** Within double quotes; js-yaml knows more of them. */
function checkEscapes(text: string, { valueStart, valueEnd, fast }: Scalar): void {
  if (fast || text[valueStart - 1] !== '"') return;
  for (const found of text.slice(valueStart, valueEnd).matchAll(escapeSequence)) {
    const point = Number.parseInt(found[1] ?? found[2] ?? "0", 16);
    const unknown = !knownEscapes.test(found[0]);
    if (!unknown && (point < 0xd800 || point > 0xdfff) && point <= 0x10ffff) continue;
    const line = text.slice(0, valueStart + found.index).split("\n").length;
    const why = unknown ? "found unknown escape character" : "found invalid Unicode character escape code";
    throw new YamlError(`yaml: ${line === 1 ? "" : `line ${line}: `}${why}`);
  }
}
