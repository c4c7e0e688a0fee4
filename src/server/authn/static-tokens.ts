// The static token file: CSV lines `token,user,uid,"group1,group2"`. Upstream: k8s.io/apiserver token/tokenfile.

import type { UserInfo } from "../../machinery/index.ts";
import type { Authenticated } from "../contract.ts";

/**
 * Tokens of a file's text. Throws an Error when a line has no token, user or uid, or is no CSV. `warn` is told of tokens that are empty
 * or there twice, of which the last counts.
 */
export function parseTokenFile(
  text: string,
  fileName: string,
  warn: (text: string) => void = () => {},
): ReadonlyMap<string, UserInfo> {
  const tokens = new Map<string, UserInfo>();
  for (const [index, cells] of parseCsv(text).entries()) {
    if (cells.length < 3)
      throw new Error(
        `token file '${fileName}' must have at least 3 columns (token, user name, user uid), found ${cells.length}`,
      );
    const [token, username, uid, groups] = cells as [string, string, string, string?];
    const where = `in token file '${fileName}', record number '${index + 1}'`;
    if (token === "") {
      // It must never let an empty Authorization header in.
      warn(`empty token has been found ${where}`);
      continue;
    }
    if (tokens.has(token)) warn(`duplicate token has been found ${where}`);
    tokens.set(token, { username, uid, groups: groups ? groups.split(",") : [] });
  }
  return tokens;
}

/** Checks a bearer token against the file's. */
export function staticTokens(
  tokens: ReadonlyMap<string, UserInfo>,
): (token: string) => Promise<Authenticated | undefined> {
  return async (token) => {
    const user = tokens.get(token);
    return user === undefined ? undefined : { user };
  };
}

/** RFC 4180 with Go's rules and texts: blank lines are skipped, quotes may hold commas, newlines and doubled quotes. */
function parseCsv(text: string): string[][] {
  const reader = {
    lines: text.split(/(?<=\n)/).map((line) => line.replace(/\r\n$|\r$/, (end) => end.slice(1))),
    next: 0,
  };
  const records: string[][] = [];
  while (reader.next < reader.lines.length) {
    const line = reader.lines[reader.next++]!;
    if (line !== "\n" && line !== "") records.push(readRecord(line, reader));
  }
  return records;
}

interface CsvReader {
  readonly lines: readonly string[];
  /** Index of the line after the current one, which is its number from 1. */
  next: number;
}

const csvProblem = (line: number, column: number, of: { readonly start: number; readonly why: string }): Error => {
  const at = `parse error on line ${line}, column ${column}: ${of.why}`;
  return new Error(of.start === line ? at : `record on line ${of.start}; ${at}`);
};

const badQuote = 'extraneous or missing " in quoted-field';

function readRecord(first: string, reader: CsvReader): string[] {
  const start = reader.next;
  const cells: string[] = [];
  let line = first;
  let at = 0;
  for (;;) {
    if (line[at] !== '"') {
      const end = /[,\n]|$/.exec(line.slice(at))!.index + at;
      const cell = line.slice(at, line[end] === "\n" || line[end] === "," ? end : line.length);
      const quote = cell.indexOf('"');
      if (quote >= 0) throw csvProblem(reader.next, at + quote + 1, { start, why: 'bare " in non-quoted-field' });
      cells.push(cell);
      if (line[end] !== ",") return cells;
      at = end + 1;
      continue;
    }
    const quoted = readQuoted({ line, at: at + 1, start }, reader);
    cells.push(quoted.cell);
    if (quoted.line[quoted.at] !== ",") return cells;
    [line, at] = [quoted.line, quoted.at + 1];
  }
}

/** Up to behind the closing quote, on whichever line it is. */
function readQuoted(
  from: { readonly line: string; readonly at: number; readonly start: number },
  reader: CsvReader,
): { readonly cell: string; readonly line: string; readonly at: number } {
  let { line, at } = from;
  let cell = "";
  for (;;) {
    const quote = line.indexOf('"', at);
    if (quote < 0) {
      cell += line.slice(at);
      const next = reader.lines[reader.next];
      if (next === undefined) throw csvProblem(reader.next, line.length + 1, { start: from.start, why: badQuote });
      reader.next++;
      [line, at] = [next, 0];
      continue;
    }
    cell += line.slice(at, quote);
    at = quote + 1;
    if (line[at] === '"') {
      cell += '"';
      at++;
    } else if (at >= line.length || line[at] === "," || line[at] === "\n") return { cell, line, at };
    else throw csvProblem(reader.next, at, { start: from.start, why: badQuote });
  }
}
