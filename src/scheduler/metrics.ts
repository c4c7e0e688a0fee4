// Metrics with upstream's names. Upstream: pkg/scheduler/metrics.
import { Counter, Gauge, Histogram, type MetricRegistry } from "../base/index.ts";

const exponential = (start: number, factor: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => start * factor ** index);

export type SchedulerMetrics = ReturnType<typeof createMetrics>;

export function createMetrics(registry: MetricRegistry) {
  const name = (text: string): string => `scheduler_${text}`;
  return {
    attempts: registry.register(
      new Counter({
        name: name("schedule_attempts_total"),
        help: "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
        labelNames: ["result", "profile"],
        stability: "STABLE",
      }),
    ),
    attemptSeconds: registry.register(
      new Histogram(
        {
          name: name("scheduling_attempt_duration_seconds"),
          help: "Scheduling attempt latency in seconds (scheduling algorithm + binding)",
          labelNames: ["result", "profile"],
          stability: "STABLE",
        },
        exponential(0.001, 2, 15),
      ),
    ),
    algorithmSeconds: registry.register(
      new Histogram(
        {
          name: name("scheduling_algorithm_duration_seconds"),
          help: "Scheduling algorithm latency in seconds",
          stability: "ALPHA",
        },
        exponential(0.001, 2, 15),
      ),
    ),
    preemptionVictims: registry.register(
      new Histogram(
        { name: name("preemption_victims"), help: "Number of selected preemption victims", stability: "STABLE" },
        exponential(1, 2, 7),
      ),
    ),
    preemptionAttempts: registry.register(
      new Counter({
        name: name("preemption_attempts_total"),
        help: "Total preemption attempts in the cluster till now",
        stability: "STABLE",
      }),
    ),
    pendingPods: registry.register(
      new Gauge({
        name: name("pending_pods"),
        help: "Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.",
        labelNames: ["queue"],
        stability: "STABLE",
      }),
    ),
    incomingPods: registry.register(
      new Counter({
        name: name("queue_incoming_pods_total"),
        help: "Number of pods added to scheduling queues by event and queue type.",
        labelNames: ["queue", "event"],
        stability: "STABLE",
      }),
    ),
    sliSeconds: registry.register(
      new Histogram(
        {
          name: name("pod_scheduling_sli_duration_seconds"),
          help: "E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.",
          labelNames: ["attempts"],
          stability: "BETA",
        },
        exponential(0.01, 2, 20),
      ),
    ),
    podAttempts: registry.register(
      new Histogram(
        {
          name: name("pod_scheduling_attempts"),
          help: "Number of attempts to successfully schedule a pod.",
          stability: "STABLE",
        },
        exponential(1, 2, 5),
      ),
    ),
    scheduledAfterFlush: registry.register(
      new Counter({
        name: name("pod_scheduled_after_flush_total"),
        help: "Number of pods that were successfully scheduled after being flushed from unschedulablePods due to timeout. This metric helps detect potential queueing hint misconfigurations or event handling issues.",
        stability: "ALPHA",
      }),
    ),
    cacheSize: registry.register(
      new Gauge({
        name: name("cache_size"),
        help: "Number of nodes, pods, and assumed (bound) pods in the scheduler cache.",
        labelNames: ["type"],
        stability: "ALPHA",
      }),
    ),
    unschedulablePods: registry.register(
      new Gauge({
        name: name("unschedulable_pods"),
        help: "The number of unschedulable pods broken down by plugin name. A pod will increment the gauge for all plugins that caused it to not schedule and so this metric have meaning only when broken down by plugin.",
        labelNames: ["plugin", "profile"],
        stability: "BETA",
      }),
    ),
  };
}
