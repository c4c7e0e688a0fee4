// What the commands that run one component alone share: the API server they are given, their log, their health page.
import { createServer } from "node:http";
import { type Logger, MetricRegistry, systemClock, systemRng } from "../base/index.ts";
import { type FlagDefinitions, FlagError } from "../cli/index.ts";
import { createClient, runLeaderElection } from "../client/index.ts";
import { httpTransport, loadKubeconfig } from "../client/node/index.ts";
import type { ComponentBase } from "./components.ts";
import { levelOf, processLogger, stopSignal } from "./lib.ts";

export const remoteFlags = {
  kubeconfig: { type: "string", help: "kubeconfig file with the API server and this component's credentials" },
  master: { type: "string", help: "address of the API server; overrides the kubeconfig's" },
  v: { type: "integer", help: "verbosity of the log", shorthand: "v", default: "0" },
} as const satisfies FlagDefinitions;

export const leaderFlags = {
  "leader-elect": { type: "boolean", help: "run only while this process holds the lease", default: "true" },
  "leader-elect-lease-duration": { type: "duration", help: "how long a lease holds", default: "15s" },
  "leader-elect-renew-deadline": { type: "duration", help: "how long renewing is tried", default: "10s" },
  "leader-elect-retry-period": { type: "duration", help: "time between tries", default: "2s" },
  "leader-elect-resource-namespace": { type: "string", help: "namespace of the lease", default: "kube-system" },
  "leader-elect-resource-name": { type: "string", help: "name of the lease; the component's own when not given" },
} as const satisfies FlagDefinitions;

export interface Remote extends ComponentBase {
  close(): void;
}

/** The parts of a component that reaches its API server over the network. */
export function connect(
  component: string,
  values: { readonly kubeconfig?: string | undefined; readonly master?: string | undefined; readonly v: number },
): Remote {
  if (values.kubeconfig === undefined)
    throw new FlagError("--kubeconfig is needed: the file that says how to reach the API server");
  const { transport: options } = loadKubeconfig(values.kubeconfig);
  const transport = httpTransport(values.master ? { ...options, server: values.master } : options);
  return {
    client: createClient(transport, { userAgent: `${component}/v1.36 (typernetes)` }),
    clock: systemClock,
    rng: systemRng,
    log: processLogger(component, levelOf(values.v)),
    metrics: new MetricRegistry(),
    signal: stopSignal(),
    close: () => transport.close(),
  };
}

export interface LeaderValues {
  readonly "leader-elect": boolean;
  readonly "leader-elect-lease-duration": number;
  readonly "leader-elect-renew-deadline": number;
  readonly "leader-elect-retry-period": number;
  readonly "leader-elect-resource-namespace": string;
  readonly "leader-elect-resource-name"?: string | undefined;
}

/** Runs `work` while this process leads, or at once when there is no election. Losing the lease ends the process, as upstream's. */
export async function leading(
  remote: Remote,
  component: string,
  options: {
    readonly values: LeaderValues;
    readonly identity: string;
    readonly work: (base: ComponentBase) => Promise<void>;
  },
): Promise<void> {
  const { values, identity, work } = options;
  if (!values["leader-elect"]) return work(remote);
  await runLeaderElection({
    client: remote.client,
    clock: remote.clock,
    rng: remote.rng,
    log: remote.log,
    namespace: values["leader-elect-resource-namespace"],
    name: values["leader-elect-resource-name"] ?? component,
    identity,
    leaseDurationSeconds: values["leader-elect-lease-duration"] / 1000,
    renewDeadlineSeconds: values["leader-elect-renew-deadline"] / 1000,
    retryPeriodSeconds: values["leader-elect-retry-period"] / 1000,
    signal: remote.signal,
    lead: (signal) => work({ ...remote, signal }),
  });
  if (!remote.signal.aborted) throw new Error("leaderelection lost");
}

export interface HealthOptions {
  readonly address: string;
  readonly port: number;
  readonly healthy: () => boolean;
  readonly metrics: MetricRegistry;
  readonly log: Logger;
}

/** /healthz, /livez, /readyz and /metrics over plain HTTP. Port 0 turns it off. */
export function serveHealth(options: HealthOptions): () => void {
  if (options.port === 0) return () => {};
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (path === "/metrics")
      return response
        .writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" })
        .end(options.metrics.render());
    if (!["/healthz", "/livez", "/readyz"].includes(path)) return response.writeHead(404).end("404 page not found\n");
    const healthy = options.healthy();
    return response
      .writeHead(healthy ? 200 : 503, { "content-type": "text/plain; charset=utf-8" })
      .end(healthy ? "ok" : "not healthy");
  });
  server.on("error", (error) => options.log.error("the health port cannot be served", { port: options.port, error }));
  server.listen(options.port, options.address);
  return () => server.close();
}
