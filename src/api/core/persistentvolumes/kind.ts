// PersistentVolume: v1 persistentvolumes.
import type { PersistentVolume } from "../../../../facts/types/core.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";
import { accessModes, storageClassOf } from "../../lib/volumes/volume-columns.ts";

export const persistentVolumes = defineKind<PersistentVolume>({
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  resource: "persistentvolumes",
  singular: "persistentvolume",
  shortNames: ["pv"],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: tableColumns<PersistentVolume>("v1/PersistentVolume", {
    Capacity: (volume) => volume.spec?.capacity?.["storage"] ?? "0",
    "Access Modes": (volume) => accessModes(volume.spec?.accessModes),
    "Reclaim Policy": (volume) => volume.spec?.persistentVolumeReclaimPolicy ?? "",
    Status: (volume) => (volume.metadata.deletionTimestamp ? "Terminating" : (volume.status?.phase ?? "")),
    Claim: ({ spec }) => (spec?.claimRef ? `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}` : ""),
    StorageClass: (volume) => storageClassOf(volume),
    VolumeAttributesClass: (volume) => volume.spec?.volumeAttributesClassName ?? "<unset>",
    Reason: (volume) => volume.status?.reason ?? "",
    VolumeMode: (volume) => volume.spec?.volumeMode ?? "<unset>",
  }),
});
