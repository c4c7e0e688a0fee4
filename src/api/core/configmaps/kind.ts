// ConfigMap: v1 configmaps.
import type { ConfigMap } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

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
  columns: tableColumns<ConfigMap>("v1/ConfigMap", {
    Data: (map) => Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length,
  }),
});
