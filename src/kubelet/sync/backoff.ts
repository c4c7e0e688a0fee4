// Exponential back-off by key. Upstream: client-go util/flowcontrol Backoff (10 s doubling to the limit, forgotten after twice the limit).
// Delays are measured, not read off the wall: a clock that is set, forwards or backwards, neither ends nor prolongs one.
import type { Clock } from "../../base/index.ts";

export interface Backoff {
  /** Milliseconds left of the current delay, counted from the wall time `sinceMs`; how long ago that was is settled when it is first named. */
  leftMs(key: string, sinceMs: number): number;
  /** Milliseconds left of the current delay, counted from the last `next`. */
  leftSinceUpdateMs(key: string): number;
  /** Doubles the delay, or starts it anew when `sinceMs` (now, when not given) is long ago. */
  next(key: string, sinceMs?: number): void;
  /** Current delay, 0 when there is none. */
  delayMs(key: string): number;
  reset(key: string): void;
  /** Forgets keys that start so, e.g. of one pod. */
  forget(prefix: string): void;
}

export function createBackoff(options: {
  readonly clock: Clock;
  readonly initialMs: number;
  readonly limitMs: number;
}): Backoff {
  const { clock, initialMs, limitMs } = options;
  // Times in here are of the monotonic clock.
  const entries = new Map<string, { delayMs: number; updatedMs: number }>();
  const named = new Map<string, { wallMs: number; atMs: number }>();
  const expired = (sinceMs: number, updatedMs: number): boolean => sinceMs - updatedMs > limitMs * 2;
  const whenWas = (key: string, wallMs: number): number => {
    const known = named.get(key);
    if (known?.wallMs === wallMs) return known.atMs;
    const atMs = clock.monotonic() - Math.max(0, clock.now() - wallMs);
    named.set(key, { wallMs, atMs });
    return atMs;
  };
  const left = (key: string, sinceMs: number, nowMs: number): number => {
    const entry = entries.get(key);
    if (entry === undefined || expired(sinceMs, entry.updatedMs)) return 0;
    return Math.max(0, sinceMs + entry.delayMs - nowMs);
  };
  return {
    leftMs: (key, sinceMs) => left(key, whenWas(key, sinceMs), clock.monotonic()),
    leftSinceUpdateMs(key) {
      const entry = entries.get(key);
      const nowMs = clock.monotonic();
      if (entry === undefined || expired(nowMs, entry.updatedMs)) return 0;
      return left(key, entry.updatedMs, nowMs);
    },
    next(key, sinceMs) {
      const entry = entries.get(key);
      const nowMs = clock.monotonic();
      const since = sinceMs === undefined ? nowMs : whenWas(key, sinceMs);
      const fresh = entry === undefined || expired(since, entry.updatedMs);
      entries.set(key, { delayMs: fresh ? initialMs : Math.min(entry.delayMs * 2, limitMs), updatedMs: nowMs });
    },
    delayMs: (key) => entries.get(key)?.delayMs ?? 0,
    reset: (key) => void entries.delete(key),
    forget(prefix) {
      for (const map of [entries, named]) for (const key of map.keys()) if (key.startsWith(prefix)) map.delete(key);
    },
  };
}

/** As Go prints a time.Duration of whole seconds: `10s`, `1m20s`, `5m0s`. */
export function durationText(ms: number): string {
  if (ms === 0) return "0s";
  if (ms < 1000) return `${ms}ms`;
  const totalSeconds = ms / 1000;
  const hours = Math.floor(totalSeconds / 3600);
  const minutes = Math.floor((totalSeconds % 3600) / 60);
  const seconds = Number((totalSeconds % 60).toFixed(3));
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
