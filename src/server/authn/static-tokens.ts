// The static token file: CSV lines `token,user,uid,"group1,group2"`. Upstream: k8s.io/apiserver token/tokenfile.

import type { UserInfo } from "../../machinery/index.ts";
import type { Authenticated } from "../contract.ts";

/** Tokens of a file's text. Throws an Error that names the line when one has no token, user or uid. */
export function parseTokenFile(text: string, fileName: string): ReadonlyMap<string, UserInfo> {
  const tokens = new Map<string, UserInfo>();
  for (const { cells, line } of parseCsv(text, fileName)) {
    if (cells.length < 3)
      throw new Error(
        `token file '${fileName}' must have at least 3 columns (token, user name, user uid), found ${cells.length} (line ${line})`,
      );
    const [token, username, uid, groups] = cells as [string, string, string, string?];
    // Upstream skips an empty token with a warning; it must never let an empty Authorization header in.
    if (token === "") continue;
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

interface CsvLine {
  readonly cells: string[];
  readonly line: number;
}

/** RFC 4180 with Go's rules: blank lines are skipped, quotes may hold commas, newlines and doubled quotes. */
function parseCsv(text: string, fileName: string): CsvLine[] {
  const lines: CsvLine[] = [];
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  let line = 1;
  let startLine = 1;
  const endLine = (): void => {
    if (cells.length > 0 || cell !== "") lines.push({ cells: [...cells, cell], line: startLine });
    cells = [];
    cell = "";
  };
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (character === "\n") line++;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[index + 1] === '"') {
        cell += '"';
        index++;
      } else quoted = false;
    } else if (character === '"' && cell === "") quoted = true;
    else if (character === ",") {
      cells.push(cell);
      cell = "";
    } else if (character === "\n") {
      endLine();
      startLine = line;
    } else if (character !== "\r") cell += character;
  }
  if (quoted) throw new Error(`token file '${fileName}': a quote opened on line ${startLine} is never closed`);
  endLine();
  return lines;
}
