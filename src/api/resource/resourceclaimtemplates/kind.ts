// ResourceClaimTemplate: resource.k8s.io/v1 resourceclaimtemplates.
import type { ResourceClaimTemplate } from "../../../../facts/types/resource.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const resourceClaimTemplates = defineKind<ResourceClaimTemplate>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceClaimTemplate",
  resource: "resourceclaimtemplates",
  singular: "resourceclaimtemplate",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<ResourceClaimTemplate>("resource.k8s.io/v1/ResourceClaimTemplate", {}),
});
