/**
 * `"%s is %d".format([…])`: reads the clauses of a format string and hands each to a formatter, which
 * either makes text of a value or, when an expression is compiled, checks a type.
 * Source: cel-go ext/formatting.go (the form before version 4, which Kubernetes uses).
 */

/** One clause: `%.2f` is `f` with precision 2. */
export interface Clause {
  readonly verb: "s" | "d" | "f" | "e" | "b" | "x" | "X" | "o";
  readonly precision: number | undefined;
}

/** Why text cannot be formatted; `at` is the expression to blame, when that is known. */
export interface FormatFailure {
  readonly failure: string;
  readonly at?: number;
}

/** What is done with the arguments of a format string. */
export interface Formatter {
  /** The number of arguments. */
  readonly size: number;
  format(index: number, clause: Clause): string | FormatFailure;
  /** Whether an index past the arguments ends the formatting before its clause is read. */
  readonly checksIndexFirst: boolean;
}

const VERBS = new Set(["s", "d", "f", "e", "b", "x", "X", "o"]);

/** The text, or what is wrong. */
export function formatText(template: string, formatter: Formatter): string | FormatFailure {
  let out = "";
  let argument = 0;
  for (let at = 0; at < template.length; ) {
    const character = template[at] ?? "";
    if (character !== "%") {
      out += character;
      at++;
      continue;
    }
    if (template[at + 1] === "%") {
      out += "%";
      at += 2;
      continue;
    }
    if (formatter.checksIndexFirst && argument >= formatter.size) return { failure: `index ${argument} out of range` };
    if (at + 1 >= template.length) return { failure: "unexpected end of string" };
    if (argument >= formatter.size) return { failure: `index ${argument} out of range` };
    const clause = readClause(template, at + 1);
    if ("failure" in clause) return { failure: `could not parse formatting clause: ${clause.failure}` };
    const text = formatter.format(argument, clause);
    if (typeof text !== "string") return { ...text, failure: `error during formatting: ${text.failure}` };
    out += text;
    at = clause.end;
    argument++;
  }
  return out;
}

const MAX_PRECISION = 1_000_000;

function readClause(template: string, start: number): (Clause & { readonly end: number }) | FormatFailure {
  let at = start;
  let precision: number | undefined;
  if (template[at] === ".") {
    const digits = /^\d*/.exec(template.slice(at + 1))?.[0] ?? "";
    at += 1 + digits.length;
    if (at >= template.length)
      return { failure: "error while parsing precision: could not find end of precision specifier" };
    if (digits === "")
      return {
        failure:
          'error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": ' +
          "invalid syntax",
      };
    precision = Math.min(Number(digits), MAX_PRECISION + 1);
  }
  const verb = template[at] ?? "";
  if (!VERBS.has(verb)) return { failure: `unrecognized formatting clause "${verb}"` };
  return { verb: verb as Clause["verb"], precision, end: at + 1 };
}

/** What each verb says to a value of the wrong type. */
export const WRONG_TYPE: Readonly<Record<Clause["verb"], string>> = {
  s:
    "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and " +
    "timestamps, was given ",
  d: "decimal clause can only be used on integers, was given ",
  f: "fixed-point clause can only be used on doubles, was given ",
  e: "scientific clause can only be used on doubles, was given ",
  b: "only integers and bools can be formatted as binary, was given ",
  x: "only integers, byte buffers, and strings can be formatted as hex, was given ",
  X: "only integers, byte buffers, and strings can be formatted as hex, was given ",
  o: "octal clause can only be used on integers, was given ",
};
