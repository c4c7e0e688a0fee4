// Command-line flags in pflag's grammar, which kubectl's and every component's users know:
// `--name=value`, `--name value`, `--switch`, `--switch=false`, `-n value`, `-nvalue`, `-n=value`, `--` ends flags.
import { errorText } from "../base/index.ts";
import { parseGoDuration } from "../machinery/index.ts";

/** `values`: may be repeated, and a comma is part of a value. */
export type FlagType = "string" | "boolean" | "integer" | "duration" | "list" | "values" | "map";

export interface FlagDefinition {
  readonly type: FlagType;
  readonly help: string;
  readonly shorthand?: string;
  readonly default?: string;
  /** Left out of help texts. */
  readonly hidden?: true;
  /** Accepted and without effect here; the text says why. */
  readonly ignored?: string;
  /** Known, and an error when it is given another value than its default, `false` or nothing; the text says why. */
  readonly refused?: string;
  /** The value when the flag stands without `=`; the next word is not its value then. */
  readonly bare?: string;
}

export type FlagDefinitions = Readonly<Record<string, FlagDefinition>>;

type ValueOf<D extends FlagDefinition> = D["type"] extends "boolean"
  ? boolean
  : D["type"] extends "integer" | "duration"
    ? number
    : D["type"] extends "list" | "values"
      ? string[]
      : D["type"] extends "map"
        ? Record<string, string>
        : string;

/** Durations are milliseconds. A flag without default that was not given is undefined; booleans are then false, lists empty. */
export type FlagValues<D extends FlagDefinitions> = {
  readonly [K in keyof D]: D[K]["type"] extends "boolean" | "list" | "values" | "map"
    ? ValueOf<D[K]>
    : D[K] extends { readonly default: string }
      ? ValueOf<D[K]>
      : ValueOf<D[K]> | undefined;
};

export interface ParsedFlags<D extends FlagDefinitions> {
  readonly values: FlagValues<D>;
  /** Names of the flags that were on the command line. */
  readonly given: ReadonlySet<string>;
  readonly positional: readonly string[];
}

/** What was wrong with the command line; the message is for the person who typed it. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

export function parseFlags<const D extends FlagDefinitions>(
  definitions: D,
  commandLine: readonly string[],
): ParsedFlags<D> {
  const raw = new Map<string, string[]>();
  const positional: string[] = [];
  const shorthands = new Map(
    Object.entries(definitions).flatMap(([name, each]) => (each.shorthand ? [[each.shorthand, name] as const] : [])),
  );
  const words = [...commandLine];
  const record = (name: string, value: string): void => void raw.set(name, [...(raw.get(name) ?? []), value]);
  const take = (name: string, shown: string): string => {
    if (definitions[name]!.type === "boolean") return "true";
    const bare = definitions[name]!.bare;
    if (bare !== undefined) return bare;
    const value = words.shift();
    if (value === undefined) throw new FlagError(`flag needs an argument: ${shown}`);
    return value;
  };
  while (words.length > 0) {
    const word = words.shift()!;
    if (word === "--") {
      positional.push(...words.splice(0));
    } else if (word.startsWith("--")) {
      const equals = word.indexOf("=");
      const name = word.slice(2, equals < 0 ? undefined : equals);
      if (!Object.hasOwn(definitions, name)) throw new FlagError(`unknown flag: --${name}`);
      record(name, equals < 0 ? take(name, `--${name}`) : word.slice(equals + 1));
    } else if (word.startsWith("-") && word.length > 1) {
      readShorthands(word);
    } else {
      positional.push(word);
    }
  }

  function readShorthands(word: string): void {
    for (let rest = word.slice(1); rest !== ""; ) {
      const name = shorthands.get(rest[0]!);
      if (name === undefined) throw new FlagError(`unknown shorthand flag: '${rest[0]}' in ${word}`);
      rest = rest.slice(1);
      if (definitions[name]!.type === "boolean" && !rest.startsWith("=")) {
        record(name, "true");
      } else {
        record(name, rest === "" ? take(name, `'${word.slice(-1)}' in ${word}`) : rest.replace(/^=/, ""));
        rest = "";
      }
    }
  }

  const values: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries(definitions)) {
    const given = raw.get(name) ?? (definition.default === undefined ? [] : [definition.default]);
    values[name] = convert(name, definition, given);
    if (definition.refused !== undefined && given.some((each) => !["", "false", definition.default].includes(each)))
      throw new FlagError(`--${name} is not implemented: ${definition.refused}`);
  }
  return { values: values as FlagValues<D>, given: new Set(raw.keys()), positional };
}

function convert(name: string, definition: FlagDefinition, given: readonly string[]): unknown {
  const last = given.at(-1);
  switch (definition.type) {
    case "boolean":
      return last === undefined ? false : parseBoolean(name, last);
    case "list":
      return given.flatMap((each) => each.split(",")).filter((each) => each !== "");
    case "values":
      return [...given];
    case "map":
      return Object.fromEntries(
        given
          .flatMap((each) => each.split(","))
          .filter((each) => each !== "")
          .map((pair) => parsePair(name, pair)),
      );
    case "integer":
      return last === undefined ? undefined : parseInteger(name, last);
    case "duration":
      return last === undefined ? undefined : parseDuration(name, last);
    case "string":
      return last;
  }
}

const invalid = (name: string, value: string, why: string): FlagError =>
  new FlagError(`invalid argument ${JSON.stringify(value)} for "--${name}" flag: ${why}`);

function parseBoolean(name: string, text: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  throw invalid(name, text, `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function parseInteger(name: string, text: string): number {
  const failed = (why: string) => invalid(name, text, `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
  if (!/^[+-]?\d+$/.test(text)) throw failed("invalid syntax");
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw failed("value out of range");
  return value;
}

function parsePair(name: string, pair: string): [string, string] {
  const equals = pair.indexOf("=");
  if (equals < 0) throw invalid(name, pair, `${pair} must be formatted as key=value`);
  return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
}

/** Go's duration grammar: `1h30m`, `500ms`, `0`. */
function parseDuration(name: string, text: string): number {
  try {
    return parseGoDuration(text);
  } catch (error) {
    throw invalid(name, text, errorText(error));
  }
}

/** The flags as help shows them, one a line, sorted by name. */
export function describeFlags(definitions: FlagDefinitions): string {
  const rows = Object.entries(definitions)
    .filter(([, each]) => !each.hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => {
      const short = each.shorthand ? `-${each.shorthand}, ` : "    ";
      const type = each.type === "boolean" ? "" : ` ${each.type}`;
      const note = each.default === undefined || each.default === "" ? "" : ` (default ${each.default})`;
      return [`  ${short}--${name}${type}`, each.help + note] as const;
    });
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${left.padEnd(width)}   ${right}\n`).join("");
}
