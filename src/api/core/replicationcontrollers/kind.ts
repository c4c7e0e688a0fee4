// ReplicationController: v1 replicationcontrollers.
import type { ReplicationController } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { containerCells, labelsCell, tableColumns } from "../../lib/columns.ts";

export const replicationControllers = defineKind<ReplicationController>({
  group: "",
  version: "v1",
  kind: "ReplicationController",
  resource: "replicationcontrollers",
  singular: "replicationcontroller",
  shortNames: ["rc"],
  categories: ["all"],
  namespaced: true,
  verbs: allVerbs,
  subresources: [
    { name: "scale", kind: { group: "autoscaling", version: "v1", kind: "Scale" }, verbs: ["get", "patch", "update"] },
    { name: "status", verbs: ["get", "patch", "update"] },
  ],
  storageName: "controllers",
  columns: tableColumns<ReplicationController>("v1/ReplicationController", {
    Desired: (each) => each.spec?.replicas ?? 0,
    Current: (each) => each.status?.replicas ?? 0,
    Ready: (each) => each.status?.readyReplicas ?? 0,
    Containers: (each) => containerCells(each.spec?.template?.spec?.containers).names,
    Images: (each) => containerCells(each.spec?.template?.spec?.containers).images,
    Selector: (each) => labelsCell(each.spec?.selector),
  }),
  selectableFields: { "status.replicas": (each) => String(each.status?.replicas ?? 0) },
});
