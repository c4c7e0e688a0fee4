// DeviceClass: resource.k8s.io/v1 deviceclasses.
import type { DeviceClass } from "../../../../facts/types/resource.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const deviceClasses = defineKind<DeviceClass>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "DeviceClass",
  resource: "deviceclasses",
  singular: "deviceclass",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [],
  columns: tableColumns<DeviceClass>("resource.k8s.io/v1/DeviceClass", {}),
});
