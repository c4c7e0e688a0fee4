// What a work queue tells of itself, under upstream's names. Upstream: client-go util/workqueue/metrics.go, component-base
// metrics/prometheus/workqueue. All queues of one registry share the metrics; `name` tells them apart.
import { type Clock, Counter, Gauge, Histogram, type MetricRegistry } from "../base/index.ts";

export interface QueueMetrics {
  added(key: string): void;
  retried(): void;
  begun(key: string): void;
  ended(key: string): void;
  /** The queue is no more: what it still holds is nobody's work. */
  close(): void;
}

interface Live {
  readonly name: string;
  readonly addedAt: Map<string, number>;
  readonly begunAt: Map<string, number>;
  readonly clock: Clock;
}

interface Families {
  readonly depth: Gauge;
  readonly adds: Counter;
  readonly waited: Histogram;
  readonly worked: Histogram;
  readonly unfinished: Gauge;
  readonly longest: Gauge;
  readonly retries: Counter;
  readonly live: Set<Live>;
}

const families = new WeakMap<MetricRegistry, Families>();
/** Ten decades, from ten nanoseconds up. */
const seconds = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10];

function familiesOf(registry: MetricRegistry): Families {
  const known = families.get(registry);
  if (known !== undefined) return known;
  const named = (name: string, help: string) => ({
    name: `workqueue_${name}`,
    help,
    labelNames: ["name"],
    stability: "BETA" as const,
  });
  const live = new Set<Live>();
  const made: Families = {
    live,
    adds: registry.register(new Counter(named("adds_total", "Total number of adds handled by workqueue"))),
    depth: registry.register(new Gauge(named("depth", "Current depth of workqueue"))),
    longest: registry.register(
      new Gauge(
        named(
          "longest_running_processor_seconds",
          "How many seconds has the longest running processor for workqueue been running.",
        ),
      ),
    ),
    waited: registry.register(
      new Histogram(
        named("queue_duration_seconds", "How long in seconds an item stays in workqueue before being requested."),
        seconds,
      ),
    ),
    retries: registry.register(new Counter(named("retries_total", "Total number of retries handled by workqueue"))),
    unfinished: registry.register(
      new Gauge(
        named(
          "unfinished_work_seconds",
          "How many seconds of work has done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
        ),
      ),
    ),
    worked: registry.register(
      new Histogram(
        named("work_duration_seconds", "How long in seconds processing an item from workqueue takes."),
        seconds,
      ),
    ),
  };
  families.set(registry, made);
  registry.beforeRender(() => tell(made));
  return made;
}

const sinceSeconds = (clock: Clock, ms: number): number => (clock.monotonic() - ms) / 1000;

/** Queues of one name are counted together. */
function tell({ live, depth, unfinished, longest }: Families): void {
  const names = Map.groupBy(live, ({ name }) => name);
  for (const [name, queues] of names) {
    const running = queues.flatMap(({ begunAt, clock }) => [...begunAt.values()].map((at) => sinceSeconds(clock, at)));
    const waiting = queues.reduce((sum, { addedAt }) => sum + addedAt.size, 0);
    const all = running.reduce((sum, each) => sum + each, 0);
    depth.set(waiting, { name });
    unfinished.set(all, { name });
    longest.set(Math.max(0, ...running), { name });
  }
}

export function queueMetrics(registry: MetricRegistry, name: string, clock: Clock): QueueMetrics {
  const { live, adds, depth, longest, unfinished, waited, retries, worked } = familiesOf(registry);
  const labels = { name };
  const added = adds.child(labels);
  const retried = retries.child(labels);
  const wait = waited.child(labels);
  const work = worked.child(labels);
  const own: Live = { name, addedAt: new Map(), begunAt: new Map(), clock };
  live.add(own);
  return {
    added(key) {
      added.inc();
      if (!own.addedAt.has(key)) own.addedAt.set(key, clock.monotonic());
    },
    retried: () => retried.inc(),
    begun(key) {
      const at = own.addedAt.get(key);
      own.addedAt.delete(key);
      if (at !== undefined) wait.observe(sinceSeconds(clock, at));
      own.begunAt.set(key, clock.monotonic());
    },
    ended(key) {
      const at = own.begunAt.get(key);
      own.begunAt.delete(key);
      if (at !== undefined) work.observe(sinceSeconds(clock, at));
    },
    close() {
      live.delete(own);
      for (const gauge of [depth, longest, unfinished]) gauge.set(0, labels);
    },
  };
}
