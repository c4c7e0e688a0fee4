// A claim can only ask for more when its class says that its volumes can grow.
import {
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  type StorageClass,
  storageClasses,
} from "../../../../api/index.ts";
import { compareQuantities } from "../../../../machinery/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain, refuse } from "../../framework.ts";

export const createPersistentVolumeClaimResize = ({ reader }: AdmissionHost): AdmissionPlugin => ({
  name: "PersistentVolumeClaimResize",
  handles: (attributes) => attributes.operation === "UPDATE" && isMain(attributes, persistentVolumeClaims),
  validate(attributes) {
    const claim = draftOf<PersistentVolumeClaim>(attributes);
    const old = attributes.oldObject as PersistentVolumeClaim;
    const sizeOf = ({ spec }: PersistentVolumeClaim): string => spec?.resources?.requests?.["storage"] ?? "0";
    if (compareQuantities(sizeOf(claim), sizeOf(old)) <= 0) return;
    if (old.status?.phase !== "Bound") throw refuse(attributes, "Only bound persistent volume claims can be expanded");
    const name = classOf(claim);
    const storageClass =
      name === "" || name !== classOf(old) ? undefined : reader.get<StorageClass>(storageClasses, "", name);
    if (storageClass?.allowVolumeExpansion !== true)
      throw refuse(
        attributes,
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
      );
  },
});

/** The annotation is older and comes first. */
const classOf = ({ metadata, spec }: PersistentVolumeClaim): string =>
  metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? spec?.storageClassName ?? "";
