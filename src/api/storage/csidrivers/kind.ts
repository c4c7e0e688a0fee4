// CSIDriver: storage.k8s.io/v1 csidrivers.
import type { CSIDriver } from "../../../../facts/types/storage.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { orElse, tableColumns } from "../../lib/columns.ts";

export const csiDrivers = defineKind<CSIDriver>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIDriver",
  resource: "csidrivers",
  singular: "csidriver",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<CSIDriver>("storage.k8s.io/v1/CSIDriver", {
    AttachRequired: ({ spec }) => spec?.attachRequired ?? true,
    PodInfoOnMount: ({ spec }) => spec?.podInfoOnMount ?? false,
    StorageCapacity: ({ spec }) => spec?.storageCapacity ?? false,
    TokenRequests: ({ spec }) => spec?.tokenRequests?.map(({ audience }) => audience).join(",") ?? "<unset>",
    RequiresRepublish: ({ spec }) => spec?.requiresRepublish ?? false,
    Modes: ({ spec }) => orElse(spec?.volumeLifecycleModes?.join(","), "<none>"),
  }),
});
