// API priority and fairness: every request is classified by the live flow schemas, and runs, waits or is refused by its level.
// Upstream: apiserver's server/filters/priority-and-fairness.go and util/flowcontrol/apf_filter.go.
import {
  type FlowSchema,
  flowSchemas,
  type PriorityLevelConfiguration,
  priorityLevelConfigurations,
} from "../../api/index.ts";
import { type Clock, every, type MetricRegistry } from "../../base/index.ts";
import type { ObjectReader } from "../contract.ts";
import { createFlowMetrics } from "./flow-metrics.ts";
import { type Arrival, isMutating, type Pass, type RequestGate, TooManyRequests } from "./gate.ts";
import { createLevels, type FlowRequest, flowOf, type Levels } from "./levels.ts";
import type { QueuedRequest } from "./queue-set.ts";
import { createRetryAfter } from "./retry-after.ts";
import { createWatchTracker, type EstimateSources, estimateWork, type WatchTracker } from "./work-estimate.ts";

export interface FairnessOptions {
  readonly clock: Clock;
  readonly metrics: MetricRegistry;
  /** Seats of the whole server. */
  readonly concurrency: number;
  readonly objectStats: EstimateSources["objectStats"];
}

export interface Fairness extends RequestGate {
  readonly levels: Levels;
  readonly watches: WatchTracker;
  /** Follows the objects from now on. */
  follow(reader: ObjectReader): void;
  close(): void;
}

const adjustmentMs = 10_000;

export function createFairness(options: FairnessOptions): Fairness {
  const { clock } = options;
  const stop = new AbortController();
  const levels = createLevels({ ...options, metrics: createFlowMetrics(options.metrics) });
  const watches = createWatchTracker();
  const retryAfter = createRetryAfter();
  const sources: EstimateSources = { objectStats: options.objectStats, watchersOf: watches.interested };
  const running = { reading: 0, mutating: 0 };
  let configure = (): void => {};

  const refuse = (note: FlowRequest): TooManyRequests =>
    new TooManyRequests(retryAfter.refused(note.schema.level.name, clock.now()), note.schema.headers);

  const passOf = (request: QueuedRequest<FlowRequest>): Pass => {
    const { schema, arrival } = request.note;
    const { info } = arrival;
    const kind = isMutating(info) ? "mutating" : "reading";
    running[kind]++;
    const exempt = schema.level.object.spec.type === "Exempt";
    if (!exempt) schema.stats.waitedAndRan.observe((request.startedMs - request.arrivedMs) / 1000);
    return {
      headers: schema.headers,
      leave() {
        running[kind]--;
        const { stats, level } = schema;
        const ranMs = clock.monotonic() - request.startedMs;
        (info.verb === "watch" ? stats.watchStarted : stats.ran).observe(ranMs / 1000);
        level.queues.finish(request);
        if (level.quiescing && level.queues.idle) configure();
      },
    };
  };

  /** Until it may run; refused when its time is over or its client is gone. */
  const wait = (request: QueuedRequest<FlowRequest>): Promise<Pass> =>
    new Promise((resolve, reject) => {
      const { arrival, schema } = request.note;
      const { signal } = arrival;
      const giveUp = (): void => {
        timer.cancel();
        signal?.removeEventListener("abort", giveUp);
        if (!schema.level.queues.cancel(request)) return;
        schema.stats.waitedInVain.observe((clock.monotonic() - request.arrivedMs) / 1000);
        reject(refuse(request.note));
      };
      const left = Math.max(0, arrival.arrivedMs + arrival.waitLimitMs - clock.monotonic());
      const timer = clock.setTimeout(giveUp, left, { background: true });
      signal?.addEventListener("abort", giveUp, { once: true });
      request.onExecute = () => {
        timer.cancel();
        signal?.removeEventListener("abort", giveUp);
        resolve(passOf(request));
      };
      if (signal?.aborted === true) giveUp();
    });

  return {
    levels,
    watches,
    enter(arrival: Arrival) {
      const { info, user } = arrival;
      const schema = levels.classify(info, user);
      const { level } = schema;
      const note: FlowRequest = { arrival, schema, distinguisher: flowOf(schema, info, user) };
      const work = estimateWork(arrival, level.mostSeats, sources);
      schema.stats.seats.observe(Math.max(work.initialSeats, work.finalSeats));
      const request = level.queues.start(note, work, levels.handOf(schema, note.distinguisher));
      if (request === undefined) throw refuse(note);
      return request.state === "executing" ? passOf(request) : wait(request);
    },
    follow(reader) {
      let wanted = false;
      configure = () => {
        if (wanted || stop.signal.aborted) return;
        wanted = true;
        queueMicrotask(() => {
          wanted = false;
          levels.configure(
            reader.list<PriorityLevelConfiguration>(priorityLevelConfigurations),
            reader.list<FlowSchema>(flowSchemas),
          );
        });
      };
      // Conditions are no news here.
      const changed = (object: { spec?: unknown }, before?: { spec?: unknown }): boolean =>
        before === undefined || JSON.stringify(object.spec) !== JSON.stringify(before.spec);
      const observer = {
        upsert: (object: { spec?: unknown }, before: { spec?: unknown } | undefined) => {
          if (changed(object, before)) configure();
        },
        remove: () => configure(),
      };
      const ends = [
        reader.subscribe<FlowSchema>(flowSchemas, observer),
        reader.subscribe<PriorityLevelConfiguration>(priorityLevelConfigurations, observer),
      ];
      stop.signal.addEventListener("abort", () => {
        for (const end of ends) end();
      });
      every(clock, adjustmentMs, levels.adjust, stop.signal);
    },
    close: () => stop.abort(),
    get reading() {
      return running.reading;
    },
    get mutating() {
      return running.mutating;
    },
  };
}
