// CustomResourceDefinition: apiextensions.k8s.io/v1 customresourcedefinitions.
import type { CustomResourceDefinition } from "../../../../facts/types/apiextensions.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { createdAtColumn, nameColumn } from "../../lib/columns.ts";

export const customResourceDefinitions = defineKind<CustomResourceDefinition>({
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  resource: "customresourcedefinitions",
  singular: "customresourcedefinition",
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  namespaced: false,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: [nameColumn, createdAtColumn],
});
