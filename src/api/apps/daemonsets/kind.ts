// DaemonSet: apps/v1 daemonsets.
import type { DaemonSet } from "../../../../facts/types/apps.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { containerCells, labelsCell, selectorCell, tableColumns } from "../../lib/columns.ts";

const templateGeneration = "deprecated.daemonset.template.generation";

/** The annotation is made where objects become apps/v1, which rows of tables never do. */
function withoutTemplateGeneration({ metadata }: DaemonSet): DaemonSet["metadata"] {
  const { annotations, ...rest } = metadata;
  const { [templateGeneration]: _, ...others } = annotations ?? {};
  return Object.keys(others).length === 0 ? rest : { ...rest, annotations: others };
}

export const daemonSets = defineKind<DaemonSet>({
  group: "apps",
  version: "v1",
  kind: "DaemonSet",
  resource: "daemonsets",
  singular: "daemonset",
  shortNames: ["ds"],
  categories: ["all"],
  namespaced: true,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  rowMetadata: withoutTemplateGeneration,
  blank: { annotations: { [templateGeneration]: "0" } },
  columns: tableColumns<DaemonSet>("apps/v1/DaemonSet", {
    Desired: (each) => each.status?.desiredNumberScheduled ?? 0,
    Current: (each) => each.status?.currentNumberScheduled ?? 0,
    Ready: (each) => each.status?.numberReady ?? 0,
    "Up-to-date": (each) => each.status?.updatedNumberScheduled ?? 0,
    Available: (each) => each.status?.numberAvailable ?? 0,
    "Node Selector": (each) => labelsCell(each.spec?.template?.spec?.nodeSelector),
    Containers: (each) => containerCells(each.spec?.template?.spec?.containers).names,
    Images: (each) => containerCells(each.spec?.template?.spec?.containers).images,
    Selector: (each) => selectorCell(each.spec?.selector),
  }),
});
