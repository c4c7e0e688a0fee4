// What both APIs of events are given: who tells, and what has occurred.
import type { core_v1 } from "../../api/index.ts";
import type { Clock, Logger, Rng } from "../../base/index.ts";
import type { Client } from "../contract.ts";

export type ObjectReference = core_v1.ObjectReference;

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
  /** Ends waiting writes and timers. Without one the recorder holds background timers only. */
  readonly signal?: AbortSignal;
}

/** One occurrence, with everything both APIs need. */
export interface Occurrence {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly action?: string;
  readonly nowMs: number;
  readonly name: string;
  readonly namespace: string;
  readonly about: ObjectReference;
  readonly related?: ObjectReference;
}

/** `<object>.<nanoseconds in hex>`; what the clock does not tell below a millisecond is drawn, so that names do not meet. */
export function eventName(objectName: string, at: { nowMs: number; rng: Rng }): string {
  const nanoseconds = BigInt(Math.floor(at.nowMs)) * 1_000_000n + BigInt(at.rng.below(1_000_000));
  return [objectName, nanoseconds.toString(16)].join("."); // in one piece, since recorders keep it for long
}
