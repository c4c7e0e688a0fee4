// Event recorder with aggregation and de-duplication. Upstream: client-go tools/record (core/v1) and tools/events (events.k8s.io/v1).
import type { Clock, Logger, Rng } from "../base/index.ts";
import type { KubeObject } from "../machinery/index.ts";
import type { Client } from "./client.ts";

export interface EventTarget extends KubeObject {
  /** Set for events about a part: `spec.containers{app}`. */
  readonly fieldPath?: string;
}

export interface EventRecorder {
  /** Never throws and never waits: writing happens behind, failures are logged. */
  event(about: KubeObject, event: { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string; readonly fieldPath?: string; readonly action?: string; readonly related?: KubeObject }): void;
  /** Resolves when everything recorded so far is written or given up. */
  flush(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  /** source.component and reportingController: `deployment-controller`, `kubelet`, `default-scheduler`. */
  readonly component: string;
  /** source.host. */
  readonly host?: string;
  /** core/v1 with counts (controllers, kubelet), or events.k8s.io/v1 series (scheduler). */
  readonly api: "core" | "events";
}

export function createEventRecorder(_options: EventRecorderOptions): EventRecorder {
  throw new Error("being written");
}
