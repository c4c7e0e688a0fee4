// Writes events behind the program, so many at a time and in their order. A server that cannot be reached is tried again, one that refuses is not.
import { BoundedQueue, type Clock, isAbort, type Logger, type Rng, sleep, type Timer } from "../../base/index.ts";
import { isAlreadyExists, StatusError } from "../../machinery/index.ts";

export interface EventWriter {
  /** `what` tells the log which event it was. */
  write(task: () => Promise<void>, what: Readonly<Record<string, unknown>>): void;
  flush(): Promise<void>;
}

export interface EventWriterOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly signal?: AbortSignal;
  /** Written at the same time. */
  readonly width: number;
  /** More than these are dropped, and the log is told. */
  readonly mostQueued: number;
}

interface Waiting {
  readonly task: () => Promise<void>;
  readonly what: Readonly<Record<string, unknown>>;
}

const mostTries = 12;
/** What is dropped is told this often, and when all is written: a burst drops hundreds. */
const dropsToldMs = 60_000;
const retryMs = 10_000;
/** A timer that comes later than this was held up by other work. */
const lateMs = 4;
/** In a process that is never idle events go out all the same. */
const longestTurnMs = 250;

export function createEventWriter(options: EventWriterOptions): EventWriter {
  const { clock, rng, log, signal, width, mostQueued } = options;
  const waiting = new BoundedQueue<Waiting>(mostQueued);
  const workers = new Set<Promise<void>>();
  let dropped = 0;
  let droppedToldMs = Number.NEGATIVE_INFINITY;

  const drop = (what: Readonly<Record<string, unknown>>): void => {
    dropped++;
    if (clock.monotonic() - droppedToldMs >= dropsToldMs) tellDropped(what);
  };
  const tellDropped = (last: Readonly<Record<string, unknown>>): void => {
    droppedToldMs = clock.monotonic();
    log.error("dropped events: too many were waiting to be written", { dropped, ...last });
    dropped = 0;
  };

  /** True when there is nothing left to try. */
  const attempt = async (task: () => Promise<void>, what: Readonly<Record<string, unknown>>): Promise<boolean> => {
    try {
      await task();
      return true;
    } catch (error) {
      if (!(error instanceof StatusError)) {
        log.debug("an event could not be written, will retry", { ...what, error });
        return false;
      }
      const expected = isAlreadyExists(error) || namespaceEnds(error);
      log[expected ? "debug" : "error"]("the server rejected an event", { ...what, error });
      return true;
    }
  };
  const persist = async (task: () => Promise<void>, what: Readonly<Record<string, unknown>>): Promise<void> => {
    for (let tries = 1; !signal?.aborted; tries++) {
      if (await attempt(task, what)) return;
      if (tries === mostTries) return log.error("gave up on an event that could not be written", what);
      try {
        await sleep(clock, tries === 1 ? retryMs * rng.next() : retryMs, signal);
      } catch (error) {
        if (isAbort(error, signal)) return;
        throw error;
      }
    }
  };
  const held = new Set<() => void>();
  /** What the event tells of goes first, and whatever else is to be done: nothing that follows from it need wait for its being told. */
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      let timer: Timer;
      const heldMs = clock.monotonic();
      const go = (): void => {
        held.delete(go);
        timer.cancel();
        resolve();
      };
      const arm = (): void => {
        const armedMs = clock.monotonic();
        timer = clock.setTimeout(() => {
          const nowMs = clock.monotonic();
          if (nowMs - armedMs < lateMs || nowMs - heldMs > longestTurnMs) go();
          else arm();
        }, 0);
      };
      arm();
      held.add(go);
    });
  const work = async (): Promise<void> => {
    await turn();
    for (let next = waiting.takeNow(); next !== undefined; next = waiting.takeNow())
      await persist(next.task, next.what);
    if (dropped > 0) tellDropped({});
  };
  return {
    write(task, what) {
      if (signal?.aborted) return;
      if (waiting.push({ task, what }) === "full") return drop(what);
      if (workers.size >= width) return;
      const worker = work().finally(() => workers.delete(worker));
      workers.add(worker);
    },
    flush: async () => {
      for (const go of held) go();
      while (workers.size > 0) await Promise.all(workers);
    },
  };
}

const namespaceEnds = (error: StatusError): boolean =>
  error.status.details?.causes?.some((cause) => cause.reason === "NamespaceTerminating") === true;
