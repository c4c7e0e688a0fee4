// Exponential back-off by key. Upstream: client-go util/flowcontrol Backoff (10 s doubling to the limit, forgotten after twice the limit).
import type { Clock } from "../../base/index.ts";

export interface Backoff {
  /** True while less than the current delay has passed since `sinceMs`. */
  isWaiting(key: string, sinceMs: number): boolean;
  /** True while less than the current delay has passed since the last `next`. */
  isWaitingSinceUpdate(key: string): boolean;
  /** Doubles the delay, or starts it anew when `sinceMs` is long ago. */
  next(key: string, sinceMs: number): void;
  /** Current delay, 0 when there is none. */
  delayMs(key: string): number;
  /** Clock time at which the delay since the last `next` ends. */
  until(key: string): number;
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
  const entries = new Map<string, { delayMs: number; updatedMs: number }>();
  const expired = (sinceMs: number, updatedMs: number): boolean => sinceMs - updatedMs > limitMs * 2;
  return {
    isWaiting(key, sinceMs) {
      const entry = entries.get(key);
      if (entry === undefined || expired(sinceMs, entry.updatedMs)) return false;
      return clock.now() - sinceMs < entry.delayMs;
    },
    isWaitingSinceUpdate(key) {
      const entry = entries.get(key);
      if (entry === undefined || expired(clock.now(), entry.updatedMs)) return false;
      return clock.now() - entry.updatedMs < entry.delayMs;
    },
    next(key, sinceMs) {
      const entry = entries.get(key);
      const fresh = entry === undefined || expired(sinceMs, entry.updatedMs);
      entries.set(key, { delayMs: fresh ? initialMs : Math.min(entry.delayMs * 2, limitMs), updatedMs: clock.now() });
    },
    delayMs: (key) => entries.get(key)?.delayMs ?? 0,
    until: (key) => {
      const entry = entries.get(key);
      return entry === undefined ? 0 : entry.updatedMs + entry.delayMs;
    },
    reset: (key) => void entries.delete(key),
    forget(prefix) {
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
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
