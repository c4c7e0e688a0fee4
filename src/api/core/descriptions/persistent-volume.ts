// Storage that outlives pods: persistent volumes and the claims that ask for them.
import type { Descriptions } from "../../lib/descriptions/contract.ts";
import { volumeKinds } from "./volume.ts";

const accessModes =
  "How it can be mounted: ReadWriteOnce by one node, ReadOnlyMany by many to read, ReadWriteMany by many, ReadWriteOncePod by a single pod.";
const volumeMode = "Filesystem: containers mount it; Block: they get the device itself. Default Filesystem. Immutable.";

export const persistentVolumes: Descriptions = {
  PersistentVolume: {
    "": "A piece of storage of the cluster that outlives pods. A driver makes it for a claim, or an administrator by hand.",
    spec: "What the storage is and how it may be used.",
    status: "Where it is in its life.",
  },
  PersistentVolumeSpec: {
    "": "What a volume is and how it may be used. Exactly one of the kinds of volumes is set; it is immutable.",
    ...volumeKinds,
    accessModes,
    capacity: "How large it is: storage.",
    claimRef:
      "The claim that it belongs to. Set when they are bound; set beforehand, without a UID, it reserves the volume for that claim.",
    hostPath: "A directory of the node. For tests on a single node alone.",
    local: "A disk or directory of one node.",
    mountOptions: "Options of the mount, such as ro or soft. They are not checked: a wrong one makes the mount fail.",
    nodeAffinity:
      "Nodes that can reach the volume; its pods are only placed there. It may be set later, and be changed where the feature gate MutablePVNodeAffinity is on.",
    persistentVolumeReclaimPolicy:
      "What becomes of it when its claim is gone: Retain, an administrator decides; Delete, the storage is deleted; Recycle is deprecated. Default Retain, for volumes made for a claim what the class says.",
    storageClassName: "Name of its StorageClass. Empty: none; only claims without a class fit.",
    storageos: volumeKinds.storageos,
    volumeAttributesClassName: "Name of its VolumeAttributesClass. Changed when the claim's is changed, not by hand.",
    volumeMode,
  },
  PersistentVolumeStatus: {
    "": "Where a volume is in its life.",
    lastPhaseTransitionTime: "When its phase last changed.",
    message: "Why it is in this phase, for people.",
    phase:
      "Pending, not available yet; Available, free for a claim; Bound; Released, its claim is gone but it is not free again; Failed, it could not be reclaimed.",
    reason: "Why it failed, in one CamelCase word.",
  },
  VolumeNodeAffinity: {
    "": "Which nodes can reach a volume.",
    required: "What a node must meet.",
  },
  PersistentVolumeClaim: {
    "": "A wish for storage of a certain size and kind. It is bound to a PersistentVolume that fits or that is made for it; pods use it by name.",
    spec: "What is asked for.",
    status: "What was given.",
  },
  PersistentVolumeClaimSpec: {
    "": "What storage is asked for. Immutable once it is bound, but for a larger size and the attributes class.",
    accessModes,
    dataSource:
      "What the volume is filled with: a VolumeSnapshot or a PersistentVolumeClaim of the namespace. Has the same content as dataSourceRef, unless that has a namespace.",
    dataSourceRef:
      "What the volume is filled with: an object of any kind that a populator or the driver knows. Unlike dataSource, an object that cannot be used is not dropped silently.",
    resources:
      "How large the volume must be. It may be raised later, if the class allows expansion, and lowered again only while that has not succeeded.",
    selector: "Labels that the volume must have. With it, no volume is made for the claim.",
    storageClassName:
      "Name of the StorageClass. Empty: a volume without class; absent: the default class, also one that comes later.",
    volumeAttributesClassName:
      "Name of a VolumeAttributesClass, which says for example how fast the volume is. It can be changed later.",
    volumeMode,
    volumeName: "Name of the volume that it is bound to. Set beforehand, only this one will do.",
  },
  PersistentVolumeClaimStatus: {
    "": "What a claim was given.",
    accessModes: "How the volume can really be mounted.",
    allocatedResourceStatuses:
      "How a resize of each resource goes on: ControllerResizeInProgress, ControllerResizeInfeasible, NodeResizePending, NodeResizeInProgress or NodeResizeInfeasible. Absent when there is none.",
    allocatedResources: "How much was set aside: during a resize more than capacity. Counts for quotas.",
    capacity: "How large the volume really is.",
    conditions: "Aspects of it, such as Resizing, FileSystemResizePending, ModifyingVolume and ModifyVolumeError.",
    currentVolumeAttributesClassName: "The VolumeAttributesClass that the volume has now.",
    modifyVolumeStatus: "How a change of the VolumeAttributesClass goes on. Absent when there is none.",
    phase: "Pending, not bound yet; Bound; Lost, its volume is gone.",
  },
  PersistentVolumeClaimCondition: {
    "": "One aspect of a claim's state.",
    lastProbeTime: "When it was last looked at.",
    lastTransitionTime: "When its status last changed.",
    message: "Details of the last change, for people.",
    reason: "Why it last changed, in one CamelCase word; Resizing while the volume grows.",
    status: "True, False or Unknown.",
    type: "The aspect, such as Resizing or FileSystemResizePending.",
  },
  ModifyVolumeStatus: {
    "": "How a change of a volume's attributes goes on.",
    status:
      "Pending: something that it needs is missing, such as the class; InProgress; Infeasible: the driver refused, another class is needed.",
    targetVolumeAttributesClassName: "The class that the volume shall have.",
  },
  PersistentVolumeClaimTemplate: {
    "": "What the claim of an ephemeral volume looks like.",
    metadata: "Labels and annotations of the claim. Nothing else may be set.",
    spec: "What is asked for.",
  },
  VolumeResourceRequirements: {
    "": "How large a volume has to be.",
    limits: "At most so much storage.",
    requests: "At least so much storage.",
  },
  TypedLocalObjectReference: {
    "": "An object of any kind, in the same namespace.",
    apiGroup: "Its API group; empty for the core group.",
    kind: "Its kind.",
    name: "Its name.",
  },
  TypedObjectReference: {
    "": "An object of any kind, perhaps in another namespace.",
    apiGroup: "Its API group; empty for the core group.",
    kind: "Its kind.",
    name: "Its name.",
    namespace:
      "Its namespace. Default that of the claim; for another one, a ReferenceGrant there must allow it. Needs the feature gate CrossNamespaceVolumeDataSource.",
  },
};
