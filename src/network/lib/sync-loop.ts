// The loop of everything that keeps rules equal to a plan: a change makes it dirty, a sync makes it clean, a failure is tried again.
import { type Clock, pause, sleep } from "../../base/index.ts";

export interface SyncLoopOptions {
  readonly clock: Clock;
  /** Changes that come within this time are applied together. */
  readonly periodMs: number;
  readonly sync: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}

export interface SyncLoop {
  /** There may be something to do. */
  readonly change: () => void;
  /** Syncs once at least; resolves after the signal aborted. */
  run(signal: AbortSignal): Promise<void>;
}

const retryMs = 1000;

export function createSyncLoop({ clock, periodMs, sync, failed }: SyncLoopOptions): SyncLoop {
  let dirty = true;
  let wake: (() => void) | undefined;
  const change = (): void => {
    dirty = true;
    wake?.();
  };
  return {
    change,
    async run(signal) {
      const onAbort = (): void => wake?.();
      signal.addEventListener("abort", onAbort);
      while (!signal.aborted) {
        if (!dirty) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wake = undefined;
          continue;
        }
        dirty = false;
        try {
          await sync();
          await sleep(clock, periodMs, signal);
        } catch (error) {
          if (signal.aborted) break;
          dirty = true;
          failed(error);
          await pause(clock, retryMs, signal);
        }
      }
      signal.removeEventListener("abort", onAbort);
    },
  };
}
