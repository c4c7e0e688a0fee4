// StatefulSet: apps/v1 statefulsets.
import type { StatefulSet } from "../../../../facts/types/apps.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { containerCells, tableColumns } from "../../lib/columns.ts";

export const statefulSets = defineKind<StatefulSet>({
  group: "apps",
  version: "v1",
  kind: "StatefulSet",
  resource: "statefulsets",
  singular: "statefulset",
  shortNames: ["sts"],
  categories: ["all"],
  namespaced: true,
  verbs: allVerbs,
  subresources: [
    { name: "scale", kind: { group: "autoscaling", version: "v1", kind: "Scale" }, verbs: ["get", "patch", "update"] },
    { name: "status", verbs: ["get", "patch", "update"] },
  ],
  blank: { spec: { replicas: 0 } },
  columns: tableColumns<StatefulSet>("apps/v1/StatefulSet", {
    Ready: (each) => `${each.status?.readyReplicas ?? 0}/${each.spec?.replicas ?? 0}`,
    Containers: (each) => containerCells(each.spec?.template?.spec?.containers).names,
    Images: (each) => containerCells(each.spec?.template?.spec?.containers).images,
  }),
});
