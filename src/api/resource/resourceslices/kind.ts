// ResourceSlice: resource.k8s.io/v1 resourceslices.
import type { ResourceSlice } from "../../../../facts/types/resource.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const resourceSlices = defineKind<ResourceSlice>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceSlice",
  resource: "resourceslices",
  singular: "resourceslice",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<ResourceSlice>("resource.k8s.io/v1/ResourceSlice", {
    Node: ({ spec }) => spec.nodeName ?? "",
    Driver: ({ spec }) => spec.driver,
    Pool: ({ spec }) => spec.pool.name,
  }),
  selectableFields: {
    "spec.nodeName": ({ spec }) => spec.nodeName ?? "",
    "spec.driver": ({ spec }) => spec.driver,
  },
});
