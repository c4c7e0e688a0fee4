// PriorityClass: scheduling.k8s.io/v1 priorityclasses.
import type { PriorityClass } from "../../../../facts/types/scheduling.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

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
  columns: tableColumns<PriorityClass>("scheduling.k8s.io/v1/PriorityClass", {
    Value: (each) => each.value ?? 0,
    "Global-Default": (each) => each.globalDefault ?? false,
    PreemptionPolicy: (each) => each.preemptionPolicy ?? "",
  }),
});
