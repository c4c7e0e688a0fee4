// Claims without a class get the default one: the newest when there are several.
import {
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  type StorageClass,
  storageClasses,
} from "../../../../api/index.ts";
import { parseTime } from "../../../../machinery/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain } from "../../framework.ts";

const marks = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
const betaClass = "volume.beta.kubernetes.io/storage-class";

export const createDefaultStorageClass = ({ reader }: AdmissionHost): AdmissionPlugin => ({
  name: "DefaultStorageClass",
  handles: (attributes) => attributes.operation === "CREATE" && isMain(attributes, persistentVolumeClaims),
  admit(attributes) {
    const claim = draftOf<PersistentVolumeClaim>(attributes);
    if (claim.spec === undefined || claim.spec.storageClassName !== undefined) return;
    if (claim.metadata.annotations?.[betaClass] !== undefined) return;
    const chosen = newest(reader.list<StorageClass>(storageClasses).filter(isDefault));
    if (chosen !== undefined) claim.spec.storageClassName = chosen.metadata.name;
  },
});

const isDefault = ({ metadata }: StorageClass): boolean =>
  marks.some((mark) => metadata.annotations?.[mark] === "true");

function newest<T extends { metadata: { name: string; creationTimestamp: string } }>(
  objects: readonly T[],
): T | undefined {
  return [...objects].sort(
    (a, b) =>
      parseTime(b.metadata.creationTimestamp) - parseTime(a.metadata.creationTimestamp) ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  )[0];
}
