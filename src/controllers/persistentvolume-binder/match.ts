// Which volume a claim gets. Upstream: component-helpers storage/volume/pv_helpers.go, pkg/controller/volume/persistentvolume/index.go. Plain functions.
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../api/index.ts";
import { compareQuantities, labelSelectorMatcher } from "../../machinery/index.ts";

export const annotations = {
  bindCompleted: "pv.kubernetes.io/bind-completed",
  boundByController: "pv.kubernetes.io/bound-by-controller",
  provisionedBy: "pv.kubernetes.io/provisioned-by",
  migratedTo: "pv.kubernetes.io/migrated-to",
  selectedNode: "volume.kubernetes.io/selected-node",
  provisioner: "volume.kubernetes.io/storage-provisioner",
  betaProvisioner: "volume.beta.kubernetes.io/storage-provisioner",
  betaClass: "volume.beta.kubernetes.io/storage-class",
  preResizeCapacity: "volume.alpha.kubernetes.io/pre-resize-capacity",
} as const;

export const hasAnnotation = (object: PersistentVolume | PersistentVolumeClaim, name: string): boolean =>
  object.metadata.annotations?.[name] !== undefined;

/** The class by its old annotation or its field; "" for none. */
export const classOf = (object: PersistentVolume | PersistentVolumeClaim): string =>
  object.metadata.annotations?.[annotations.betaClass] ?? object.spec.storageClassName ?? "";

/** The user asked for a class, be it the empty one. */
export const asksForClass = (claim: PersistentVolumeClaim): boolean =>
  hasAnnotation(claim, annotations.betaClass) || claim.spec.storageClassName !== undefined;

const isDefaultClass = ({ metadata }: StorageClass): boolean =>
  metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true" ||
  metadata.annotations?.["storageclass.beta.kubernetes.io/is-default-class"] === "true";

/** The newest of the default classes; the first by name of equally new ones. */
export function defaultClass(classes: readonly StorageClass[]): StorageClass | undefined {
  const created = ({ metadata }: StorageClass): string => metadata.creationTimestamp ?? "";
  return classes
    .filter(isDefaultClass)
    .toSorted((a, b) =>
      created(a) === created(b) ? (a.metadata.name < b.metadata.name ? -1 : 1) : created(a) < created(b) ? 1 : -1,
    )[0];
}

/** Bound to the claim, or reserved for one of its name. */
export function isBoundTo(volume: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const ref = volume.spec.claimRef;
  if (ref === undefined || ref.name !== metadata.name || ref.namespace !== metadata.namespace) return false;
  return !ref.uid || ref.uid === metadata.uid;
}

export const modesDiffer = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  (claim.spec.volumeMode ?? "Filesystem") !== (volume.spec.volumeMode ?? "Filesystem");

const requestOf = (claim: PersistentVolumeClaim): string | number => claim.spec.resources?.requests?.["storage"] ?? "0";
const capacityOf = (volume: PersistentVolume): string | number => volume.spec.capacity?.["storage"] ?? "0";

const allowsAccess = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode));

/** Why a volume that the claim names is none for it; undefined when it is. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (volume.metadata.deletionTimestamp !== undefined)
    return `the volume is marked for deletion ${JSON.stringify(volume.metadata.name)}`;
  if (compareQuantities(capacityOf(volume), requestOf(claim)) < 0) return "requested PV is too small";
  if (classOf(volume) !== classOf(claim)) return "storageClassName does not match";
  if ((claim.spec.volumeAttributesClassName ?? "") !== (volume.spec.volumeAttributesClassName ?? ""))
    return "volumeAttributesClassName does not match";
  if (modesDiffer(claim, volume)) return "incompatible volumeMode";
  return allowsAccess(claim, volume) ? undefined : "incompatible accessMode";
}

/**
 * The volume reserved for the claim, else the smallest free one of those that offer the fewest access modes beyond the asked.
 * `delayed`: the scheduler chooses among the free ones.
 */
export function bestMatch(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  delayed: boolean,
): PersistentVolume | undefined {
  const fitting = volumes.filter(
    (volume) =>
      allowsAccess(claim, volume) &&
      (volume.spec.claimRef === undefined || isBoundTo(volume, claim)) &&
      compareQuantities(capacityOf(volume), requestOf(claim)) >= 0 &&
      !modesDiffer(claim, volume) &&
      (claim.spec.volumeAttributesClassName ?? "") === (volume.spec.volumeAttributesClassName ?? "") &&
      volume.metadata.deletionTimestamp === undefined,
  );
  const byModes = Map.groupBy(fitting, modesKey);
  const keys = [...byModes.keys()].sort((a, b) => a.split(",").length - b.split(",").length || (a < b ? -1 : 1));
  for (const key of keys) {
    const found = bestOf(claim, byModes.get(key)!, delayed);
    if (found !== undefined) return found;
  }
  return undefined;
}

const modesKey = (volume: PersistentVolume): string => [...new Set(volume.spec.accessModes ?? [])].sort().join(",");

function bestOf(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  delayed: boolean,
): PersistentVolume | undefined {
  const reserved = volumes.find((volume) => isBoundTo(volume, claim));
  if (reserved !== undefined || delayed) return reserved;
  const selector = claim.spec.selector === undefined ? undefined : labelSelectorMatcher(claim.spec.selector);
  return volumes
    .filter(
      (volume) =>
        volume.status?.phase === "Available" &&
        (selector === undefined || selector.matches(volume.metadata.labels)) &&
        classOf(volume) === classOf(claim),
    )
    .reduce<PersistentVolume | undefined>(
      (smallest, volume) =>
        smallest === undefined || compareQuantities(capacityOf(smallest), capacityOf(volume)) > 0 ? volume : smallest,
      undefined,
    );
}
