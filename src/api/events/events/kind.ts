// Event: events.k8s.io/v1 events.
import type { Event } from "../../../../facts/types/events.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, nameColumn } from "../../lib/columns.ts";

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
  columns: [nameColumn, ageColumn],
});
