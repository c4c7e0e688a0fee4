// Claims, volumes and volume attributes classes are kept by a finalizer while they are in use.
import { persistentVolumeClaims, persistentVolumes, volumeAttributesClasses } from "../../../../api/index.ts";
import type { AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain } from "../../framework.ts";

const protections = [
  { kind: persistentVolumeClaims, finalizer: "kubernetes.io/pvc-protection" },
  { kind: persistentVolumes, finalizer: "kubernetes.io/pv-protection" },
  { kind: volumeAttributesClasses, finalizer: "kubernetes.io/vac-protection" },
];

export const createStorageObjectInUseProtection = (): AdmissionPlugin => ({
  name: "StorageObjectInUseProtection",
  handles: (attributes) =>
    attributes.operation === "CREATE" && protections.some(({ kind }) => isMain(attributes, kind)),
  admit(attributes) {
    const { finalizer } = protections.find(({ kind }) => isMain(attributes, kind))!;
    const { metadata } = draftOf(attributes);
    if (metadata.finalizers?.includes(finalizer)) return;
    metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
});
