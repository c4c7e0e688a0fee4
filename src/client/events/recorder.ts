// Event recorder with aggregation and de-duplication. Upstream: client-go tools/record (core/v1) and tools/events (events.k8s.io/v1).
import type { KubeObject } from "../../machinery/index.ts";
import { createCoreSink } from "./core.ts";
import { type EventRecorderOptions, eventName, type ObjectReference } from "./occurrence.ts";
import { createSeriesSink } from "./series.ts";
import { createEventWriter } from "./writer.ts";

export type { EventRecorderOptions };

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

const oneByOne = { width: 1, mostQueued: 1_000 };
/**
 * Upstream's scheduler begins to write each event at once and drops none. So many at a time leave room for its bindings; what waits meanwhile
 * is held for the series in any case.
 */
const sideBySide = { width: 16, mostQueued: 100_000 };

/** A recorder of one component. Its queue is bounded: when the server cannot be reached for long, events are dropped and counted in the log. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { clock, rng, log } = options;
  const bounds = options.api === "core" ? oneByOne : sideBySide;
  const writer = createEventWriter({
    clock,
    rng,
    log,
    ...bounds,
    ...(options.signal ? { signal: options.signal } : {}),
  });
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
