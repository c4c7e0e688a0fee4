// Lists of indexes of a Job: `1,3-5,7`, ascending. Upstream: pkg/apis/batch/validation validateIndexesFormat.

interface Interval {
  readonly first: number;
  readonly last: number;
}

/** The interval, or what is wrong with it. */
function parseInterval(text: string, completions: number): Interval | string {
  const limits = text.split("-");
  if (limits.length > 2)
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  const numbers: number[] = [];
  for (const limit of limits) {
    if (!/^[+-]?\d+$/.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
    if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`;
    numbers.push(Number(limit));
  }
  const [first = 0, last = first] = numbers;
  if (numbers.length === 2 && first >= last) return `non-increasing order, previous: ${first}, current: ${last}`;
  return { first, last };
}

/** Undefined when the list is fine. */
export function indexesError(text: string, completions: number): string | undefined {
  if (text === "") return undefined;
  let previous: number | undefined;
  for (const part of text.split(",")) {
    const interval = parseInterval(part, completions);
    if (typeof interval === "string") return interval;
    if (previous !== undefined && previous >= interval.first)
      return `non-increasing order, previous: ${previous}, current: ${interval.first}`;
    previous = interval.last;
  }
  return undefined;
}

const intervalsOf = (text: string, completions: number): Interval[] =>
  text === ""
    ? []
    : text
        .split(",")
        .map((part) => parseInterval(part, completions))
        .filter((each) => typeof each !== "string");

/** How many indexes a list that is fine holds. */
export const indexesTotal = (text: string): number =>
  intervalsOf(text, Number.POSITIVE_INFINITY).reduce((sum, { first, last }) => sum + last - first + 1, 0);

/** The first index that is in both lists; malformed parts are passed over. */
export function firstOverlap(a: string, b: string, completions: number): number | undefined {
  const [left, right] = [intervalsOf(a, completions), intervalsOf(b, completions)];
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    const [one, other] = [left[i] as Interval, right[j] as Interval];
    if (one.first <= other.last && other.first <= one.last) return Math.max(one.first, other.first);
    if (one.first <= other.first) i++;
    else j++;
  }
  return undefined;
}
