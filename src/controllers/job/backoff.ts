// When a failed pod may be replaced: 10 s, 20 s, 40 s … 10 min after the failure. Upstream: pkg/controller/job/backoff_utils.go.
import { finishedMs, type Pod } from "./pods.ts";

const firstMs = 10_000;
const mostMs = 600_000;

/** Failures since the last success. Kept in memory only: after a restart the counting starts over. */
export interface BackoffRecord {
  readonly failures: number;
  readonly lastFailureMs: number;
}

export const noFailures: BackoffRecord = { failures: 0, lastFailureMs: 0 };

export function nextRecord(before: BackoffRecord, succeeded: readonly Pod[], failed: readonly Pod[]): BackoffRecord {
  if (succeeded.length === 0 && failed.length === 0) return before;
  const lastSuccessMs = succeeded.length > 0 ? Math.max(...succeeded.map(finishedMs)) : Number.NEGATIVE_INFINITY;
  const counted = failed.map(finishedMs).filter((ms) => ms > lastSuccessMs);
  const failures = (succeeded.length > 0 ? 0 : before.failures) + counted.length;
  return { failures, lastFailureMs: counted.length > 0 ? Math.max(...counted) : 0 };
}

export function remainingMs({ failures, lastFailureMs }: BackoffRecord, nowMs: number): number {
  if (failures === 0) return 0;
  const delayMs = Math.min(firstMs * 2 ** Math.min(failures - 1, 20), mostMs);
  return Math.max(0, lastFailureMs + delayMs - nowMs);
}
