/**
 * Splits CEL source into tokens the way the grammar's generated lexer does: longest match, first rule
 * on a tie, and after text that no rule takes, an error that swallows up to and including the
 * character where the last rule gave up.
 * Source: cel-spec doc/langdef.md "Syntax"; the texts of errors are those of ANTLR.
 */

/** Kinds by the name that error texts give them: punctuation is quoted. */
export type TokenKind =
  | "<EOF>"
  | "'=='"
  | "'!='"
  | "'in'"
  | "'<'"
  | "'<='"
  | "'>='"
  | "'>'"
  | "'&&'"
  | "'||'"
  | "'['"
  | "']'"
  | "'{'"
  | "'}'"
  | "'('"
  | "')'"
  | "'.'"
  | "','"
  | "'-'"
  | "'!'"
  | "'?'"
  | "':'"
  | "'+'"
  | "'*'"
  | "'/'"
  | "'%'"
  | "'true'"
  | "'false'"
  | "'null'"
  | "NUM_FLOAT"
  | "NUM_INT"
  | "NUM_UINT"
  | "STRING"
  | "BYTES"
  | "IDENTIFIER"
  | "ESC_IDENTIFIER";

/** The kinds in the order in which error texts list them. */
export const TOKEN_ORDER: readonly TokenKind[] = [
  "<EOF>",
  "'=='",
  "'!='",
  "'in'",
  "'<'",
  "'<='",
  "'>='",
  "'>'",
  "'&&'",
  "'||'",
  "'['",
  "']'",
  "'{'",
  "'}'",
  "'('",
  "')'",
  "'.'",
  "','",
  "'-'",
  "'!'",
  "'?'",
  "':'",
  "'+'",
  "'*'",
  "'/'",
  "'%'",
  "'true'",
  "'false'",
  "'null'",
  "NUM_FLOAT",
  "NUM_INT",
  "NUM_UINT",
  "STRING",
  "BYTES",
  "IDENTIFIER",
  "ESC_IDENTIFIER",
];

/** A token: `source.slice(start, end)`, offsets in UTF-16 units. */
export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

/** Text that is no token; `end` is exclusive and may lie one past the source. */
export interface LexError {
  readonly start: number;
  readonly end: number;
}

const KEYWORDS = new Map<string, TokenKind>([
  ["in", "'in'"],
  ["true", "'true'"],
  ["false", "'false'"],
  ["null", "'null'"],
]);

const SINGLE = new Map<string, TokenKind>(
  (["[", "]", "{", "}", "(", ")", ".", ",", "-", "?", ":", "+", "*", "/", "%"] as const).map((text) => [
    text,
    `'${text}'`,
  ]),
);

