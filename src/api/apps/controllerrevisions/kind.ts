// ControllerRevision: apps/v1 controllerrevisions.
import type { ControllerRevision } from "../../../../facts/types/apps.v1.ts";
import { parseApiVersion } from "../../../machinery/index.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

/** `statefulset.apps/web`. */
function controller({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find((each) => each.controller === true);
  if (owner === undefined) return "<none>";
  const { group } = parseApiVersion(owner.apiVersion);
  return `${`${owner.kind}${group && `.${group}`}`.toLowerCase()}/${owner.name}`;
}

export const controllerRevisions = defineKind<ControllerRevision>({
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  resource: "controllerrevisions",
  singular: "controllerrevision",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<ControllerRevision>("apps/v1/ControllerRevision", {
    Controller: controller,
    Revision: (each) => each.revision,
  }),
});
