// apiserver_flowcontrol_*: counted in plain numbers while requests pass, and written down when somebody asks for the metrics.
// Upstream: apiserver's util/flowcontrol/metrics.
import { Counter, Gauge, Histogram, type Labels, type MetricRegistry } from "../../base/index.ts";
import type { RejectReason } from "./queue-set.ts";

/** Of one flow schema at one level. */
export interface FlowStats {
  readonly labels: { readonly priority_level: string; readonly flow_schema: string };
  dispatched: number;
  readonly rejected: Record<RejectReason, number>;
  waitingRequests: number;
  waitingSeats: number;
  executingRequests: number;
  executingSeats: number;
  noAccommodation: number;
  readonly seats: Observed;
  readonly queueLength: Observed;
  readonly watchers: Observed;
  readonly waitedAndRan: Observed;
  readonly waitedInVain: Observed;
  readonly ran: Observed;
  readonly watchStarted: Observed;
}

interface Observed {
  observe(value: number): void;
}

/** Of one level, as it stands. */
export interface LevelFigures {
  readonly name: string;
  readonly nominal: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly current: number;
  readonly target: number;
  readonly highWatermark: number;
  readonly average: number;
  readonly deviation: number;
  readonly smoothed: number;
}

export interface FlowMetrics {
  /** The same object for the same names, for ever. */
  statsOf(level: string, schema: string): FlowStats;
  /** Says where the figures come from. */
  follow(levels: () => { readonly levels: readonly LevelFigures[]; readonly fairFraction: number }): void;
}

const prefix = "apiserver_flowcontrol_";
const flowLabels = ["flow_schema", "priority_level"];
const seconds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

export function createFlowMetrics(registry: MetricRegistry): FlowMetrics {
  const made = new Map<string, FlowStats>();
  const histograms = flowHistograms(registry);
  const write = flowCounters(registry);
  registry.beforeRender(() => {
    for (const stats of made.values()) write(stats);
  });
  return {
    statsOf(level, schema) {
      const key = `${level}\0${schema}`;
      let stats = made.get(key);
      if (stats === undefined) {
        const labels = { priority_level: level, flow_schema: schema };
        stats = {
          labels,
          dispatched: 0,
          rejected: { "queue-full": 0, "concurrency-limit": 0, "time-out": 0 },
          waitingRequests: 0,
          waitingSeats: 0,
          executingRequests: 0,
          executingSeats: 0,
          noAccommodation: 0,
          ...histograms(labels),
        };
        made.set(key, stats);
      }
      return stats;
    },
    follow: (figures) => levelGauges(registry, figures),
  };
}

function flowHistograms(registry: MetricRegistry) {
  const histogram = (name: string, help: string, of: { labelNames?: string[]; bounds: number[]; beta?: true }) =>
    registry.register(
      new Histogram(
        {
          name: prefix + name,
          help,
          labelNames: [...flowLabels, ...(of.labelNames ?? [])].sort(),
          stability: of.beta ? "BETA" : "ALPHA",
        },
        of.bounds,
      ),
    );
  const waits = histogram("request_wait_duration_seconds", "Length of time a request spent waiting in its queue", {
    labelNames: ["execute"],
    bounds: seconds,
    beta: true,
  });
  const runs = histogram(
    "request_execution_seconds",
    "Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem",
    { labelNames: ["type"], bounds: seconds },
  );
  const seats = histogram(
    "work_estimated_seats",
    "Number of estimated seats (maximum of initial and final seats) associated with requests in API Priority and Fairness",
    { bounds: [1, 2, 4, 8, 16, 32, 64, 100] },
  );
  const lengths = histogram(
    "request_queue_length_after_enqueue",
    "Length of queue in the API Priority and Fairness subsystem, as seen by each request after it is enqueued",
    { bounds: [0, 10, 25, 50, 100, 250, 500, 1000] },
  );
  const watchers = histogram(
    "watch_count_samples",
    "count of watchers for mutating requests in API Priority and Fairness",
    { bounds: [0, 1, 10, 100, 1000, 10_000] },
  );
  /** Series come to be when they are used: a schema that nothing matched is not in the list. */
  const late = (of: Histogram, labels: Labels): Observed => {
    let child: Observed | undefined;
    return { observe: (value) => (child ??= of.child(labels)).observe(value) };
  };
  return (labels: Labels) => ({
    seats: late(seats, labels),
    queueLength: late(lengths, labels),
    watchers: late(watchers, labels),
    waitedAndRan: late(waits, { ...labels, execute: "true" }),
    waitedInVain: late(waits, { ...labels, execute: "false" }),
    ran: late(runs, { ...labels, type: "regular" }),
    watchStarted: late(runs, { ...labels, type: "watch" }),
  });
}

