// Text of /metrics/resource, /metrics/cadvisor and /metrics/probes from what is known anyway. Upstream: pkg/kubelet/metrics/collectors.
import type { ProbeCount } from "../probes/manager.ts";
import type { Summary } from "./summary.ts";

const quoted = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
const labelled = (labels: Readonly<Record<string, string>>): string => {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${quoted(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
};

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function family(name: string, type: "counter" | "gauge", help: string, series: readonly Series[]): string {
  if (series.length === 0) return "";
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${series.map((each) => `${name}${labelled(each.labels)} ${each.value}\n`).join("")}`;
}

export function resourceMetrics({ node, pods }: Summary): string {
  const containers = pods.flatMap((pod) =>
    pod.containers.map((each) => ({
      each,
      labels: { container: each.name, namespace: pod.podRef.namespace, pod: pod.podRef.name },
    })),
  );
  const podLabels = pods.map((pod) => ({ pod, labels: { namespace: pod.podRef.namespace, pod: pod.podRef.name } }));
  return [
    family(
      "container_cpu_usage_seconds_total",
      "counter",
      "[STABLE] Cumulative cpu time consumed by the container in core-seconds",
      containers.map(({ each, labels }) => ({ labels, value: each.cpu.usageCoreNanoSeconds / 1e9 })),
    ),
    family(
      "container_memory_working_set_bytes",
      "gauge",
      "[STABLE] Current working set of the container in bytes",
      containers.map(({ each, labels }) => ({ labels, value: each.memory.workingSetBytes })),
    ),
    family(
      "container_start_time_seconds",
      "gauge",
      "[STABLE] Start time of the container since unix epoch in seconds",
      containers.map(({ each, labels }) => ({ labels, value: Date.parse(each.startTime) / 1000 })),
    ),
    family(
      "node_cpu_usage_seconds_total",
      "counter",
      "[STABLE] Cumulative cpu time consumed by the node in core-seconds",
      [{ labels: {}, value: node.cpu.usageCoreNanoSeconds / 1e9 }],
    ),
    family("node_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the node in bytes", [
      { labels: {}, value: node.memory.workingSetBytes },
    ]),
    family(
      "pod_cpu_usage_seconds_total",
      "counter",
      "[STABLE] Cumulative cpu time consumed by the pod in core-seconds",
      podLabels.map(({ pod, labels }) => ({ labels, value: pod.cpu.usageCoreNanoSeconds / 1e9 })),
    ),
    family(
      "pod_memory_working_set_bytes",
      "gauge",
      "[STABLE] Current working set of the pod in bytes",
      podLabels.map(({ pod, labels }) => ({ labels, value: pod.memory.workingSetBytes })),
    ),
    family(
      "resource_scrape_error",
      "gauge",
      "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise",
      [{ labels: {}, value: 0 }],
    ),
  ].join("");
}

/** The families of cAdvisor that dashboards and autoscalers read. */
export function cadvisorMetrics({ pods }: Summary): string {
  const containers = pods.flatMap((pod) =>
    pod.containers.map((each) => ({
      each,
      labels: {
        container: each.name,
        id: `/kubepods/pod${pod.podRef.uid}/${each.name}`,
        image: "",
        name: each.name,
        namespace: pod.podRef.namespace,
        pod: pod.podRef.name,
      },
    })),
  );
  return [
    family(
      "container_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed in seconds.",
      containers.map(({ each, labels }) => ({
        labels: { ...labels, cpu: "total" },
        value: each.cpu.usageCoreNanoSeconds / 1e9,
      })),
    ),
    family(
      "container_memory_rss",
      "gauge",
      "Size of RSS in bytes.",
      containers.map(({ each, labels }) => ({ labels, value: each.memory.rssBytes })),
    ),
    family(
      "container_memory_usage_bytes",
      "gauge",
      "Current memory usage in bytes, including all memory regardless of when it was accessed",
      containers.map(({ each, labels }) => ({ labels, value: each.memory.usageBytes })),
    ),
    family(
      "container_memory_working_set_bytes",
      "gauge",
      "Current working set in bytes.",
      containers.map(({ each, labels }) => ({ labels, value: each.memory.workingSetBytes })),
    ),
    family(
      "container_start_time_seconds",
      "gauge",
      "Start time of the container since unix epoch in seconds.",
      containers.map(({ each, labels }) => ({ labels, value: Date.parse(each.startTime) / 1000 })),
    ),
  ].join("");
}

export function probeMetrics(counts: readonly ProbeCount[]): string {
  const results = ["successful", "failed", "unknown"] as const;
  const series = counts.flatMap((count) =>
    results
      .filter((result) => count[result] > 0)
      .map((result) => ({
        labels: {
          container: count.container,
          namespace: count.pod.metadata.namespace ?? "",
          pod: count.pod.metadata.name,
          pod_uid: count.pod.metadata.uid,
          probe_type: count.kind,
          result,
        },
        value: count[result],
      })),
  );
  return family(
    "prober_probe_total",
    "counter",
    "[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.",
    series,
  );
}
