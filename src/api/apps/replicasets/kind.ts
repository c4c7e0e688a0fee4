// ReplicaSet: apps/v1 replicasets.
import type { ReplicaSet } from "../../../../facts/types/apps.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { containerCells, selectorCell, tableColumns } from "../../lib/columns.ts";

export const replicaSets = defineKind<ReplicaSet>({
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  resource: "replicasets",
  singular: "replicaset",
  shortNames: ["rs"],
  categories: ["all"],
  namespaced: true,
  verbs: allVerbs,
  subresources: [
    { name: "scale", kind: { group: "autoscaling", version: "v1", kind: "Scale" }, verbs: ["get", "patch", "update"] },
    { name: "status", verbs: ["get", "patch", "update"] },
  ],
  blank: { spec: { replicas: 0 } },
  columns: tableColumns<ReplicaSet>("apps/v1/ReplicaSet", {
    Desired: (each) => each.spec?.replicas ?? 0,
    Current: (each) => each.status?.replicas ?? 0,
    Ready: (each) => each.status?.readyReplicas ?? 0,
    Containers: (each) => containerCells(each.spec?.template?.spec?.containers).names,
    Images: (each) => containerCells(each.spec?.template?.spec?.containers).images,
    Selector: (each) => selectorCell(each.spec?.selector),
  }),
});
