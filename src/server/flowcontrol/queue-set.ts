// The fair queues of one priority level: who runs, who waits, who is refused. Nothing here waits by itself; time is read from
// the clock, and a request that may run is told so by its `onExecute`.
//
// Each queue has a virtual start time, in seat-milliseconds served per queue. The queue whose oldest request would finish first
// in virtual time is dispatched next; a request's width in seats and the time that its seats stay taken after it both count as
// work. Upstream: apiserver's util/flowcontrol/fairqueuing/queueset (doc.go there derives the rules).
import type { Clock } from "../../base/index.ts";

export interface QueueSetConfig {
  /** -1: no limit at all; 0: no queues, what does not fit is refused. */
  readonly queues: number;
  readonly queueLengthLimit: number;
  readonly handSize: number;
}

export interface WorkEstimate {
  readonly initialSeats: number;
  /** Held for `additionalLatencyMs` after the request has been answered. */
  readonly finalSeats: number;
  readonly additionalLatencyMs: number;
}

export type RejectReason = "queue-full" | "concurrency-limit" | "time-out";

/** One request in the set. `state` moves from waiting to executing to done, or from waiting to done. */
export interface QueuedRequest<Note> {
  readonly note: Note;
  readonly work: WorkEstimate;
  readonly arrivedMs: number;
  readonly startedMs: number;
  readonly state: "waiting" | "executing" | "done";
  /** Set by who waits. Called when a waiting request may run. */
  onExecute: (() => void) | undefined;
}

interface Entry<Note> extends QueuedRequest<Note> {
  work: WorkEstimate;
  readonly seats: number;
  readonly totalWork: number;
  readonly finalWork: number;
  arrivalR: number;
  startedMs: number;
  state: "waiting" | "executing" | "done";
  readonly queue: Queue<Note> | undefined;
}

interface Queue<Note> {
  index: number;
  /** The virtual time at which the next request is dispatched. */
  nextDispatchR: number;
  readonly waiting: Entry<Note>[];
  /** Where the waiting ones begin: those before it are gone already. */
  head: number;
  /** Made when the first one runs: most queues of most servers never have one. */
  executing: Set<Entry<Note>> | undefined;
  seatsInUse: number;
  seatsWaiting: number;
  workWaiting: number;
}

/** Told of every change, while it happens. All are cheap counters. */
export interface QueueSetObserver<Note> {
  queued(request: QueuedRequest<Note>, seats: number, queueLength: number): void;
  dequeued(request: QueuedRequest<Note>, seats: number): void;
  executing(request: QueuedRequest<Note>, seats: number): void;
  /** No longer executing; its seats may stay taken. */
  executed(request: QueuedRequest<Note>): void;
  released(request: QueuedRequest<Note>, seats: number): void;
  rejected(note: Note, reason: RejectReason): void;
  noAccommodation(note: Note): void;
  /** Seats in use and asked for, after a change. */
  demand(seats: number): void;
}

export interface QueueSet<Note> {
  configure(config: QueueSetConfig, concurrencyLimit: number): void;
  /** Undefined when there is no room. `hand`: the queues of its flow. */
  start(note: Note, work: WorkEstimate, hand: readonly number[]): QueuedRequest<Note> | undefined;
  /** A waiting request gives up. False: it runs already, or is over. */
  cancel(request: QueuedRequest<Note>): boolean;
  /** An executing request is answered: others may run. */
  finish(request: QueuedRequest<Note>): void;
  readonly idle: boolean;
  readonly seatsInUse: number;
  readonly concurrencyLimit: number;
  dump(): QueueSetDump<Note>;
}

export interface QueueSetDump<Note> {
  readonly queues: readonly QueueDump<Note>[];
  /** Those that run without a queue. */
  readonly queueless: readonly QueuedRequest<Note>[];
  readonly waiting: number;
  readonly executing: number;
  readonly seatsInUse: number;
  readonly seatsWaiting: number;
  readonly dispatched: number;
  readonly rejected: number;
  readonly timedOut: number;
  readonly cancelled: number;
}

