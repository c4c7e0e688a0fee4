// VolumeAttachment: storage.k8s.io/v1 volumeattachments.
import type { VolumeAttachment } from "../../../../facts/types/storage.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { tableColumns } from "../../lib/columns.ts";

export const volumeAttachments = defineKind<VolumeAttachment>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttachment",
  resource: "volumeattachments",
  singular: "volumeattachment",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: tableColumns<VolumeAttachment>("storage.k8s.io/v1/VolumeAttachment", {
    Attacher: ({ spec }) => spec.attacher,
    PV: ({ spec }) => spec.source?.persistentVolumeName ?? "",
    Node: ({ spec }) => spec.nodeName,
    Attached: ({ status }) => status?.attached ?? false,
  }),
});
