// The rows of a part, as they come: what has been measured is kept when the part fails or hits its limit.
import type { Clock } from "../../src/base/index.ts";
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
  { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
): Promise<Collected> {
  const found = new Map<string, Row>();
  const { promise: over, resolve } = Promise.withResolvers<"over">();
  const timer = clock.setTimeout(() => resolve("over"), limitMs);
  const iterator = rows[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), over]);
      if (next === "over") return { rows: [...found.values()], cut: `it took longer than ${limitMs / 1000} s` };
      if (next.done) return { rows: [...found.values()], cut: undefined };
      found.set(rowKey(next.value), next.value);
    }
  } catch (error) {
    return { rows: [...found.values()], cut: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    timer.cancel();
  }
}
