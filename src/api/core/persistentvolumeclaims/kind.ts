// PersistentVolumeClaim: v1 persistentvolumeclaims.
import type { PersistentVolumeClaim } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";
import { accessModes, storageClassOf } from "../../lib/volumes/volume-columns.ts";

export const persistentVolumeClaims = defineKind<PersistentVolumeClaim>({
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  resource: "persistentvolumeclaims",
  singular: "persistentvolumeclaim",
  shortNames: ["pvc"],
  categories: [],
  namespaced: true,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: tableColumns<PersistentVolumeClaim>("v1/PersistentVolumeClaim", {
    Status: (claim) => (claim.metadata.deletionTimestamp ? "Terminating" : (claim.status?.phase ?? "")),
    Volume: (claim) => claim.spec?.volumeName ?? "",
    Capacity: (claim) => (claim.spec?.volumeName ? (claim.status?.capacity?.["storage"] ?? "0") : ""),
    "Access Modes": (claim) => (claim.spec?.volumeName ? accessModes(claim.status?.accessModes) : ""),
    StorageClass: (claim) => storageClassOf(claim),
    VolumeAttributesClass: (claim) => claim.spec?.volumeAttributesClassName ?? "<unset>",
    VolumeMode: (claim) => claim.spec?.volumeMode ?? "<unset>",
  }),
});
