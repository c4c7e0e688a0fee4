// Events that are too large lose their objects, or are dropped; batches that are too large are divided. Upstream: plugin/pkg/audit/truncate.
import type { AuditBackend, LostEvents } from "./backend.ts";
import type { AuditEvent } from "./event.ts";

export interface TruncateOptions {
  /** Bytes of one event as JSON. */
  readonly maxEventSize: number;
  readonly maxBatchSize: number;
}

const encoder = new TextEncoder();

/** With the line feed of upstream's encoder. */
const sizeOf = (event: AuditEvent): number => encoder.encode(JSON.stringify(event)).length + 1;

export function truncating(
  backend: AuditBackend,
  { maxEventSize, maxBatchSize }: TruncateOptions,
  lost: LostEvents,
): AuditBackend {
  const fitted = (event: AuditEvent): { readonly event: AuditEvent; readonly size: number } => {
    const size = sizeOf(event);
    if (size <= maxEventSize || event.level === "Metadata") return { event, size };
    const bare = withoutObjects(event);
    return { event: bare, size: sizeOf(bare) };
  };
  return {
    process(events) {
      const tooLarge: AuditEvent[] = [];
      const batches: AuditEvent[][] = [[]];
      let batchSize = 0;
      for (const each of events) {
        const { event, size } = fitted(each);
        if (size > maxEventSize) {
          tooLarge.push(event);
          continue;
        }
        if (batches.at(-1)!.length > 0 && batchSize + size > maxBatchSize) {
          batches.push([]);
          batchSize = 0;
        }
        batchSize += size;
        batches.at(-1)!.push(event);
      }
      if (tooLarge.length > 0) lost("truncate", new Error("event is too large even after truncating"), tooLarge);
      const kept = batches.filter((batch) => batch.length > 0).map((batch) => backend.process(batch));
      if (kept.every((each) => typeof each === "boolean")) return kept.every((each) => each);
      return Promise.all(kept).then((all) => all.every((each) => each));
    },
    close: () => backend.close(),
  };
}

const withoutObjects = (event: AuditEvent): AuditEvent => ({
  ...event,
  requestObject: undefined,
  responseObject: undefined,
  annotations: { ...event.annotations, "audit.k8s.io/truncated": "true" },
});
