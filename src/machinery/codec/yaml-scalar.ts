// How go-yaml v2 reads plain scalars (YAML 1.1 as it means it) and orders keys. The reader and the writer share it.
import { plainNumber } from "./json-text.ts";

const nulls = /^(?:~|null|Null|NULL|)$/;
const booleans = /^(?:(y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)|n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/;

export const isNullText = (source: string): boolean => nulls.test(source);

export function parseBoolean(source: string): boolean | undefined {
  const match = booleans.exec(source);
  return match === null ? undefined : match[1] !== undefined;
}

/** Go's strconv.ParseInt with base 0, underscores ignored. */
export function parseInteger(source: string): number | bigint | undefined {
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9][0-9]*)$/.exec(source.replaceAll("_", ""));
  if (match === null || !/^[+-]?[0-9]/.test(source)) return undefined;
  let digits = match[2]!.toLowerCase();
  if (/^0[0-7]+$/.test(digits)) digits = `0o${digits.slice(1)}`;
  if (digits === "0o") return undefined;
  const magnitude = BigInt(digits);
  return plainNumber(String(match[1] === "-" ? -magnitude : magnitude));
}

const specialFloats: Readonly<Record<string, number>> = {
  ".nan": Number.NaN,
  ".inf": Infinity,
  "+.inf": Infinity,
  "-.inf": -Infinity,
};

export function parseFloatText(source: string): number | undefined {
  if (/^[-+]?(?:\.inf|\.Inf|\.INF)$|^(?:\.nan|\.NaN|\.NAN)$/.test(source)) return specialFloats[source.toLowerCase()];
  const plain = source.replaceAll("_", "");
  return /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(plain) ? Number(plain) : undefined;
}

const timestamp =
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?$)/;
const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;

/** True when the text, written plain, reads back as text (and YAML 1.1 readers do not take it for a number in base 60). */
export function isPlainText(text: string): boolean {
  if (isNullText(text) || parseBoolean(text) !== undefined) return false;
  if (parseInteger(text) !== undefined || parseFloatText(text) !== undefined) return false;
  return !timestamp.test(text) && !base60.test(text);
}

const isLetter = (character: string): boolean => /\p{L}/u.test(character);
const isDigit = (character: string | undefined): boolean => character !== undefined && /\p{Nd}/u.test(character);

/** go-yaml's order of keys: letters after everything else, runs of digits as numbers. */
export function keyOrder(left: string, right: string): number {
  const [a, b] = [[...left], [...right]];
  for (let at = 0; at < a.length && at < b.length; at++) {
    if (a[at] === b[at]) continue;
    const [aLetter, bLetter] = [isLetter(a[at]!), isLetter(b[at]!)];
    if (aLetter && bLetter) return a[at]!.codePointAt(0)! - b[at]!.codePointAt(0)!;
    if (aLetter || bLetter) return bLetter ? -1 : 1;
    return digitOrder(a, b, at);
  }
  return a.length - b.length;
}

function digitOrder(a: readonly string[], b: readonly string[], at: number): number {
  let lead = 0;
  if (a[at] === "0" || b[at] === "0") {
    for (let back = at - 1; back >= 0 && isDigit(a[back]); back--) if (a[back] !== "0") lead = 1;
  }
  const [left, right] = [runOf(a, at, lead), runOf(b, at, lead)];
  if (left.value !== right.value) return left.value - right.value;
  if (left.end !== right.end) return left.end - right.end;
  return a[at]!.codePointAt(0)! - b[at]!.codePointAt(0)!;
}

function runOf(characters: readonly string[], start: number, lead: number): { value: number; end: number } {
  let value = lead;
  let end = start;
  for (; isDigit(characters[end]); end++) value = value * 10 + (characters[end]!.codePointAt(0)! - 48);
  return { value, end };
}
