/** What string and bytes literals mean. */

const SIMPLE: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "`": "`",
  "?": "?",
};

/** The inside of a literal without quotes and raw prefix, and whether it was raw. */
function inside(literal: string): { body: string; raw: boolean } {
  const text = literal.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
  const raw = text[0] === "r" || text[0] === "R";
  const quoted = raw ? text.slice(1) : text;
  const triple = quoted.length >= 6 && (quoted.startsWith('"""') || quoted.startsWith("'''"));
  return { body: triple ? quoted.slice(3, -3) : quoted.slice(1, -1), raw };
}

interface Escape {
  readonly code: number;
  readonly length: number;
}

/** The numeric escape after a backslash at `at`; undefined when bytes may not have it. */
function numericEscape(body: string, at: number): Escape {
  const kind = body[at] ?? "";
  if (kind === "x" || kind === "X") return { code: Number.parseInt(body.slice(at + 1, at + 3), 16), length: 3 };
  if (kind === "u") return { code: Number.parseInt(body.slice(at + 1, at + 5), 16), length: 5 };
  if (kind === "U") return { code: Number.parseInt(body.slice(at + 1, at + 9), 16), length: 9 };
  return { code: Number.parseInt(body.slice(at, at + 3), 8), length: 3 };
}

function isScalar(code: number): boolean {
  return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

/** The value of a STRING token, or the error text. */
export function stringValue(literal: string): string | { readonly error: string } {
  const { body, raw } = inside(literal);
  if (raw || !body.includes("\\")) return body;
  let out = "";
  for (let at = 0; at < body.length; at++) {
    const character = body[at] ?? "";
    if (character !== "\\") {
      out += character;
      continue;
    }
    at++;
    const simple = SIMPLE[body[at] ?? ""];
    if (simple !== undefined) {
      out += simple;
      continue;
    }
    const numeric = numericEscape(body, at);
    if (!isScalar(numeric.code)) return { error: "invalid unicode code point" };
    out += String.fromCodePoint(numeric.code);
    at += numeric.length - 1;
  }
  return out;
}

/** The value of a BYTES token, or the error text. */
export function bytesValue(literal: string): Uint8Array | { readonly error: string } {
  const { body, raw } = inside(literal.slice(1));
  const encoder = new TextEncoder();
  if (raw || !body.includes("\\")) return encoder.encode(body);
  const out: number[] = [];
  const characters = body;
  for (let at = 0; at < characters.length; at++) {
    const point = characters.codePointAt(at) ?? 0;
    if (point !== 92) {
      if (point < 128) out.push(point);
      else out.push(...encoder.encode(String.fromCodePoint(point)));
      if (point > 0xffff) at++;
      continue;
    }
    at++;
    const kind = characters[at] ?? "";
    const simple = SIMPLE[kind];
    if (simple !== undefined) {
      out.push(simple.charCodeAt(0));
      continue;
    }
    if (kind === "u" || kind === "U") return { error: "unable to unescape string" };
    const numeric = numericEscape(characters, at);
    out.push(numeric.code & 255);
    at += numeric.length - 1;
  }
  return Uint8Array.from(out);
}
