// Compaction by age, as kube-apiserver does it to etcd every five minutes: whoever owns a store runs this beside it.

import { type Clock, every, type Logger } from "../base/index.ts";
import { type Store, StoreClosedError } from "./contract.ts";

export interface CompactorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** History younger than this stays; 5 minutes when not given. */
  readonly keepMs?: number;
  /** Unless there are more revisions than this; 1,000,000 when not given. */
  readonly mostRevisions?: number;
}

/** How much older than `keepMs` history gets, at most, as a part of it. */
const checksPerKeep = 5;

/** Runs until the signal aborts or the store closes. A failure is logged and tried again at the next check. */
export function compactPeriodically(store: Store, options: CompactorOptions): void {
  const { clock, log, signal, keepMs = 300_000, mostRevisions = 1_000_000 } = options;
  const controller = new AbortController();
  const marks: { readonly atMs: number; readonly revision: number }[] = [];
  let compacted = 0;
  const check = async (): Promise<void> => {
    const newest = store.revision();
    const nowMs = clock.monotonic();
    marks.push({ atMs: nowMs, revision: newest });
    let revision = newest - mostRevisions;
    while (marks.length > 0 && marks[0]!.atMs <= nowMs - keepMs) revision = Math.max(revision, marks.shift()!.revision);
    if (revision <= compacted) return;
    try {
      await store.compact(revision);
      compacted = revision;
    } catch (error) {
      if (error instanceof StoreClosedError) controller.abort();
      else log.warn("history could not be compacted", { revision, error: (error as Error).message });
    }
  };
  every(clock, keepMs / checksPerKeep, () => void check(), AbortSignal.any([signal, controller.signal]));
}
