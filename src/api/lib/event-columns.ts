// Events as `kubectl get events` prints them, for both of their API versions.
import type { Event } from "../../../facts/types/core.v1.ts";
import type { KubeObject } from "../../machinery/index.ts";
import type { Column } from "../kind.ts";
import { age, tableColumns } from "./columns.ts";

const firstSeen = (event: Event): string | undefined => event.firstTimestamp ?? event.eventTime;

const lastSeen = (event: Event): string | undefined =>
  event.series ? event.series.lastObservedTime : (event.lastTimestamp ?? firstSeen(event));

function target({ involvedObject }: Event): string {
  const kind = (involvedObject?.kind ?? "").toLowerCase();
  return involvedObject?.name ? `${kind}/${involvedObject.name}` : kind;
}

function source(event: Event): string {
  const component = event.source?.component || event.reportingComponent || "";
  const instance = event.source?.host || event.reportingInstance || "";
  return instance === "" ? component : `${component}, ${instance}`;
}

/** `toCore` gives the core form of an event of another version. */
export const eventColumns = <T extends KubeObject>(kind: string, toCore: (event: T) => Event): Column<T>[] =>
  tableColumns<T>(kind, {
    "Last Seen": (event, { now }) => age(lastSeen(toCore(event)), now),
    Type: (event) => toCore(event).type ?? "",
    Reason: (event) => toCore(event).reason ?? "",
    Object: (event) => target(toCore(event)),
    Subobject: (event) => toCore(event).involvedObject?.fieldPath ?? "",
    Source: (event) => source(toCore(event)),
    Message: (event) => (toCore(event).message ?? "").trim(),
    "First Seen": (event, { now }) => age(firstSeen(toCore(event)), now),
    Count: (event) => {
      const { series, count } = toCore(event);
      return series ? (series.count ?? 0) : count || 1;
    },
  });
