// What the parts of one kubelet share.

import type { Node, Pod, Service } from "../api/index.ts";
import { type Clock, errorText, type Logger, type MetricRegistry, type Rng } from "../base/index.ts";
import type { Client, EventRecorder } from "../client/index.ts";
import { type ContainerRuntime, RuntimeError } from "../runtime/index.ts";
import type { KubeletConfig } from "./config.ts";
import type { ReferencedObjects } from "./env/environment.ts";
import type { Host } from "./host.ts";
import { containerFieldPath, findContainer } from "./pod.ts";

export interface KubeletContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
  readonly config: KubeletConfig;
  readonly nodeName: string;
  readonly host: Host;
  readonly runtime: ContainerRuntime;
  readonly events: EventRecorder;
  readonly objects: ReferencedObjects;
  /** Facts that become known while the kubelet runs. */
  readonly state: {
    runtimeName: string;
    hostIps: readonly string[];
    recursiveReadOnlySupported: boolean;
    /** Why pods cannot have a network, when so. */
    networkProblem: string | undefined;
    cgroupDriver: "cgroupfs" | "systemd";
    memoryCapacityBytes: number;
  };
  /** Once the first list is there: pods that ask for service variables wait for it. */
  readonly services: () => readonly Service[];
  readonly node: () => Node | undefined;
}

export type EventType = "Normal" | "Warning";

export function podEvent(
  context: KubeletContext,
  pod: Pod,
  event: { type: EventType; reason: string; message: string },
): void {
  context.events.event(pod, event);
}

export function containerEvent(
  context: KubeletContext,
  pod: Pod,
  name: string,
  event: { type: EventType; reason: string; message: string },
): void {
  const found = findContainer(pod, name);
  context.events.event(pod, { ...event, ...(found === undefined ? {} : { fieldPath: containerFieldPath(found) }) });
}

const goNames: Readonly<Record<string, string>> = { OK: "OK", CANCELLED: "Canceled" };
/** As Go prints a gRPC error: `rpc error: code = Unknown desc = …`. */
export function rpcText(error: unknown): string {
  if (!(error instanceof RuntimeError)) return errorText(error);
  const name =
    goNames[error.code] ??
    error.code.toLowerCase().replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
  return `rpc error: code = ${name} desc = ${error.message}`;
}
