// Events of events.k8s.io/v1 and of v1 are one stored kind with two sets of field names. Upstream:
// pkg/apis/events/v1/conversion.go.
import type { Event as CoreEvent } from "../../../../facts/types/core.v1.ts";
import type { Event, EventSeries } from "../../../../facts/types/events.v1.ts";

/** Fields that both versions write only when they have a value. */
const whenSet = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== "")) as Partial<T>;

/** Times that were never set are written as null. */
const orNull = <T>(value: T | null | undefined): T => value ?? (null as T);

/** The core form: what is stored, printed and validated. */
export const toCoreEvent = (event: Event): CoreEvent => ({
  kind: "Event",
  apiVersion: "v1",
  metadata: event.metadata,
  involvedObject: event.regarding ?? {},
  ...whenSet({ reason: event.reason, message: event.note }),
  source: event.deprecatedSource ?? {},
  firstTimestamp: orNull(event.deprecatedFirstTimestamp),
  lastTimestamp: orNull(event.deprecatedLastTimestamp),
  ...whenSet({ count: event.deprecatedCount || undefined, type: event.type }),
  eventTime: orNull(event.eventTime),
  ...whenSet({ series: event.series, action: event.action, related: event.related }),
  reportingComponent: event.reportingController ?? "",
  reportingInstance: event.reportingInstance ?? "",
});

export const fromCoreEvent = (event: CoreEvent): Event => ({
  kind: "Event",
  apiVersion: "events.k8s.io/v1",
  metadata: event.metadata,
  eventTime: orNull(event.eventTime),
  ...whenSet({
    series: event.series as EventSeries | undefined,
    reportingController: event.reportingComponent,
    reportingInstance: event.reportingInstance,
    action: event.action,
    reason: event.reason,
  }),
  regarding: event.involvedObject ?? {},
  ...whenSet({ related: event.related, note: event.message, type: event.type }),
  deprecatedSource: event.source ?? {},
  deprecatedFirstTimestamp: orNull(event.firstTimestamp),
  deprecatedLastTimestamp: orNull(event.lastTimestamp),
  ...whenSet({ deprecatedCount: event.count || undefined }),
});
