// CSINode: storage.k8s.io/v1 csinodes.
import type { CSINode } from "../../../../facts/types/storage.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const csiNodes = defineKind<CSINode>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSINode",
  resource: "csinodes",
  singular: "csinode",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<CSINode>("storage.k8s.io/v1/CSINode", {
    Drivers: ({ spec }) => spec?.drivers?.length ?? 0,
  }),
});
