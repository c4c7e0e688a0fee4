// Sets of completion indexes as the API writes them: `0,2-4`. Upstream: pkg/controller/job/indexed_job_utils.go.

/** Ascending, apart from each other by more than one. */
export type Intervals = readonly { readonly first: number; readonly last: number }[];

/** Indexes from `completions` on and pieces that are no numbers are left out. */
export function parseIntervals(text: string | undefined, completions: number): Intervals {
  const parsed: { first: number; last: number }[] = [];
  for (const piece of (text ?? "").split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(piece);
    if (match === null) continue;
    const first = Number(match[1]);
    if (first >= completions) break;
    parsed.push({ first, last: Math.min(Number(match[2] ?? first), completions - 1) });
  }
  return merge(parsed, []);
}

export const fromIndexes = (indexes: Iterable<number>): Intervals =>
  merge(
    [...indexes].sort((a, b) => a - b).map((index) => ({ first: index, last: index })),
    [],
  );

export function merge(a: Intervals, b: Intervals): Intervals {
  const merged: { first: number; last: number }[] = [];
  for (const next of [...a, ...b].sort((x, y) => x.first - y.first)) {
    const last = merged.at(-1);
    if (last === undefined || next.first > last.last + 1) merged.push({ ...next });
    else last.last = Math.max(last.last, next.last);
  }
  return merged;
}

export const total = (intervals: Intervals): number =>
  intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0);

export const includes = (intervals: Intervals, index: number): boolean =>
  intervals.some(({ first, last }) => first <= index && index <= last);

export const formatIntervals = (intervals: Intervals): string =>
  intervals
    .map(({ first, last }) => (last === first ? `${first}` : `${first}${last === first + 1 ? "," : "-"}${last}`))
    .join(",");

/** The first `count` indexes below `completions` that are not in `taken`. */
export function firstFree(taken: Intervals, count: number, completions: number): number[] {
  const free: number[] = [];
  let candidate = 0;
  for (const { first, last } of [...taken, { first: completions, last: completions }]) {
    for (; candidate < Math.min(first, completions) && free.length < count; candidate++) free.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return free;
}

/** How many indexes are in both. */
export function overlap(a: Intervals, b: Intervals): number {
  let sum = 0;
  for (const one of a)
    for (const two of b) sum += Math.max(0, Math.min(one.last, two.last) - Math.max(one.first, two.first) + 1);
  return sum;
}
