// Deployment: apps/v1 deployments.
import type { Deployment } from "../../../../facts/types/apps.v1.ts";
import { labelSelectorMatcher } from "../../../machinery/index.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { containerCells, tableColumns } from "../../lib/columns.ts";

export const deployments = defineKind<Deployment>({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  resource: "deployments",
  singular: "deployment",
  shortNames: ["deploy"],
  categories: ["all"],
  namespaced: true,
  verbs: allVerbs,
  subresources: [
    { name: "scale", kind: { group: "autoscaling", version: "v1", kind: "Scale" }, verbs: ["get", "patch", "update"] },
    { name: "status", verbs: ["get", "patch", "update"] },
  ],
  blank: { spec: { replicas: 0 } },
  columns: tableColumns<Deployment>("apps/v1/Deployment", {
    Ready: (each) => `${each.status?.readyReplicas ?? 0}/${each.spec?.replicas ?? 0}`,
    "Up-to-date": (each) => each.status?.updatedReplicas ?? 0,
    Available: (each) => each.status?.availableReplicas ?? 0,
    Containers: (each) => containerCells(each.spec?.template?.spec?.containers).names,
    Images: (each) => containerCells(each.spec?.template?.spec?.containers).images,
    Selector: (each) => labelSelectorMatcher(each.spec?.selector).toString(),
  }),
});