export interface QueueDump<Note> {
  readonly waiting: readonly QueuedRequest<Note>[];
  readonly executing: readonly QueuedRequest<Note>[];
  readonly seatsInUse: number;
  readonly nextDispatchR: number;
  readonly initialSeatsSum: number;
  readonly maxSeatsSum: number;
  readonly totalWorkSum: number;
}

/** What a request is thought to take before it is known. */
const estimatedServiceMs = 3;

export function createQueueSet<Note>(clock: Clock, observer: QueueSetObserver<Note>): QueueSet<Note> {
  let config: QueueSetConfig = { queues: 0, queueLengthLimit: 1, handSize: 1 };
  let limit = 0;
  const queues: Queue<Note>[] = [];
  const queueless = new Set<Entry<Note>>();
  let currentR = 0;
  let lastMs = clock.monotonic();
  let robin = 0;
  /** Kept while queues change, so that the rate of virtual time needs no walk over them. */
  let activeQueues = 0;
  let enqueues = 0;
  const total = { waiting: 0, executing: 0, seatsInUse: 0, queueSeatsInUse: 0, seatsWaiting: 0 };
  const ever = { dispatched: 0, rejected: 0, cancelled: 0 };

  /** Brings virtual time up to now; called before every change. */
  const syncTime = (): number => {
    const now = clock.monotonic();
    if (activeQueues > 0)
      currentR += (Math.min(total.queueSeatsInUse + total.seatsWaiting, limit) / activeQueues) * (now - lastMs);
    lastMs = now;
    return now;
  };
  const length = (queue: Queue<Note>): number => queue.waiting.length - queue.head;
  const isActive = (queue: Queue<Note>): boolean => length(queue) > 0 || (queue.executing?.size ?? 0) > 0;
  const tellDemand = (): void => observer.demand(total.seatsInUse + total.seatsWaiting);

  const fits = (seats: number): boolean => {
    if (config.queues < 0) return true;
    // Wider than the whole level: alone, when nothing else runs.
    if (seats > limit) return total.executing === 0;
    return total.seatsInUse + seats <= limit;
  };

  /** Dispatch in the virtual world does not come before arrival: a queue that was not full gains no credit. */
  const bound = (queue: Queue<Note>): void => {
    const oldest = queue.waiting[queue.head];
    if (oldest !== undefined && queue.nextDispatchR < oldest.arrivalR) queue.nextDispatchR = oldest.arrivalR;
  };

  const entryOf = (note: Note, work: WorkEstimate, queue: Queue<Note> | undefined): Entry<Note> => {
    const finalWork = work.finalSeats * work.additionalLatencyMs;
    return {
      note,
      work,
      seats: Math.max(work.initialSeats, work.finalSeats),
      totalWork: work.initialSeats * estimatedServiceMs + finalWork,
      finalWork,
      arrivalR: currentR,
      arrivedMs: lastMs,
      startedMs: lastMs,
      state: "waiting",
      queue,
      onExecute: undefined,
    };
  };

  /** The least loaded queue of the hand, looking from a different one each time. */
  const pick = (hand: readonly number[]): Queue<Note> => {
    const offset = enqueues++ % hand.length;
    let best: Queue<Note> | undefined;
    for (let index = 0; index < hand.length; index++) {
      const queue = queues[hand[(offset + index) % hand.length]!];
      if (queue !== undefined && (best === undefined || queue.workWaiting < best.workWaiting)) best = queue;
    }
    if (best === undefined) throw new Error("a flow's hand names no queue of its level");
    return best;
  };

  const enqueue = (entry: Entry<Note>, queue: Queue<Note>): void => {
    if (!isActive(queue)) {
      queue.nextDispatchR = currentR;
      activeQueues++;
    }
    queue.waiting.push(entry);
    queue.seatsWaiting += entry.seats;
    queue.workWaiting += entry.totalWork;
    total.waiting++;
    total.seatsWaiting += entry.seats;
    bound(queue);
    observer.queued(entry, entry.seats, length(queue));
    tellDemand();
  };

  /** Out of the line, wherever it stands. */
  const dequeue = (entry: Entry<Note>, queue: Queue<Note>): void => {
    if (queue.waiting[queue.head] === entry) {
      queue.head++;
      if (queue.head === queue.waiting.length || queue.head > 64) {
        queue.waiting.splice(0, queue.head);
        queue.head = 0;
      }
    } else queue.waiting.splice(queue.waiting.indexOf(entry, queue.head), 1);
    queue.seatsWaiting -= entry.seats;
    queue.workWaiting = length(queue) === 0 ? 0 : queue.workWaiting - entry.totalWork;
    total.waiting--;
    total.seatsWaiting -= entry.seats;
    observer.dequeued(entry, entry.seats);
  };

  const execute = (entry: Entry<Note>): void => {
    entry.state = "executing";
    entry.startedMs = lastMs;
    total.executing++;
    total.seatsInUse += entry.seats;
    const { queue } = entry;
    if (queue === undefined) queueless.add(entry);
    else {
      queue.executing ??= new Set();
      queue.executing.add(entry);
      queue.seatsInUse += entry.seats;
      total.queueSeatsInUse += entry.seats;
      queue.nextDispatchR += entry.totalWork;
    }
    ever.dispatched++;
    observer.executing(entry, entry.seats);
    tellDemand();
  };

  /** The first, in turn, of the queues whose oldest request would finish earliest. */
  const nextQueue = (): Queue<Note> | undefined => {
    let best: Queue<Note> | undefined;
    let bestFinish = Infinity;
    for (let step = 0, index = robin; step < queues.length; step++) {
      index = index + 1 >= queues.length ? 0 : index + 1;
      const queue = queues[index]!;
      const oldest = queue.waiting[queue.head];
      if (oldest === undefined) continue;
      const finish = queue.nextDispatchR + oldest.totalWork;
      if (finish >= bestFinish) continue;
      bestFinish = finish;
      best = queue;
    }
    return best;
  };

  /** True when one was dispatched. */
  const dispatch = (only: Queue<Note> | undefined): boolean => {
    const queue = only ?? nextQueue();
    const entry = queue?.waiting[queue.head];
    if (queue === undefined || entry === undefined) return false;
    if (!fits(entry.seats)) {
      observer.noAccommodation(entry.note);
      return false;
    }
    robin = queue.index;
    dequeue(entry, queue);
    if (entry.work.finalSeats > limit && limit > 0)
      entry.work = { ...entry.work, finalSeats: limit, additionalLatencyMs: entry.finalWork / limit };
    execute(entry);
    bound(queue);
    entry.onExecute?.();
    return true;
  };

  const dispatchAll = (only?: Queue<Note>): void => {
    let first = only;
    while (total.waiting > 0 && total.seatsInUse < limit && dispatch(first)) first = undefined;
  };

  /** Queues above the number asked for go when they are empty. */
  const dropIfSurplus = (queue: Queue<Note>): void => {
    if (queues.length <= Math.max(config.queues, 0) || isActive(queue)) return;
    queues.splice(queue.index, 1);
    queues.forEach((each, index) => {
      each.index = index;
    });
    if (robin >= queue.index) robin = Math.max(0, robin - 1);
  };

  const release = (entry: Entry<Note>): void => {
    total.seatsInUse -= entry.seats;
    observer.released(entry, entry.seats);
    const { queue } = entry;
    if (queue !== undefined) {
      queue.seatsInUse -= entry.seats;
      total.queueSeatsInUse -= entry.seats;
      dropIfSurplus(queue);
    }
    tellDemand();
  };

  const reject = (note: Note, reason: RejectReason): undefined => {
    ever.rejected++;
    observer.rejected(note, reason);
    return undefined;
  };

  return {
    configure(next, concurrencyLimit) {
      syncTime();
      if (next.queues > 0)
        while (queues.length < next.queues)
          queues.push({
            index: queues.length,
            nextDispatchR: 0,
            waiting: [],
            head: 0,
            executing: undefined,
            seatsInUse: 0,
            seatsWaiting: 0,
            workWaiting: 0,
          });
      config =
        next.queues > 0 ? next : { ...next, queueLengthLimit: config.queueLengthLimit, handSize: config.handSize };
      limit = concurrencyLimit;
      if (queues.length > Math.max(config.queues, 0)) for (const queue of [...queues].reverse()) dropIfSurplus(queue);
      dispatchAll();
    },
    start(note, work, hand) {
      syncTime();
      if (config.queues < 1) {
        if (!fits(Math.max(work.initialSeats, work.finalSeats))) return reject(note, "concurrency-limit");
        const entry = entryOf(note, work, undefined);
        execute(entry);
        return entry;
      }
      const queue = pick(hand);
      if (total.seatsInUse >= limit && length(queue) >= config.queueLengthLimit) return reject(note, "queue-full");
      const alone = total.waiting === 0;
      const entry = entryOf(note, work, queue);
      enqueue(entry, queue);
      dispatchAll(alone ? queue : undefined);
      return entry;
    },
    cancel(request) {
      const entry = request as Entry<Note>;
      const { queue } = entry;
      if (entry.state !== "waiting" || queue === undefined) return false;
      syncTime();
      dequeue(entry, queue);
      entry.state = "done";
      ever.cancelled++;
      reject(entry.note, "time-out");
      if (!isActive(queue)) activeQueues--;
      bound(queue);
      dropIfSurplus(queue);
      tellDemand();
      // It may have stood in the way of narrower ones.
      dispatchAll();
      return true;
    },
    finish(request) {
      const entry = request as Entry<Note>;
      if (entry.state !== "executing") throw new Error(`a request that is ${entry.state} can not be finished`);
      const now = syncTime();
      entry.state = "done";
      total.executing--;
      observer.executed(entry);
      const { queue } = entry;
      if (queue === undefined) queueless.delete(entry);
      else {
        queue.executing?.delete(entry);
        if (!isActive(queue)) activeQueues--;
        // The queue was charged the estimate; now it pays what it took.
        queue.nextDispatchR -= entry.work.initialSeats * (estimatedServiceMs - (now - entry.startedMs));
        bound(queue);
      }
      if (entry.work.additionalLatencyMs > 0)
        clock.setTimeout(
          () => {
            syncTime();
            release(entry);
            dispatchAll();
          },
          entry.work.additionalLatencyMs,
          { background: true },
        );
      else release(entry);
      dispatchAll();
    },
    get idle() {
      return total.waiting === 0 && total.executing === 0;
    },
    get seatsInUse() {
      return total.seatsInUse;
    },
    get concurrencyLimit() {
      return limit;
    },
    dump: () => ({
      queues: queues.map((queue) => dumpOf(queue)),
      queueless: [...queueless],
      waiting: total.waiting,
      executing: total.executing,
      seatsInUse: total.seatsInUse,
      seatsWaiting: total.seatsWaiting,
      dispatched: ever.dispatched,
      rejected: ever.rejected,
      timedOut: 0,
      cancelled: ever.cancelled,
    }),
  };
}

function dumpOf<Note>(queue: Queue<Note>): QueueDump<Note> {
  const waiting = queue.waiting.slice(queue.head);
  return {
    waiting,
    executing: [...(queue.executing ?? [])],
    seatsInUse: queue.seatsInUse,
    nextDispatchR: queue.nextDispatchR,
    initialSeatsSum: waiting.reduce((sum, { work }) => sum + work.initialSeats, 0),
    maxSeatsSum: queue.seatsWaiting,
    totalWorkSum: queue.workWaiting,
  };
}
