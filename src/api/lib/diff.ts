// The difference of two values for the person who reads an error: a unified diff of their JSON.

const context = 3;

const linesOf = (value: unknown): string[] => JSON.stringify(value, undefined, 1).split("\n");

type Edit = { readonly sign: " " | "-" | "+"; readonly line: string };

/** Lines of both in order; the longest common subsequence is kept. */
function edits(a: readonly string[], b: readonly string[]): Edit[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const same = (lines: readonly string[]): Edit[] => lines.map((line) => ({ sign: " ", line }));
  const middle = changes(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))];
}

function changes(a: readonly string[], b: readonly string[]): Edit[] {
  const common = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (row: number, column: number): number => common[row]?.[column] ?? 0;
  for (let row = a.length - 1; row >= 0; row--)
    for (let column = b.length - 1; column >= 0; column--)
      (common[row] as number[])[column] =
        a[row] === b[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
  const result: Edit[] = [];
  let [row, column] = [0, 0];
  while (row < a.length || column < b.length) {
    if (row < a.length && column < b.length && a[row] === b[column]) {
      result.push({ sign: " ", line: a[row++] as string });
      column++;
    } else if (row < a.length && (column === b.length || at(row + 1, column) >= at(row, column + 1)))
      result.push({ sign: "-", line: a[row++] as string });
    else result.push({ sign: "+", line: b[column++] as string });
  }
  return result;
}

/** Hunks with three lines around each change, as `diff -u` prints them. */
export function jsonDiff(before: unknown, after: unknown): string {
  const all = edits(linesOf(before), linesOf(after));
  const near = all.map((_, index) =>
    all.slice(Math.max(0, index - context), index + context + 1).some(({ sign }) => sign !== " "),
  );
  let [oldLine, newLine] = [1, 1];
  let text = "";
  for (let index = 0; index < all.length; ) {
    if (!near[index]) {
      oldLine++;
      newLine++;
      index++;
      continue;
    }
    let stop = index;
    while (stop < all.length && near[stop]) stop++;
    const hunk = all.slice(index, stop);
    const oldCount = hunk.filter(({ sign }) => sign !== "+").length;
    const newCount = hunk.filter(({ sign }) => sign !== "-").length;
    text += `@@ -${oldLine},${oldCount} +${newLine},${newCount} @@\n`;
    for (const { sign, line } of hunk) text += `${sign}${line}\n`;
    oldLine += oldCount;
    newLine += newCount;
    index = stop;
  }
  return text;
}
