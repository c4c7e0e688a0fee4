// ConfigMap: v1 configmaps.
import type { ConfigMap } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { ageColumn, nameColumn } from "../../lib/columns.ts";

export const configMaps = defineKind<ConfigMap>({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  resource: "configmaps",
  singular: "configmap",
  shortNames: ["cm"],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: [nameColumn, ageColumn],
});
