// VolumeAttributesClass: storage.k8s.io/v1 volumeattributesclasses.
import type { VolumeAttributesClass } from "../../../../facts/types/storage.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const volumeAttributesClasses = defineKind<VolumeAttributesClass>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttributesClass",
  resource: "volumeattributesclasses",
  singular: "volumeattributesclass",
  shortNames: ["vac"],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<VolumeAttributesClass>("storage.k8s.io/v1/VolumeAttributesClass", {
    DriverName: (each) => each.driverName,
  }),
});