function flowCounters(registry: MetricRegistry): (stats: FlowStats) => void {
  const counter = (name: string, help: string, of: { labelNames?: string[]; beta?: true } = {}) => {
    const metric = registry.register(
      new Counter({
        name: prefix + name,
        help,
        labelNames: [...flowLabels, ...(of.labelNames ?? [])].sort(),
        stability: of.beta ? "BETA" : "ALPHA",
      }),
    );
    return (value: number, labels: Labels): void => {
      if (value > 0) metric.inc(labels, value - metric.get(labels));
    };
  };
  const gauge = (name: string, help: string, stability: "ALPHA" | "BETA") =>
    registry.register(new Gauge({ name: prefix + name, help, labelNames: flowLabels, stability }));
  const dispatched = counter(
    "dispatched_requests_total",
    "Number of requests executed by API Priority and Fairness subsystem",
    { beta: true },
  );
  const rejected = counter(
    "rejected_requests_total",
    "Number of requests rejected by API Priority and Fairness subsystem",
    { labelNames: ["reason"], beta: true },
  );
  const noAccommodation = counter(
    "request_dispatch_no_accommodation_total",
    "Number of times a dispatch attempt resulted in a non accommodation due to lack of available seats",
  );
  const inQueue = "currently pending in queues of the API Priority and Fairness subsystem";
  const waiting = gauge("current_inqueue_requests", `Number of requests ${inQueue}`, "BETA");
  const waitingSeats = gauge("current_inqueue_seats", `Number of seats ${inQueue}`, "ALPHA");
  const executing = gauge(
    "current_executing_requests",
    "Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem",
    "BETA",
  );
  const executingSeats = gauge(
    "current_executing_seats",
    "Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem",
    "BETA",
  );
  return (stats) => {
    const { labels } = stats;
    dispatched(stats.dispatched, labels);
    for (const [reason, count] of Object.entries(stats.rejected)) rejected(count, { ...labels, reason });
    noAccommodation(stats.noAccommodation, labels);
    if (stats.dispatched === 0 && stats.waitingRequests === 0 && stats.rejected["time-out"] === 0) return;
    waiting.set(stats.waitingRequests, labels);
    waitingSeats.set(stats.waitingSeats, labels);
    executing.set(stats.executingRequests, labels);
    executingSeats.set(stats.executingSeats, labels);
  };
}

/** Name, help, figure. */
const levelMetrics: readonly (readonly [string, string, keyof Omit<LevelFigures, "name">, "ALPHA" | "BETA"])[] = [
  ["nominal_limit_seats", "Nominal number of execution seats configured for each priority level", "nominal", "BETA"],
  [
    "lower_limit_seats",
    "Configured lower bound on number of execution seats available to each priority level",
    "minimum",
    "ALPHA",
  ],
  [
    "upper_limit_seats",
    "Configured upper bound on number of execution seats available to each priority level",
    "maximum",
    "ALPHA",
  ],
  [
    "current_limit_seats",
    "current derived number of execution seats available to each priority level",
    "current",
    "ALPHA",
  ],
  [
    "demand_seats_high_watermark",
    "High watermark, over last adjustment period, of demand_seats",
    "highWatermark",
    "ALPHA",
  ],
  ["demand_seats_average", "Time-weighted average, over last adjustment period, of demand_seats", "average", "ALPHA"],
  [
    "demand_seats_stdev",
    "Time-weighted standard deviation, over last adjustment period, of demand_seats",
    "deviation",
    "ALPHA",
  ],
  ["demand_seats_smoothed", "Smoothed seat demands", "smoothed", "ALPHA"],
  ["target_seats", "Seat allocation targets", "target", "ALPHA"],
];

function levelGauges(
  registry: MetricRegistry,
  figures: () => { readonly levels: readonly LevelFigures[]; readonly fairFraction: number },
): void {
  const gauges = levelMetrics.map(([name, help, figure, stability]) => ({
    figure,
    gauge: registry.register(new Gauge({ name: prefix + name, help, labelNames: ["priority_level"], stability })),
  }));
  const fair = registry.register(
    new Gauge({
      name: `${prefix}seat_fair_frac`,
      help: "Fair fraction of server's concurrency to allocate to each priority level that can use it",
      stability: "ALPHA",
    }),
  );
  let known = new Set<string>();
  registry.beforeRender(() => {
    const { levels, fairFraction } = figures();
    fair.set(fairFraction);
    const names = new Set(levels.map(({ name }) => name));
    for (const { gauge, figure } of gauges) {
      for (const gone of known) if (!names.has(gone)) gauge.remove({ priority_level: gone });
      for (const level of levels) gauge.set(level[figure], { priority_level: level.name });
    }
    known = names;
  });
}
