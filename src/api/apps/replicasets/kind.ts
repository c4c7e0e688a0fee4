// ReplicaSet: apps/v1 replicasets.
import type { ReplicaSet } from "../../../../facts/types/apps.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, nameColumn } from "../../lib/columns.ts";

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
  columns: [nameColumn, ageColumn],
});
