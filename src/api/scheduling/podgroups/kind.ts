// PodGroup: scheduling.k8s.io/v1alpha2 podgroups. Pods that are scheduled by one policy.
import type { PodGroup } from "../../../../facts/types/scheduling.v1alpha2.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, column, nameColumn } from "../../lib/columns.ts";

function statusCell({ status }: PodGroup): string {
  const find = (type: string) => status?.conditions?.findLast((each) => each.type === type);
  const disrupted = find("DisruptionTarget");
  if (disrupted !== undefined) return disrupted.reason;
  const scheduled = find("PodGroupScheduled");
  if (scheduled === undefined) return "Pending";
  return scheduled.status === "True" ? "Scheduled" : "Unschedulable";
}

export const podGroups = defineKind<PodGroup>({
  group: "scheduling.k8s.io",
  version: "v1alpha2",
  kind: "PodGroup",
  resource: "podgroups",
  singular: "podgroup",
  shortNames: [],
  categories: [],
  namespaced: true,
  featureGate: "GenericWorkload",
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: [
    nameColumn,
    column(
      "Policy",
      "SchedulingPolicy defines the scheduling policy for this instance of the PodGroup. Controllers are expected to fill this field by copying it from a PodGroupTemplate. This field is immutable.",
      ({ spec }) => (spec.schedulingPolicy?.gang === undefined ? "Basic" : "Gang"),
    ),
    column("Workload", "Name of the referenced Workload object", ({ spec }) =>
      spec.podGroupTemplateRef ? (spec.podGroupTemplateRef.workload?.workloadName ?? "") : "<none>",
    ),
    column("Status", "Status of the PodGroup", statusCell),
    ageColumn,
  ],
});
