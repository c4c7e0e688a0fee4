// What the commands that run one component alone share: the API server they are given, their log, their election.
import { MetricRegistry, onAbort, systemClock, systemRng } from "../base/index.ts";
import { type FlagDefinitions, FlagError } from "../cli/index.ts";
import { createClient, runLeaderElection } from "../client/index.ts";
import { type HttpTransportOptions, httpTransport, loadKubeconfig } from "../client/node/index.ts";
import type { Transport } from "../machinery/index.ts";
import { accountTransports } from "./apiserver/accounts.ts";
import type { ComponentBase } from "./components.ts";
import { levelOf, processLogger, stopSignal } from "./lib.ts";
import { registerComponentMetrics } from "./process-metrics.ts";
import { outageTeller } from "./reach.ts";

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

export interface RemoteValues {
  readonly kubeconfig?: string | undefined;
  readonly master?: string | undefined;
  readonly v: number;
}

export interface Remote extends ComponentBase {
  /** PEM of the API server's authority, as the kubeconfig has it. */
  readonly serverCa: string | undefined;
  /** Asks in the name of a ServiceAccount of kube-system. */
  readonly accountTransport: (account: string) => Transport;
  /** With the credentials of now. */
  reconnect(): void;
  close(): void;
}

/** How long a component that was told to stop may talk to the server: to release its lease, to write its last status. */
const lastWordsMs = 1500;

/**
 * The parts of a component that reaches its API server over the network. The server need not be there yet. `certificate` is
 * asked for every new connection, in place of the kubeconfig's.
 */
export function connect(
  component: string,
  values: RemoteValues,
  certificate?: HttpTransportOptions["certificate"],
): Remote {
  const options = { ...transportOptions(values), ...(certificate === undefined ? {} : { certificate }) };
  const { server } = options;
  const log = processLogger(component, levelOf(values.v));
  const clock = systemClock;
  const told = outageTeller({ server, clock, log });
  const raw = httpTransport(options);
  const transport = told(raw);
  const client = createClient(transport, { userAgent: `${component}/v1.36 (typernetes)` });
  const { token: _token, cert: _cert, key: _key, basic: _basic, certificate: _certificate, ...nobody } = options;
  const bare = told(httpTransport(nobody));
  const metrics = new MetricRegistry();
  registerComponentMetrics(metrics, clock);
  const signal = stopSignal();
  const close = (): void => {
    transport.close();
    bare.close();
  };
  // A server that takes requests and answers none must not keep a component that was told to stop.
  onAbort(signal, () => clock.setTimeout(close, lastWordsMs, { background: true }));
  return {
    client,
    clock,
    rng: systemRng,
    log,
    metrics,
    signal,
    serverCa: options.ca === undefined ? undefined : textOf(options.ca),
    accountTransport: accountTransports({ client, bare, clock }),
    reconnect: raw.reconnect,
    close,
  };
}

const textOf = (pem: string | Uint8Array): string => (typeof pem === "string" ? pem : new TextDecoder().decode(pem));

function transportOptions({ kubeconfig, master }: RemoteValues): HttpTransportOptions {
  if (kubeconfig === undefined && master === undefined)
    throw new FlagError("--kubeconfig is needed: the file that says how to reach the API server");
  const options = kubeconfig === undefined ? { server: "" } : loadKubeconfig(kubeconfig).transport;
  const server = master ?? options.server;
  if (!URL.canParse(server))
    throw new FlagError(`the API server's address ${JSON.stringify(server)} is no URL such as https://10.0.0.1:6443`);
  return { ...options, server };
}

export interface LeaderValues {
  readonly "leader-elect": boolean;
  readonly "leader-elect-lease-duration": number;
  readonly "leader-elect-renew-deadline": number;
  readonly "leader-elect-retry-period": number;
  readonly "leader-elect-resource-namespace": string;
  readonly "leader-elect-resource-name"?: string | undefined;
}

/** Throws a FlagError for periods that could let two lead at one time. Upstream: leaderelection.NewLeaderElector. */
export function checkLeaderFlags(values: LeaderValues): void {
  const { "leader-elect-lease-duration": lease, "leader-elect-renew-deadline": renew } = values;
  if (!values["leader-elect"]) return;
  if (lease <= renew)
    throw new FlagError("--leader-elect-lease-duration must be longer than --leader-elect-renew-deadline");
  if (renew <= values["leader-elect-retry-period"] * 1.2)
    throw new FlagError("--leader-elect-renew-deadline must be longer than 1.2 times --leader-elect-retry-period");
}

/**
 * Runs `work` while this process leads, or at once when there is no election. Losing the lease stops the work and makes this
 * process a candidate again: upstream's process ends there and leaves the new start to whoever looks after it.
 */
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
  while (!remote.signal.aborted) {
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
    if (!remote.signal.aborted)
      remote.log.warn("no longer the leader; everything here has stopped and stands for election again");
  }
}
