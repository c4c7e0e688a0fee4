// StorageClass: storage.k8s.io/v1 storageclasses.
import type { StorageClass } from "../../../../facts/types/storage.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

const defaultClass = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

const name = ({ metadata }: StorageClass): string =>
  defaultClass.some((annotation) => metadata.annotations?.[annotation] === "true")
    ? `${metadata.name} (default)`
    : metadata.name;

export const storageClasses = defineKind<StorageClass>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "StorageClass",
  resource: "storageclasses",
  singular: "storageclass",
  shortNames: ["sc"],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<StorageClass>("storage.k8s.io/v1/StorageClass", {
    Name: name,
    Provisioner: (each) => each.provisioner,
    ReclaimPolicy: (each) => each.reclaimPolicy ?? "Delete",
    VolumeBindingMode: (each) => each.volumeBindingMode ?? "Immediate",
    AllowVolumeExpansion: (each) => each.allowVolumeExpansion ?? false,
  }),
});
