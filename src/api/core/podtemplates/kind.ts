// PodTemplate: v1 podtemplates.
import type { PodTemplate } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { containerCells, labelsCell, tableColumns } from "../../lib/columns.ts";

export const podTemplates = defineKind<PodTemplate>({
  group: "",
  version: "v1",
  kind: "PodTemplate",
  resource: "podtemplates",
  singular: "podtemplate",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<PodTemplate>("v1/PodTemplate", {
    Containers: (each) => containerCells(each.template?.spec?.containers).names,
    Images: (each) => containerCells(each.template?.spec?.containers).images,
    "Pod Labels": (each) => labelsCell(each.template?.metadata?.labels),
  }),
});
