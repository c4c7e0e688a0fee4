// What a kubelet tells of itself at /metrics: its calls of the runtime, and how many pods and containers it has. Upstream:
// pkg/kubelet/metrics/metrics.go, pkg/kubelet/kuberuntime/instrumented_services.go.
import type { Pod } from "../../api/index.ts";
import { type Clock, Counter, Gauge, Histogram, type MetricRegistry } from "../../base/index.ts";
import type { Container, ContainerRuntime, PodSandbox, PodSandboxConfig } from "../../runtime/index.ts";
import { isStaticPod } from "../pod.ts";

type Call = keyof ContainerRuntime;

/** Upstream's names of the runtime's calls. */
const operations: Readonly<Partial<Record<Call, string>>> = {
  runPodSandbox: "run_podsandbox",
  stopPodSandbox: "stop_podsandbox",
  removePodSandbox: "remove_podsandbox",
  podSandboxStatus: "podsandbox_status",
  listPodSandboxes: "list_podsandbox",
  createContainer: "create_container",
  startContainer: "start_container",
  stopContainer: "stop_container",
  removeContainer: "remove_container",
  containerStatus: "container_status",
  listContainers: "list_containers",
  updateContainerResources: "update_container",
  reopenContainerLog: "reopen_container_log",
  execSync: "exec_sync",
  exec: "exec",
  attach: "attach",
  portForward: "port_forward",
  listContainerStats: "list_container_stats",
  listImages: "list_images",
  imageStatus: "image_status",
  pullImage: "pull_image",
  removeImage: "remove_image",
  imageFsInfo: "image_fs_info",
};

/** Multiplied step by step, as upstream does: the same numbers to the last digit. */
function exponential(start: number, factor: number, count: number): number[] {
  const bounds = [start];
  while (bounds.length < count) bounds.push(bounds.at(-1)! * factor);
  return bounds;
}

/** Prometheus' own. */
const usualBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const stability = "ALPHA";

interface EndedCall {
  readonly seconds: number;
  readonly failed: boolean;
  readonly argument: unknown;
}

interface RuntimeMetrics {
  readonly called: (operation: string, ended: EndedCall) => void;
  readonly listed: (call: Call, answer: unknown) => void;
}

function runtimeMetrics(registry: MetricRegistry): RuntimeMetrics {
  const byOperation = { labelNames: ["operation_type"], stability } as const;
  const count = registry.register(
    new Counter({
      name: "kubelet_runtime_operations_total",
      help: "Cumulative number of runtime operations by operation type.",
      ...byOperation,
    }),
  );
  const duration = registry.register(
    new Histogram(
      {
        name: "kubelet_runtime_operations_duration_seconds",
        help: "Duration in seconds of runtime operations. Broken down by operation type.",
        ...byOperation,
      },
      exponential(0.005, 2.5, 14),
    ),
  );
  const errors = registry.register(
    new Counter({
      name: "kubelet_runtime_operations_errors_total",
      help: "Cumulative number of runtime operation errors by operation type.",
      ...byOperation,
    }),
  );
  const sandboxes = sandboxMetrics(registry);
  const states = new Set<string>();
  const pods = registry.register(
    new Gauge({ name: "kubelet_running_pods", help: "Number of pods that have a running pod sandbox", stability }),
  );
  const containers = registry.register(
    new Gauge({
      name: "kubelet_running_containers",
      help: "Number of containers currently running",
      labelNames: ["container_state"],
      stability,
    }),
  );
  return {
    called: (operation, call) => {
      const labels = { operation_type: operation };
      count.inc(labels);
      duration.observe(call.seconds, labels);
      if (call.failed) errors.inc(labels);
      if (operation === "run_podsandbox") sandboxes(call);
    },
    listed: (call, answer) => {
      if (call === "listPodSandboxes")
        pods.set((answer as readonly PodSandbox[]).filter(({ state }) => state === "ready").length);
      if (call !== "listContainers") return;
      const found = Map.groupBy(answer as readonly Container[], ({ state }) => state);
      for (const state of found.keys()) states.add(state);
      for (const state of states)
        containers.set(found.get(state as Container["state"])?.length ?? 0, { container_state: state });
    },
  };
}

