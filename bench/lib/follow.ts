// Waiting by a watch that survives its server ending it: upstream's does so for clients that a busy machine makes slow.
import { setTimeout as delay } from "node:timers/promises";

export interface Waiting {
  /** For the error that says what never came. */
  readonly what: string;
  readonly limitMs: number;
}

const againAfterMs = 50;

/**
 * Opens a watch from the present state on, again when it ends or breaks, until `seen` says that it is enough. Rejects after the limit. What
 * `seen` counts must not mind to see an object twice.
 */
export async function follow<T>(
  { what, limitMs }: Waiting,
  open: (signal: AbortSignal) => AsyncIterable<T>,
  seen: (event: T) => boolean,
): Promise<void> {
  const ending = new AbortController();
  const limit = setTimeout(() => ending.abort(), limitMs);
  let broken: unknown;
  try {
    while (!ending.signal.aborted) {
      try {
        for await (const event of open(ending.signal)) if (seen(event)) return;
      } catch (error) {
        broken = error;
      }
      await delay(againAfterMs);
    }
  } finally {
    clearTimeout(limit);
    ending.abort();
  }
  throw new Error(`${what}: not within ${limitMs / 1000} s`, { cause: broken });
}
