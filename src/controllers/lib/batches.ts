/**
 * Calls `act` for 0 … count-1 in batches of 1, 2, 4, …, each batch side by side, and stops after a batch with a failure: what
 * is bound to fail fails once and not a thousand times. Upstream: slowStartBatch.
 */
export async function slowStart(count: number, act: (index: number) => Promise<void>): Promise<SlowStartResult> {
  let successes = 0;
  for (let start = 0, size = 1; start < count; start += size, size = Math.min(size * 2, count - start)) {
    const batch = Array.from({ length: Math.min(size, count - start) }, (_, index) => act(start + index));
    const results = await Promise.allSettled(batch);
    const failed = results.filter((result) => result.status === "rejected");
    successes += results.length - failed.length;
    if (failed.length > 0) return { successes, error: failed[0]!.reason };
  }
  return { successes, error: undefined };
}

export interface SlowStartResult {
  readonly successes: number;
  /** The first failure, if any. */
  readonly error: unknown;
}

/** All side by side; the first failure is thrown after every call has ended. */
export async function all<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(items.map(act));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
