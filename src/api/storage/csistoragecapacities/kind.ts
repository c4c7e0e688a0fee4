// CSIStorageCapacity: storage.k8s.io/v1 csistoragecapacities.
import type { CSIStorageCapacity } from "../../../../facts/types/storage.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { createdAtColumn, tableColumns } from "../../lib/columns.ts";

export const csiStorageCapacities = defineKind<CSIStorageCapacity>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIStorageCapacity",
  resource: "csistoragecapacities",
  singular: "csistoragecapacity",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<CSIStorageCapacity>("storage.k8s.io/v1/CSIStorageCapacity", {
    "Created At": createdAtColumn.cell,
  }),
});
