// Event recorder with aggregation and de-duplication. Upstream: client-go tools/record (core/v1) and tools/events (events.k8s.io/v1).
import type { core_v1 } from "../api/index.ts";
import type { Clock, Logger, Rng } from "../base/index.ts";
import type { KubeObject } from "../machinery/index.ts";
import type { Client } from "./client.ts";
import { createCoreSink } from "./event-core.ts";
import { createSeriesSink } from "./event-series.ts";
import { createEventWriter } from "./event-writer.ts";

type ObjectReference = core_v1.ObjectReference;

export interface EventTarget extends KubeObject {
  /** Set for events about a part: `spec.containers{app}`. */
  readonly fieldPath?: string;
}

export interface EventRecorder {
  /** Never throws and never waits: writing happens behind, failures are logged. */
  event(
    about: KubeObject,
    event: {
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
      readonly fieldPath?: string;
      readonly action?: string;
      readonly related?: KubeObject;
    },
  ): void;
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
  /** Ends waiting writes and timers. Without one the recorder holds background timers only. */
  readonly signal?: AbortSignal;
}

/** A recorder of one component. Its queue is bounded: when the server cannot be reached for long, events are dropped and counted in the log. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { clock, rng, log } = options;
  const writer = createEventWriter({ clock, rng, log, ...(options.signal ? { signal: options.signal } : {}) });
  const record = options.api === "core" ? createCoreSink(options, writer) : createSeriesSink(options, writer);
  return {
    event(about, event) {
      const nowMs = clock.now();
      record({
        ...event,
        nowMs,
        name: eventName(about.metadata.name, { nowMs, rng }),
        namespace: about.metadata.namespace || "default",
        about: referenceTo(about, event.fieldPath),
        ...(event.related !== undefined ? { related: referenceTo(event.related, undefined) } : {}),
      });
    },
    flush: writer.flush,
  };
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
  return `${objectName}.${nanoseconds.toString(16)}`;
}

function referenceTo(object: KubeObject, fieldPath: string | undefined): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    kind: object.kind,
    ...(namespace ? { namespace } : {}),
    name,
    ...(uid ? { uid } : {}),
    apiVersion: object.apiVersion,
    ...(resourceVersion ? { resourceVersion } : {}),
    ...(fieldPath ? { fieldPath } : {}),
  } as ObjectReference;
}
