// Plain answers of the kubelet's API. Upstream: pkg/kubelet/server/server.go.
import type { ServerResponse } from "node:http";
import type { Pod } from "../../api/index.ts";
import type { Kubelet } from "../kubelet.ts";
import { podNameLabel, podNamespaceLabel, podUidLabel } from "../labels.ts";
import { containerWithLogs } from "../logs/container.ts";
import type { LogOptions } from "../logs/parse.ts";
import { readLogs } from "../logs/read.ts";
import { allContainers } from "../pod.ts";
import { cadvisorMetrics, probeMetrics, resourceMetrics } from "../stats/metrics.ts";
import { createStatsProvider, type StatsProvider } from "../stats/summary.ts";
import { RouteError, type RouteRequest } from "./route.ts";
import { serveSystemLogs } from "./system-logs.ts";

export type Routes = (request: RouteRequest) => Promise<void>;

export function createRoutes(kubelet: Kubelet): Routes {
  const { context } = kubelet;
  const stats = createStatsProvider(context, () => kubelet.workers.active());
  return async (request) => {
    const [first = "", ...rest] = request.path.split("/").slice(1);
    switch (first) {
      case "healthz":
        return text(request.response, await health(kubelet));
      case "pods":
        return json(request.response, {
          kind: "PodList",
          apiVersion: "v1",
          metadata: {},
          items: kubelet.workers.all().map((pod) => withStatus(kubelet, pod)),
        });
      case "runningpods":
        return json(request.response, {
          kind: "PodList",
          apiVersion: "v1",
          metadata: {},
          items: await runningPods(kubelet),
        });
      case "containerLogs":
        return containerLogs(kubelet, request, rest);
      case "logs":
        return serveSystemLogs(request, rest);
      case "run":
        return run(kubelet, request, rest);
      case "stats":
        if (rest[0] === "summary") return json(request.response, await stats.summary());
        break;
      case "metrics":
        return metrics(kubelet, stats, request, rest);
      case "configz":
        return json(request.response, {
          kubeletconfig: {
            kind: "KubeletConfiguration",
            apiVersion: "kubelet.config.k8s.io/v1beta1",
            ...publicConfig(kubelet),
          },
        });
    }
    throw new RouteError(404, "404 page not found");
  };
}

function text(response: ServerResponse, body: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(200, { "content-type": type });
  response.end(body);
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

async function health({ context }: Kubelet): Promise<string> {
  const info = await context.runtime.info();
  if (!info.ready) throw new RouteError(500, "container runtime is not ready");
  return "ok";
}

const withStatus = (kubelet: Kubelet, pod: Pod): Pod => ({
  ...pod,
  status: kubelet.statuses.get(pod.metadata.uid) ?? pod.status ?? {},
});

async function runningPods({ context }: Kubelet): Promise<object[]> {
  const containers = await context.runtime.listContainers({ state: "running" });
  const pods = new Map<string, { metadata: object; spec: { containers: object[] } }>();
  for (const { labels, name, image } of containers) {
    const uid = labels[podUidLabel] ?? "";
    const pod = pods.get(uid) ?? {
      metadata: { name: labels[podNameLabel], namespace: labels[podNamespaceLabel], uid },
      spec: { containers: [] },
    };
    pod.spec.containers.push({ name, image, resources: {} });
    pods.set(uid, pod);
  }
  return [...pods.values()].map((pod) => ({ ...pod, status: {} }));
}

/** Path parts `{namespace}/{pod}[/{uid}]/{container}`. */
export function findPod(kubelet: Kubelet, namespace: string | undefined, name: string | undefined, uid?: string): Pod {
  const pod = kubelet.workers
    .all()
    .find(
      (each) =>
        each.metadata.namespace === namespace &&
        each.metadata.name === name &&
        (uid === undefined || each.metadata.uid === uid),
    );
  if (pod === undefined) throw new RouteError(404, "pod does not exist");
  return pod;
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === "") return undefined;
  if (!/^-?\d+$/.test(value)) throw new RouteError(400, `Unable to decode query: ${name} must be an integer`);
  return Number(value);
}

function logOptions(query: URLSearchParams, nowMs: number): LogOptions & { previous: boolean } {
  const flag = (name: string): boolean => ["true", "1", ""].includes(query.get(name) ?? "false");
  const sinceSeconds = integer(query, "sinceSeconds");
  const sinceTime = query.get("sinceTime");
  const stream = query.get("stream");
  const tailLines = integer(query, "tailLines");
  if (tailLines !== undefined && tailLines < 0)
    throw new RouteError(422, "tailLines: Invalid value: must be greater than or equal to 0");
  return {
    follow: flag("follow"),
    previous: flag("previous"),
    timestamps: flag("timestamps"),
    tailLines,
    limitBytes: integer(query, "limitBytes"),
    sinceMs:
      sinceSeconds !== undefined ? nowMs - sinceSeconds * 1000 : sinceTime === null ? undefined : Date.parse(sinceTime),
    stream: stream === "Stdout" ? "stdout" : stream === "Stderr" ? "stderr" : undefined,
  };
}

