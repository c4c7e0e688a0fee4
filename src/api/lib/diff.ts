// The difference of two values for the person who reads an error: a unified diff of their JSON with three lines around each
// change. Upstream: apimachinery/pkg/util/diff over go-difflib, whose way to find matching lines decides which lines are shown.

const context = 3;
/** From this many lines on, lines that are frequent do not begin a match. */
const manyLines = 200;

const escapes: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

const linesOf = (value: unknown): string[] =>
  (JSON.stringify(value, undefined, 1) ?? "null")
    .replace(/[<>&\u2028\u2029]/g, (character) => escapes[character]!)
    .split("\n");

interface Match {
  readonly a: number;
  readonly b: number;
  readonly size: number;
}

/** Half-open ranges of lines. */
interface Window {
  readonly aLow: number;
  readonly aHigh: number;
  readonly bLow: number;
  readonly bHigh: number;
}

/** Where each line of `b` stands, without those that are frequent in a long text. */
function indexOf(b: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const index = new Map<string, number[]>();
  for (const [at, line] of b.entries()) {
    const places = index.get(line);
    if (places === undefined) index.set(line, [at]);
    else places.push(at);
  }
  if (b.length >= manyLines) {
    const most = Math.floor(b.length / 100) + 1;
    for (const [line, places] of index) if (places.length > most) index.delete(line);
  }
  return index;
}

function matcher(a: readonly string[], b: readonly string[]): (window: Window) => Match {
  const index = indexOf(b);
  return ({ aLow, aHigh, bLow, bHigh }) => {
    let best = { a: aLow, b: bLow, size: 0 };
    /** By line of b: length of the longest match that ends there and at the line of a before. */
    let lengths = new Map<number, number>();
    for (let i = aLow; i < aHigh; i++) {
      const next = new Map<number, number>();
      for (const j of index.get(a[i]!) ?? []) {
        if (j < bLow) continue;
        if (j >= bHigh) break;
        const size = (lengths.get(j - 1) ?? 0) + 1;
        next.set(j, size);
        if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
      }
      lengths = next;
    }
    while (best.a > aLow && best.b > bLow && a[best.a - 1] === b[best.b - 1])
      best = { a: best.a - 1, b: best.b - 1, size: best.size + 1 };
    while (best.a + best.size < aHigh && best.b + best.size < bHigh && a[best.a + best.size] === b[best.b + best.size])
      best.size++;
    return best;
  };
}

/** Blocks of equal lines in order, adjacent ones joined, an empty one at the end. */
function matchingBlocks(a: readonly string[], b: readonly string[]): Match[] {
  const longest = matcher(a, b);
  const blocks: Match[] = [];
  const search = (window: Window): void => {
    const match = longest(window);
    if (match.size === 0) return;
    const { aLow, aHigh, bLow, bHigh } = window;
    if (aLow < match.a && bLow < match.b) search({ aLow, aHigh: match.a, bLow, bHigh: match.b });
    const last = blocks.at(-1);
    if (last !== undefined && last.a + last.size === match.a && last.b + last.size === match.b)
      blocks[blocks.length - 1] = { ...last, size: last.size + match.size };
    else blocks.push(match);
    const [aNext, bNext] = [match.a + match.size, match.b + match.size];
    if (aNext < aHigh && bNext < bHigh) search({ aLow: aNext, aHigh, bLow: bNext, bHigh });
  };
  search({ aLow: 0, aHigh: a.length, bLow: 0, bHigh: b.length });
  return [...blocks, { a: a.length, b: b.length, size: 0 }];
}

interface Code extends Window {
  readonly equal: boolean;
}

function codesOf(a: readonly string[], b: readonly string[]): Code[] {
  const codes: Code[] = [];
  let [i, j] = [0, 0];
  for (const match of matchingBlocks(a, b)) {
    if (i < match.a || j < match.b) codes.push({ equal: false, aLow: i, aHigh: match.a, bLow: j, bHigh: match.b });
    [i, j] = [match.a + match.size, match.b + match.size];
    if (match.size > 0) codes.push({ equal: true, aLow: match.a, aHigh: i, bLow: match.b, bHigh: j });
  }
  return codes;
}

const head = (code: Code): Code => ({
  ...code,
  aHigh: Math.min(code.aHigh, code.aLow + context),
  bHigh: Math.min(code.bHigh, code.bLow + context),
});
const tail = (code: Code): Code => ({
  ...code,
  aLow: Math.max(code.aLow, code.aHigh - context),
  bLow: Math.max(code.bLow, code.bHigh - context),
});

/** Changes with the equal lines around them; long equal parts divide groups. */
function groupsOf(codes: readonly Code[]): Code[][] {
  const groups: Code[][] = [];
  let group: Code[] = [];
  for (const [index, code] of codes.entries()) {
    const [first, last] = [index === 0, index === codes.length - 1];
    if (!code.equal) group.push(code);
    else if (first && last) break;
    else if (first) group.push(tail(code));
    else if (last) group.push(head(code));
    else if (code.aHigh - code.aLow <= 2 * context) group.push(code);
    else {
      groups.push([...group, head(code)]);
      group = [tail(code)];
    }
  }
  return group.length > 0 ? [...groups, group] : groups;
}

function rangeText(low: number, high: number): string {
  const length = high - low;
  if (length === 1) return String(low + 1);
  return `${length === 0 ? low : low + 1},${length}`;
}

/** Empty when both print the same. */
export function jsonDiff(before: unknown, after: unknown): string {
  const [a, b] = [linesOf(before), linesOf(after)];
  let text = "";
  for (const group of groupsOf(codesOf(a, b))) {
    const [first, last] = [group[0]!, group.at(-1)!];
    text += `@@ -${rangeText(first.aLow, last.aHigh)} +${rangeText(first.bLow, last.bHigh)} @@\n`;
    for (const { equal, aLow, aHigh, bLow, bHigh } of group) {
      for (const line of a.slice(aLow, aHigh)) text += `${equal ? " " : "-"}${line}\n`;
      if (!equal) for (const line of b.slice(bLow, bHigh)) text += `+${line}\n`;
    }
  }
  return text;
}
