// Events wait in a buffer and go on in batches, behind the requests that they are about. Upstream: plugin/pkg/audit/buffered.
//
// Contract: a batch goes when it is full, or when its first event has waited for maxBatchWaitMs. What finds no room is lost and counted.
// close() sends what is there.
import type { Clock, Timer } from "../../base/index.ts";
import type { AuditBackend, LostEvents } from "./backend.ts";
import type { AuditEvent } from "./event.ts";

export interface BatchOptions {
  readonly bufferSize: number;
  readonly maxBatchSize: number;
  readonly maxBatchWaitMs: number;
  /** Batches a second on average, and at one moment. */
  readonly throttle?: { readonly qps: number; readonly burst: number };
  /** Batches do not wait for each other. */
  readonly concurrent: boolean;
}

export function buffered(
  backend: AuditBackend,
  options: BatchOptions,
  { clock, lost }: { readonly clock: Clock; readonly lost: LostEvents },
): AuditBackend {
  const { bufferSize, maxBatchSize } = options;
  const waitMs = maxBatchSize > 1 ? options.maxBatchWaitMs : 0;
  const bucket = options.throttle === undefined ? undefined : tokenBucket(options.throttle, clock);
  const buffer: AuditEvent[] = [];
  const running = new Set<Promise<unknown>>();
  let timer: Timer | undefined;
  let closed = false;
  /** Earlier batches that this one has to wait for. */
  let before: Promise<unknown> = Promise.resolve();

  const arm = (delayMs: number): void => {
    timer ??= clock.setTimeout(flush, delayMs, { background: true });
  };
  const send = (batch: readonly AuditEvent[]): void => {
    const sending = options.concurrent
      ? Promise.resolve(backend.process(batch))
      : before.then(() => backend.process(batch));
    const ended = sending.finally(() => running.delete(ended));
    before = ended;
    running.add(ended);
  };
  /** Sends what is due, one batch at least. */
  function flush(): void {
    timer = undefined;
    let isDue = true;
    while (buffer.length > 0 && (isDue || buffer.length >= maxBatchSize)) {
      const pauseMs = closed ? 0 : (bucket?.take() ?? 0);
      if (pauseMs > 0) {
        arm(pauseMs);
        return;
      }
      send(buffer.splice(0, maxBatchSize));
      isDue = false;
    }
    if (buffer.length > 0) arm(waitMs);
  }
  return {
    process(events) {
      const room = closed ? 0 : bufferSize + maxBatchSize - buffer.length;
      if (room < events.length) {
        const text = closed ? "audit backend shut down" : "audit buffer queue blocked";
        lost("buffered", new Error(text), events.slice(Math.max(0, room)));
      }
      if (room <= 0) return true;
      buffer.push(...events.slice(0, room));
      if (buffer.length >= maxBatchSize && waitMs > 0) {
        timer?.cancel();
        timer = undefined;
        arm(0);
      } else arm(waitMs);
      return true;
    },
    async close() {
      closed = true;
      timer?.cancel();
      timer = undefined;
      while (buffer.length > 0) flush();
      // A log takes everything first; a service that is asked again and again is told to give up.
      if (!options.concurrent) await Promise.all(running);
      await Promise.all([backend.close(), ...running]);
    },
  };
}

/** `take` takes one when there is one and gives 0; otherwise how many milliseconds it takes until there is. */
function tokenBucket(
  { qps, burst }: { readonly qps: number; readonly burst: number },
  clock: Clock,
): { take(): number } {
  let tokens = burst;
  let sinceMs = clock.monotonic();
  return {
    take() {
      const nowMs = clock.monotonic();
      tokens = Math.min(burst, tokens + ((nowMs - sinceMs) / 1000) * qps);
      sinceMs = nowMs;
      if (tokens < 1) return Math.ceil(((1 - tokens) / qps) * 1000);
      tokens--;
      return 0;
    },
  };
}
