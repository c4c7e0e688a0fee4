// PodDisruptionBudget: policy/v1 poddisruptionbudgets.
import type { PodDisruptionBudget } from "../../../../facts/types/policy.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const podDisruptionBudgets = defineKind<PodDisruptionBudget>({
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  resource: "poddisruptionbudgets",
  singular: "poddisruptionbudget",
  shortNames: ["pdb"],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: tableColumns<PodDisruptionBudget>("policy/v1/PodDisruptionBudget", {
    "Min Available": (each) => String(each.spec?.minAvailable ?? "N/A"),
    "Max Unavailable": (each) => String(each.spec?.maxUnavailable ?? "N/A"),
    "Allowed Disruptions": (each) => each.status?.disruptionsAllowed ?? 0,
  }),
});