function sandboxMetrics(registry: MetricRegistry): (call: EndedCall) => void {
  const counter = (name: string, help: string): Counter => registry.register(new Counter({ name, help, stability }));
  const started = counter("kubelet_started_pods_total", "Cumulative number of pods started");
  const failures = counter("kubelet_started_pods_errors_total", "Cumulative number of errors when starting pods");
  const handler = { labelNames: ["runtime_handler"], stability } as const;
  const duration = registry.register(
    new Histogram(
      {
        name: "kubelet_run_podsandbox_duration_seconds",
        help: "Duration in seconds of the run_podsandbox operations. Broken down by RuntimeClass.Handler.",
        ...handler,
      },
      usualBounds,
    ),
  );
  const errors = registry.register(
    new Counter({
      name: "kubelet_run_podsandbox_errors_total",
      help: "Cumulative number of the run_podsandbox operation errors by RuntimeClass.Handler.",
      ...handler,
    }),
  );
  return ({ seconds, failed, argument }) => {
    const labels = { runtime_handler: (argument as PodSandboxConfig).runtimeHandler ?? "" };
    started.inc();
    duration.observe(seconds, labels);
    if (!failed) return;
    failures.inc();
    errors.inc(labels);
  };
}

/** The same runtime; each of its calls is counted and timed. */
export function measuredRuntime(
  runtime: ContainerRuntime,
  { metrics, clock }: { readonly metrics: MetricRegistry; readonly clock: Clock },
): ContainerRuntime {
  const { called, listed } = runtimeMetrics(metrics);
  const measured = new Map<PropertyKey, unknown>();
  const measure =
    (call: Call, operation: string, method: (...args: unknown[]) => Promise<unknown>) =>
    async (...args: unknown[]): Promise<unknown> => {
      const began = clock.monotonic();
      const ended = (failed: boolean): EndedCall => ({
        seconds: (clock.monotonic() - began) / 1000,
        failed,
        argument: args[0],
      });
      try {
        const answer = await method(...args);
        called(operation, ended(false));
        if (args[0] === undefined) listed(call, answer);
        return answer;
      } catch (error) {
        called(operation, ended(true));
        throw error;
      }
    };
  return new Proxy(runtime, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      if (!measured.has(key)) {
        const method = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
        const operation = operations[key as Call];
        measured.set(key, operation === undefined ? method : measure(key as Call, operation, method));
      }
      return measured.get(key);
    },
  });
}

export interface PodCounts {
  readonly nodeName: string;
  /** Pods that the kubelet was told to run, and those of them whose containers may run. */
  readonly desired: () => readonly Pod[];
  readonly active: () => readonly Pod[];
}

/** Registers what is read when the metrics are asked for. */
export function registerPodCounts(registry: MetricRegistry, { nodeName, desired, active }: PodCounts): void {
  const gauge = (name: string, help: string, ...labelNames: string[]): Gauge =>
    registry.register(new Gauge({ name, help, labelNames, stability }));
  gauge("kubelet_node_name", "The node's name. The count is always 1.", "node").set(1, { node: nodeName });
  const wanted = gauge(
    "kubelet_desired_pods",
    "The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.",
    "static",
  );
  const considered = gauge(
    "kubelet_active_pods",
    "The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.",
    "static",
  );
  const mirrors = gauge(
    "kubelet_mirror_pods",
    "The number of mirror pods the kubelet will try to create (one per admitted static pod)",
  );
  registry.beforeRender(() => {
    const counted = (pods: readonly Pod[], into: Gauge): number => {
      const fixed = pods.filter(isStaticPod).length;
      into.set(pods.length - fixed, { static: "" });
      into.set(fixed, { static: "true" });
      return fixed;
    };
    counted(desired(), wanted);
    mirrors.set(counted(active(), considered));
  });
}
