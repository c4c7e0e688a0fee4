// What it costs to compile a pattern, from its text alone and in one pass. Go bounds the compiled form (3.3 million instructions,
// 33 million runes of classes); here an instruction costs some ten times as much, so the bounds are nearer, and classes that fold
// case are charged for every character that is folded.

/** Instructions, roughly: each is some 3 µs and 200 bytes. */
export const mostPatternCost = 100_000;

/** A class of Unicode's, as a table of ranges. */
const tableCost = 30;
/** Characters that case folding looks at one by one cost a hundredth each. */
const foldedPerUnit = 100;
const lastFolded = 0x1e943;
/** Groups within each other that the parser holds before it looks at their depth. */
const deepestGroups = 10_000;

interface Scan {
  readonly pattern: string;
  readonly folds: boolean;
  at: number;
}

/** What was read last, which a repetition behind it repeats. */
interface Atom {
  readonly cost: number;
  /** How often something in it is repeated. */
  readonly times: number;
}
const nothing: Atom = { cost: 0, times: 1 };

/** Infinity where groups are nested beyond all reason. */
export function patternCost(pattern: string): number {
  if (pattern.length > mostPatternCost * 4) return Number.POSITIVE_INFINITY;
  const scan: Scan = { pattern, folds: /\(\?[a-zA-Z]*i/.test(pattern), at: 0 };
  /** What stands before each open group. */
  const outer: Atom[] = [];
  let before: Atom = nothing;
  let last: Atom = nothing;
  while (scan.at < pattern.length) {
    const character = pattern[scan.at]!;
    const times = character === "{" ? repetition(scan) : undefined;
    if (times !== undefined) last = repeated(last, times);
    else if (character === "(") {
      if (outer.push(joined(before, last)) > deepestGroups) return Number.POSITIVE_INFINITY;
      [before, last] = [nothing, nothing];
      scan.at++;
    } else if (character === ")") {
      const group = joined(before, last);
      last = { cost: group.cost + 2, times: group.times };
      before = outer.pop() ?? nothing;
      scan.at++;
    } else {
      before = joined(before, last);
      last = { cost: atomCost(scan), times: 1 };
    }
  }
  return outer.reduce((all, each) => all + each.cost, before.cost + last.cost);
}

const joined = (a: Atom, b: Atom): Atom => ({ cost: a.cost + b.cost, times: Math.max(a.times, b.times) });

/** Go refuses more than a thousand, before it repeats anything. */
const mostTimes = 1000;

function repeated({ cost, times }: Atom, by: number): Atom {
  return times * by > mostTimes ? { cost, times } : { cost: cost * by, times: times * by };
}

/** Of `{2,5}` the larger number; undefined where the brace is a character. */
function repetition(scan: Scan): number | undefined {
  const counts = /^\{(\d{1,9})(?:,(\d{0,9}))?\}/.exec(scan.pattern.slice(scan.at, scan.at + 24));
  if (counts === null) return undefined;
  scan.at += counts[0].length;
  return Math.max(1, Number(counts[1]), Number(counts[2] ?? 0));
}

function atomCost(scan: Scan): number {
  const { pattern } = scan;
  if (pattern[scan.at] === "[") return classCost(scan);
  if (pattern[scan.at] === "\\") return escapeCost(scan);
  scan.at++;
  return 1;
}

function escapeCost(scan: Scan): number {
  const next = scan.pattern[scan.at + 1] ?? "";
  scan.at += 2;
  if (next === "p" || next === "P") return scan.folds ? 2 * tableCost : tableCost;
  return /[a-zA-Z]/.test(next) ? 4 : 1;
}

function classCost(scan: Scan): number {
  const { pattern } = scan;
  const start = scan.at;
  let cost = 2;
  scan.at++;
  if (pattern[scan.at] === "^") scan.at++;
  const first = scan.at;
  while (scan.at < pattern.length && (pattern[scan.at] !== "]" || scan.at === first))
    cost += pattern[scan.at] === "\\" ? escapeCost(scan) : rangeCost(scan);
  scan.at++;
  return scan.folds ? cost + foldedCost(pattern.slice(start, scan.at)) : cost;
}

function rangeCost(scan: Scan): number {
  scan.at++;
  return 0.2;
}

const classRange =
  /(\\x\{[0-9a-fA-F]{1,8}\}|\\x[0-9a-fA-F]{2}|\\[0-7]{1,3}|\\?[\s\S])-(\\x\{[0-9a-fA-F]{1,8}\}|\\x[0-9a-fA-F]{2}|\\[0-7]{1,3}|\\?[\s\S])/gu;

/** Of the ranges of a class, what folding their characters costs. */
function foldedCost(text: string): number {
  let characters = 0;
  for (const [, low, high] of text.matchAll(classRange))
    characters += Math.max(0, Math.min(lastFolded, codeOf(high!)) - codeOf(low!));
  return characters / foldedPerUnit;
}

function codeOf(text: string): number {
  const hexadecimal = /^\\x\{?([0-9a-fA-F]+)/.exec(text)?.[1];
  if (hexadecimal !== undefined) return Number.parseInt(hexadecimal, 16);
  const octal = /^\\([0-7]+)$/.exec(text)?.[1];
  return octal === undefined
    ? text.codePointAt(text.length === 1 ? 0 : text[0] === "\\" ? 1 : 0)!
    : Number.parseInt(octal, 8);
}
