// ResourceQuota: v1 resourcequotas.
import type { ResourceQuota } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, nameColumn } from "../../lib/columns.ts";

export const resourceQuotas = defineKind<ResourceQuota>({
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  resource: "resourcequotas",
  singular: "resourcequota",
  shortNames: ["quota"],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: [nameColumn, ageColumn],
});
