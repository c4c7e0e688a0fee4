// PriorityClass: scheduling.k8s.io/v1 priorityclasses.
import type { PriorityClass } from "../../../../facts/types/scheduling.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, nameColumn } from "../../lib/columns.ts";

export const priorityClasses = defineKind<PriorityClass>({
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  resource: "priorityclasses",
  singular: "priorityclass",
  shortNames: ["pc"],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: [nameColumn, ageColumn],
});
