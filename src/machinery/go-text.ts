// How Go prints values in messages that clients read.

/** Printable ASCII that needs no escape. */
const plainText = /^[ !#-[\]-~]*$/;
/** Printable ASCII. */
const asciiText = /^[ -~]*$/;
/** Characters that have an escape of their own in Go's texts. */
export const goEscapes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** Go's strconv.Quote. */
export function quoteGo(text: string): string {
  if (plainText.test(text)) return `"${text}"`;
  if (asciiText.test(text)) return `"${text.replace(/["\\]/g, "\\$&")}"`;
  return `"${text.replace(/[^ !#-[\]-~]/gu, escapeGo)}"`;
}

/** Go's %q of a list: `["a" "b"]`. */
export const quoteGoList = (texts: readonly string[]): string => `[${texts.map(quoteGo).join(" ")}]`;

function escapeGo(character: string): string {
  const escaped = goEscapes[character];
  if (escaped !== undefined) return escaped;
  if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)) return character;
  const point = character.codePointAt(0) as number;
  if (point < 0x80) return `\\x${point.toString(16).padStart(2, "0")}`;
  if (point < 0x10000) return `\\u${point.toString(16).padStart(4, "0")}`;
  return `\\U${point.toString(16).padStart(8, "0")}`;
}

const htmlEscapes: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** ECMAScript's JSON.rawJSON, which TypeScript's library does not declare yet. */
const rawNumber = (value: bigint): unknown =>
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value));

/** Go's %v of a float64: the shortest text, with an exponent from seven digits before the point on. */
export function goFloat(value: number): string {
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < 6)) return String(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** Go's json.Marshal: like JSON.stringify, with HTML's characters escaped. Undefined prints as null. */
export function goJson(value: unknown): string {
  const text = (typeof value === "object" ? withBigNumbers(value) : scalarJson(value)) ?? "null";
  return /[<>&\u2028\u2029]/.test(text)
    ? text.replace(/[<>&\u2028\u2029]/g, (character) => htmlEscapes[character]!)
    : text;
}

const withBigNumbers = (value: unknown): string | undefined =>
  JSON.stringify(value, (_key, member) => (typeof member === "bigint" ? rawNumber(member) : member));

const scalarJson = (value: unknown): string | undefined =>
  typeof value === "bigint" ? String(value) : JSON.stringify(value);