async function containerLogs(
  kubelet: Kubelet,
  request: RouteRequest,
  [namespace, name, container]: readonly string[],
): Promise<void> {
  const { context } = kubelet;
  if (!namespace || !name || !container)
    throw new RouteError(
      400,
      `{"message": "Missing ${!namespace ? "podNamespace" : !name ? "podID" : "container name"}."}`,
    );
  const options = logOptions(request.query, context.clock.now());
  let pod: Pod;
  try {
    pod = findPod(kubelet, namespace, name);
  } catch {
    throw new RouteError(404, `pod ${JSON.stringify(name)} does not exist`);
  }
  if (!allContainers(pod).some((each) => each.container.name === container))
    throw new RouteError(404, `container ${JSON.stringify(container)} not found in pod ${JSON.stringify(name)}`);
  let id: string;
  try {
    id = containerWithLogs({ name, status: withStatus(kubelet, pod).status }, container, options.previous);
  } catch (error) {
    throw new RouteError(400, (error as Error).message);
  }
  const status = await context.runtime.containerStatus(id);
  const { response } = request;
  response.writeHead(200, { "content-type": "text/plain", "transfer-encoding": "chunked" });
  response.flushHeaders();
  for await (const chunk of readLogs(
    context,
    { containerId: id, path: status.logPath },
    { ...options, signal: request.signal },
  ))
    if (!response.write(chunk)) await drained(request);
  response.end();
}

function drained({ response, signal }: RouteRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    response.once("drain", done);
    signal.addEventListener("abort", done, { once: true });
  });
}

async function run(
  kubelet: Kubelet,
  { method, query, response }: RouteRequest,
  parts: readonly string[],
): Promise<void> {
  if (method !== "POST") throw new RouteError(405, "405: Method Not Allowed");
  const id = runningContainer(kubelet, parts);
  const { stdout, stderr, exitCode } = await kubelet.context.runtime.execSync(
    id,
    (query.get("cmd") ?? "").split(" "),
    0,
  );
  if (exitCode !== 0) throw new RouteError(500, `command terminated with exit code ${exitCode}`);
  response.writeHead(200, { "content-type": "text/plain" });
  response.end(Buffer.concat([stdout, stderr]));
}

/** Id of the running container that a path names. */
export function runningContainer(kubelet: Kubelet, parts: readonly string[]): string {
  const [namespace, name] = parts;
  const uid = parts.length > 3 ? parts[2] : undefined;
  const container = parts[parts.length > 3 ? 3 : 2];
  const pod = findPod(kubelet, namespace, name, uid);
  const { status } = withStatus(kubelet, pod);
  const all = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const id = all
    .find((each) => each.name === container && each.state?.running !== undefined)
    ?.containerID?.split("://")[1];
  if (id === undefined) throw new RouteError(404, `container not found (${JSON.stringify(container ?? "")})`);
  return id;
}

/** Lists what runs: a measured runtime counts what it lists, and with a runtime that tells of changes there is no list for long. */
async function recount({ context: { runtime, log } }: Kubelet): Promise<void> {
  await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]).catch((error: unknown) =>
    log.warn("the runtime does not list its containers: the numbers of running pods are those of before", { error }),
  );
}

async function metrics(
  kubelet: Kubelet,
  stats: StatsProvider,
  { response }: RouteRequest,
  [which]: readonly string[],
): Promise<void> {
  const type = "text/plain; version=0.0.4; charset=utf-8";
  switch (which) {
    case undefined:
      await recount(kubelet);
      return text(response, kubelet.context.metrics.render(), type);
    case "resource":
      return text(response, resourceMetrics(await stats.summary()), type);
    case "cadvisor":
      return text(response, cadvisorMetrics(await stats.summary()), type);
    case "probes":
      return text(response, probeMetrics(kubelet.probes.counts()), type);
    default:
      throw new RouteError(404, "404 page not found");
  }
}

function publicConfig({ context: { config } }: Kubelet): object {
  return {
    clusterDNS: config.clusterDns,
    clusterDomain: config.clusterDomain,
    maxPods: config.maxPods,
    podPidsLimit: config.podPidsLimit,
    port: config.port,
    cgroupRoot: config.cgroupRoot,
    cgroupDriver: config.cgroupDriver,
    cgroupsPerQOS: config.cgroupsPerQos,
    cpuCFSQuota: config.cpuCfsQuota,
    evictionHard: config.evictionHard,
    kubeReserved: config.kubeReserved,
    systemReserved: config.systemReserved,
    imageGCHighThresholdPercent: config.imageGcHighThresholdPercent,
    imageGCLowThresholdPercent: config.imageGcLowThresholdPercent,
    resolvConf: config.resolverConfig,
    syncFrequency: `${config.syncFrequencySeconds}s`,
    nodeStatusUpdateFrequency: `${config.nodeStatusUpdateFrequencySeconds}s`,
    nodeLeaseDurationSeconds: config.nodeLeaseDurationSeconds,
    containerLogMaxSize: String(config.containerLogMaxSizeBytes),
    containerLogMaxFiles: config.containerLogMaxFiles,
    enableDebuggingHandlers: config.enableDebuggingHandlers,
  };
}
