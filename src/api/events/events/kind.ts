// Event: events.k8s.io/v1 events.
import type { Event } from "../../../../facts/types/events.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { eventColumns } from "../../lib/event-columns.ts";
import { toCoreEvent } from "./convert.ts";

export const eventsV1 = defineKind<Event>({
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  resource: "events",
  singular: "event",
  shortNames: ["ev"],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  storedAs: { group: "", version: "v1" },
  columns: eventColumns<Event>("events.k8s.io/v1/Event", toCoreEvent),
  selectableFields: {
    reason: (event) => event.reason ?? "",
    "regarding.kind": (event) => event.regarding?.kind ?? "",
    "regarding.namespace": (event) => event.regarding?.namespace ?? "",
    "regarding.name": (event) => event.regarding?.name ?? "",
    "regarding.uid": (event) => event.regarding?.uid ?? "",
    "regarding.apiVersion": (event) => event.regarding?.apiVersion ?? "",
    "regarding.resourceVersion": (event) => event.regarding?.resourceVersion ?? "",
    "regarding.fieldPath": (event) => event.regarding?.fieldPath ?? "",
    reportingController: (event) => event.reportingController ?? "",
    type: (event) => event.type ?? "",
  },
  storedFieldNames: {
    "regarding.kind": "involvedObject.kind",
    "regarding.namespace": "involvedObject.namespace",
    "regarding.name": "involvedObject.name",
    "regarding.uid": "involvedObject.uid",
    "regarding.apiVersion": "involvedObject.apiVersion",
    "regarding.resourceVersion": "involvedObject.resourceVersion",
    "regarding.fieldPath": "involvedObject.fieldPath",
    reportingController: "reportingComponent",
  },
});
