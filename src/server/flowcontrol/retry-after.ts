// How long refused clients are asked to stay away: longer while a level keeps refusing. Upstream: dropped_requests_tracker.go.

export interface RetryAfter {
  /** One more is refused. Returns the seconds to wait. */
  refused(level: string, nowMs: number): number;
}

interface Stats {
  history: { second: number; count: number }[];
  second: number;
  count: number;
  retryAfter: number;
  raisedAt: number;
}

const longest = 32;

export function createRetryAfter(): RetryAfter {
  const byLevel = new Map<string, Stats>();
  return {
    refused(level, nowMs) {
      const second = Math.floor(nowMs / 1000);
      let stats = byLevel.get(level);
      if (stats === undefined) {
        stats = { history: [], second: 0, count: 0, retryAfter: 1, raisedAt: 0 };
        byLevel.set(level, stats);
      }
      if (stats.second === second) stats.count++;
      else nextSecond(stats, second);
      return stats.retryAfter;
    },
  };
}

function nextSecond(stats: Stats, second: number): void {
  stats.history.push({ second: stats.second, count: stats.count });
  const oldest = stats.second - Math.min(2 * stats.retryAfter, longest);
  stats.history = stats.history.filter((each) => each.second >= oldest);
  stats.second = second;
  stats.count = 1;
  const lately = stats.history
    .filter((each) => second - each.second <= stats.retryAfter && each.second < second)
    .reduce((sum, each) => sum + each.count, 0);
  if (second - stats.raisedAt >= stats.retryAfter && lately >= 3 * stats.retryAfter) {
    stats.retryAfter = Math.min(2 * stats.retryAfter, longest);
    stats.raisedAt = second;
  } else if (lately < stats.retryAfter && stats.retryAfter > 1) stats.retryAfter--;
}
