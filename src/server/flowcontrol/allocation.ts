// How the server's concurrency is shared between priority levels, and how it moves to where it is asked for. Pure arithmetic.
// Upstream: apiserver's util/flowcontrol/conc_alloc.go and updateBorrowingLocked of apf_controller.go.

export interface AllocationItem {
  /** What it should get if there were no bounds, in proportion to the others. */
  readonly target: number;
  readonly lower: number;
  readonly upper: number;
}

export interface Allocation {
  readonly seats: readonly number[];
  /** Every class gets this times its target, as far as its bounds let it. */
  readonly fairFraction: number;
}

const smallestTarget = 0.001;
const epsilon = 1e-7;

/**
 * Shares `sum` so that each item gets the same multiple of its target, cut to its bounds. Throws when the bounds can not
 * hold the sum.
 */
export function allocate(sum: number, items: readonly AllocationItem[]): Allocation {
  let [lowest, highest] = [0, 0];
  for (const { target, lower, upper } of items) {
    if (lower < 0 || target < lower || upper < lower)
      throw new Error(`no allocation of ${target} between ${lower} and ${upper}`);
    lowest += lower;
    highest += upper;
  }
  if (lowest - sum > epsilon) throw new Error(`lower bounds sum to ${lowest}, which is higher than ${sum}`);
  if (sum - highest > epsilon) throw new Error(`upper bounds sum to ${highest}, which is lower than ${sum}`);
  if (sum === 0) return { seats: items.map(() => 0), fairFraction: 0 };
  const scaled = items.map((item) => {
    const target = Math.max(item.target, smallestTarget);
    return { ...item, target, from: item.lower / target, to: item.upper / target };
  });
  const at = (fraction: number): number[] =>
    scaled.map(({ target, lower, upper }) => Math.min(Math.max(target * fraction, lower), upper));
  const total = (fraction: number): number => at(fraction).reduce((all, each) => all + each, 0);
  if (sum - lowest < epsilon)
    return { seats: items.map(({ lower }) => lower), fairFraction: Math.min(...scaled.map(({ from }) => from)) };
  if (highest - sum < epsilon)
    return { seats: items.map(({ upper }) => upper), fairFraction: Math.max(...scaled.map(({ to }) => to)) };
  // The total grows piecewise linearly with the fraction; between two neighbouring bounds the answer is a straight line.
  const knees = [...new Set(scaled.flatMap(({ from, to }) => [from, to]))].sort((one, other) => one - other);
  let left = 0;
  let right = knees[knees.length - 1]!;
  for (const knee of knees) {
    if (total(knee) >= sum) {
      right = knee;
      break;
    }
    left = knee;
  }
  const [atLeft, atRight] = [total(left), total(right)];
  const fairFraction = atRight === atLeft ? right : left + ((right - left) * (sum - atLeft)) / (atRight - atLeft);
  return { seats: at(fairFraction), fairFraction };
}

/** One priority level, as its object says and as it was used lately. */
export interface LevelDemand {
  readonly exempt: boolean;
  readonly nominal: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly current: number;
  /** The most seats asked for at one time, in the last period. */
  readonly highWatermark: number;
  readonly smoothed: number;
}

export interface Borrowing {
  /** Seats of each level, in the order given. */
  readonly current: readonly number[];
  readonly targets: readonly number[];
  readonly fairFraction: number;
}

/** Who lends and who borrows until the next time. */
export function borrow(levels: readonly LevelDemand[]): Borrowing {
  const leastNow = levels.map((level) =>
    level.exempt
      ? Math.max(level.minimum, level.highWatermark)
      : Math.max(level.minimum, Math.min(level.nominal, level.highWatermark)),
  );
  const targets = levels.map(({ exempt, smoothed }, index) => (exempt ? 0 : Math.max(leastNow[index]!, smoothed)));
  const nominalSum = sumOf(levels, ({ nominal }) => nominal);
  const limited = levels.flatMap((level, index) => (level.exempt ? [] : [{ level, index }]));
  const remaining = nominalSum - sumOf(levels, ({ exempt }, index) => (exempt ? leastNow[index]! : 0));
  const minimumSum = sumOf(limited, ({ level }) => level.minimum);
  const leastSum = sumOf(limited, ({ index }) => leastNow[index]!);
  const current = [...leastNow];
  let fairFraction = 0;
  if (remaining <= minimumSum) for (const { level, index } of limited) current[index] = level.minimum;
  else if (remaining <= leastSum) {
    const share = (remaining - minimumSum) / (leastSum - minimumSum);
    for (const { level, index } of limited)
      current[index] = level.minimum + Math.round((leastNow[index]! - level.minimum) * share);
  } else {
    const items = limited.map(({ level, index }) => ({
      target: targets[index]!,
      lower: leastNow[index]!,
      upper: level.maximum,
    }));
    // Upper bounds that can not hold everything leave seats unused.
    const room = Math.min(
      nominalSum,
      sumOf(items, ({ upper }) => upper),
    );
    const { seats, fairFraction: fraction } = allocate(room, items);
    fairFraction = fraction;
    limited.forEach(({ index }, position) => {
      current[index] = Math.round(seats[position]!);
    });
  }
  return { current, targets, fairFraction };
}

const sumOf = <T>(list: readonly T[], value: (each: T, index: number) => number): number =>
  list.reduce((sum, each, index) => sum + value(each, index), 0);
