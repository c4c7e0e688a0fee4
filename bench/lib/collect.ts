// The rows of a part, as they come: what has been measured is kept when the part fails or hits its limit.
import { type Clock, onAbort } from "../../src/base/index.ts";
import type { Row } from "./part.ts";

export interface Collected {
  readonly rows: readonly Row[];
  /** Why there are not more; undefined when the part came to its end. */
  readonly cut: string | undefined;
}

/** Rows are one when they say the same of the same unit. */
export const rowKey = ({ what, unit }: Row): string => `${what}, ${unit}`;

/** A row that comes again replaces the earlier one: a part tells its own figure first, then the same beside upstream's. */
export async function collect(
  rows: AsyncIterable<Row>,
  { clock, limitMs, signal }: { readonly clock: Clock; readonly limitMs: number; readonly signal?: AbortSignal },
): Promise<Collected> {
  const found = new Map<string, Row>();
  const { promise: over, resolve } = Promise.withResolvers<string>();
  const timer = clock.setTimeout(() => resolve(`it took longer than ${limitMs / 1000} s`), limitMs);
  const detach = signal === undefined ? undefined : onAbort(signal, () => resolve("it was interrupted"));
  const iterator = rows[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), over]);
      if (typeof next === "string") return { rows: [...found.values()], cut: next };
      if (next.done) return { rows: [...found.values()], cut: undefined };
      found.set(rowKey(next.value), next.value);
    }
  } catch (error) {
    return { rows: [...found.values()], cut: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    timer.cancel();
    detach?.();
  }
}
