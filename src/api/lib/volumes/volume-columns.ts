// What PersistentVolumes and their claims print alike.

const shortModes = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
] as const;

/** `RWO,RWX`, always in the same order. */
export const accessModes = (modes: readonly string[] | undefined): string =>
  shortModes
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(",");

/** The class by field or by the annotation that came before it. */
export const storageClassOf = (object: {
  metadata: { annotations?: Readonly<Record<string, string>> };
  spec?: { storageClassName?: string };
}): string =>
  object.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? object.spec?.storageClassName ?? "";
