// Workload: scheduling.k8s.io/v1alpha2 workloads. Templates of the pod groups of an application.
import type { Workload } from "../../../../facts/types/scheduling.v1alpha2.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, nameColumn } from "../../lib/columns.ts";

export const workloads = defineKind<Workload>({
  group: "scheduling.k8s.io",
  version: "v1alpha2",
  kind: "Workload",
  resource: "workloads",
  singular: "workload",
  shortNames: [],
  categories: [],
  namespaced: true,
  featureGate: "GenericWorkload",
  verbs: allVerbs,
  subresources: [],
  columns: [nameColumn, ageColumn],
});