const BLANK = /[\t \r\n\f]+/y;
const COMMENT = /\/\/[^\n]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const ESCAPED_WORD = /`[A-Za-z0-9_.\-/ ]+`/y;
const ESCAPED_WORD_START = /`[A-Za-z0-9_.\-/ ]*/y;
const FLOAT = /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y;
const UINT = /(?:0x[0-9A-Fa-f]+|\d+)[uU]/y;
const INT = /(?:0x[0-9A-Fa-f]+|\d+)/y;
const ESCAPE = String.raw`\\(?:[abfnrtv"'\\?\x60]|[0-3][0-7][0-7]|[xX][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})`;
const PARTIAL_ESCAPE = String.raw`\\(?:[0-3][0-7]?|[xX][0-9A-Fa-f]?|u[0-9A-Fa-f]{0,3}|U[0-9A-Fa-f]{0,7})?`;
const QUOTED = [
  String.raw`"""(?:${ESCAPE}|[^\\])*?"""`,
  String.raw`'''(?:${ESCAPE}|[^\\])*?'''`,
  String.raw`"(?:${ESCAPE}|[^\\"\n\r])*"`,
  String.raw`'(?:${ESCAPE}|[^\\'\n\r])*'`,
  '[rR]"""[^]*?"""',
  "[rR]'''[^]*?'''",
  String.raw`[rR]"[^"\n\r]*"`,
  String.raw`[rR]'[^'\n\r]*'`,
].map((pattern) => new RegExp(pattern, "y"));
/** How far an unfinished string goes before no rule takes it. */
const UNFINISHED = [
  new RegExp(String.raw`"(?:${ESCAPE}|[^\\"\n\r])*(?:${PARTIAL_ESCAPE})?`, "y"),
  new RegExp(String.raw`'(?:${ESCAPE}|[^\\'\n\r])*(?:${PARTIAL_ESCAPE})?`, "y"),
];

function match(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : -1;
}

/** The end of a string literal at `at` that may have the raw prefix, or -1. */
function quotedEnd(source: string, at: number): number {
  let end = -1;
  for (const pattern of QUOTED) end = Math.max(end, match(pattern, source, at));
  return end;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function number(source: string, start: number): Token | undefined {
  const uint = match(UINT, source, start);
  const float = match(FLOAT, source, start);
  const int = match(INT, source, start);
  const end = Math.max(uint, float, int);
  if (end < 0) return undefined;
  const kind = end === float ? "NUM_FLOAT" : end === int ? "NUM_INT" : "NUM_UINT";
  return { kind, start, end };
}

function word(source: string, start: number): Token {
  const end = match(WORD, source, start);
  const letter = source.charCodeAt(start) | 32;
  if (letter === 98 || letter === 114) {
    const literal = letter === 98 ? quotedEnd(source, start + 1) : quotedEnd(source, start);
    if (literal > end) return { kind: letter === 98 ? "BYTES" : "STRING", start, end: literal };
  }
  return { kind: KEYWORDS.get(source.slice(start, end)) ?? "IDENTIFIER", start, end };
}

function operator(source: string, start: number): Token | LexError {
  const first = source[start] ?? "";
  const pair = source.slice(start, start + 2);
  if (pair === "==" || pair === "!=" || pair === "<=" || pair === ">=" || pair === "&&" || pair === "||")
    return { kind: `'${pair}'`, start, end: start + 2 };
  if (first === "<" || first === ">" || first === "!") return { kind: `'${first}'`, start, end: start + 1 };
  const single = SINGLE.get(first);
  if (single !== undefined) return { kind: single, start, end: start + 1 };
  if (first === "=" || first === "&" || first === "|") return { start, end: afterCharacter(source, start + 1) };
  return { start, end: afterCharacter(source, start) };
}

/** One past the character at `at`, which may be two units long. */
function afterCharacter(source: string, at: number): number {
  const code = source.codePointAt(at);
  return code !== undefined && code > 0xffff ? at + 2 : at + 1;
}

function quoted(source: string, start: number): Token | LexError {
  const end = quotedEnd(source, start);
  if (end >= 0) return { kind: "STRING", start, end };
  const stopped = Math.max(...UNFINISHED.map((pattern) => match(pattern, source, start)));
  return { start, end: afterCharacter(source, stopped) };
}

function escapedWord(source: string, start: number): Token | LexError {
  const end = match(ESCAPED_WORD, source, start);
  if (end >= 0) return { kind: "ESC_IDENTIFIER", start, end };
  return { start, end: afterCharacter(source, match(ESCAPED_WORD_START, source, start)) };
}

function tokenAt(source: string, start: number): Token | LexError {
  const code = source.charCodeAt(start);
  if (isDigit(code) || (code === 46 && isDigit(source.charCodeAt(start + 1)))) {
    const token = number(source, start);
    if (token !== undefined) return token;
  }
  if (code === 95 || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)) return word(source, start);
  if (code === 34 || code === 39) return quoted(source, start);
  if (code === 96) return escapedWord(source, start);
  return operator(source, start);
}

/** All tokens, the last of which is `<EOF>`, and the texts that were none. */
export function tokenize(source: string): { tokens: readonly Token[]; errors: readonly LexError[] } {
  const tokens: Token[] = [];
  const errors: LexError[] = [];
  let at = 0;
  while (at < source.length) {
    const blank = Math.max(match(BLANK, source, at), match(COMMENT, source, at));
    if (blank > at) {
      at = blank;
      continue;
    }
    const found = tokenAt(source, at);
    if ("kind" in found) tokens.push(found);
    else errors.push(found);
    at = found.end;
  }
  tokens.push({ kind: "<EOF>", start: source.length, end: source.length });
  return { tokens, errors };
}
