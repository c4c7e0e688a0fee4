/**
 * Places in an expression's text and the form in which errors are shown:
 *
 *   ERROR: <input>:1:5: undeclared reference to 'x' (in container '')
 *    | 1 + x
 *    | ....^
 */
import type { Issue } from "../contract.ts";

/** More errors than this are counted, not listed. */
const MAX_ISSUES = 100;
const MAX_SNIPPET_BYTES = 16384;

/** Collects errors of one expression by offset. */
export interface Issues {
  /** `offset` in code points; -1 has no place in the text. */
  add(offset: number, message: string): void;
  readonly count: number;
  list(): readonly Issue[];
}

/** Offsets at which lines begin, in code points. */
function lineStarts(source: string): readonly number[] {
  const starts = [0];
  let offset = 0;
  for (const character of source) {
    offset++;
    if (character === "\n") starts.push(offset);
  }
  return starts;
}

export function createIssues(source: string): Issues {
  const found: Issue[] = [];
  let starts: readonly number[] | undefined;
  let count = 0;
  return {
    add(offset, message) {
      count++;
      if (count > MAX_ISSUES) return;
      // An empty text has one line, and no place in it.
      if (offset < 0 || source === "") {
        found.push({ line: offset < 0 ? -1 : 1, column: -1, message });
        return;
      }
      starts ??= lineStarts(source);
      let line = starts.length;
      while (line > 1 && (starts[line - 1] ?? 0) > offset) line--;
      found.push({ line, column: offset - (starts[line - 1] ?? 0), message });
    },
    get count() {
      return count;
    },
    list() {
      return found.toSorted((a, b) => a.line - b.line || a.column - b.column);
    },
  };
}

function isWide(character: string | undefined): boolean {
  return character !== undefined && (character.codePointAt(0) ?? 0) > 127;
}

function issueText(issue: Issue, lines: readonly string[]): string {
  const head = `ERROR: <input>:${issue.line}:${issue.column + 1}: ${issue.message}`;
  const line = issue.line > 0 ? lines[issue.line - 1] : undefined;
  if (line === undefined || issue.column < 0 || new TextEncoder().encode(line).length > MAX_SNIPPET_BYTES) return head;
  const snippet = line.replaceAll("\t", " ");
  const characters = [...snippet];
  let pointer = "";
  for (let index = 0; index < issue.column && index < characters.length; index++)
    pointer += isWide(characters[index]) ? "\uff0e" : ".";
  pointer += isWide(characters[issue.column]) ? "\uff3e" : "^";
  return `${head}\n | ${snippet}\n | ${pointer}`;
}

/** The text of all errors as cel-go displays them, one after the other. */
export function issuesText(source: string, issues: Issues): string {
  const lines = source.split("\n");
  const texts = issues.list().map((issue) => issueText(issue, lines));
  if (issues.count > MAX_ISSUES) texts.push(`${issues.count - MAX_ISSUES} more errors were truncated`);
  return texts.join("\n");
}

/** Turns offsets in UTF-16 units into code points; the identity when the text has none beyond the first plane. */
export function codePointOffsets(source: string): (offset: number) => number {
  if (!/[\ud800-\udbff]/.test(source)) return (offset) => offset;
  const map = new Uint32Array(source.length + 2);
  let points = 0;
  for (let index = 0; index < source.length; index++) {
    map[index] = points;
    const code = source.charCodeAt(index);
    const next = source.charCodeAt(index + 1);
    if (!(code >= 0xd800 && code <= 0xdbff && next >= 0xdc00 && next <= 0xdfff)) points++;
  }
  map[source.length] = points;
  map[source.length + 1] = points + 1;
  return (offset) => map[offset] ?? points;
}
