// What `kubectl explain` says about storage.k8s.io/v1; v1beta1 has VolumeAttributesClass too. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

const csi: Descriptions = {
  CSIDriver: {
    "": "Tells what a CSI volume driver needs from Kubernetes. Its name is the driver's own; the driver's installation makes it.",
    spec: "What the driver needs and can do.",
  },
  CSIDriverSpec: {
    "": "What a CSI driver needs and can do.",
    attachRequired:
      "Whether volumes have to be attached to a node before they are mounted: then a VolumeAttachment is made and waited for. true by default. Immutable.",
    fsGroupPolicy:
      "Whether the owner of a volume's files is set to the pod's fsGroup: ReadWriteOnceWithFSType (default) for volumes with a file system type and the access mode ReadWriteOnce, File always, None never.",
    nodeAllocatableUpdatePeriodSeconds:
      "Seconds between two questions to the driver how many volumes a node can take; it is asked too when a volume finds no room. At least 10. Without it the number stays as it was at first.",
    podInfoOnMount:
      "true: the driver is told the pod's name, namespace, UID and service account when a volume is mounted, in keys with the prefix csi.storage.k8s.io/. false by default.",
    preventPodSchedulingIfMissing:
      "true: pods that need the driver are not put on nodes that do not have it. false by default. Needs the feature gate VolumeLimitScaling.",
    requiresRepublish:
      "true: the driver is asked again and again to publish a mounted volume, so that it can renew what is in it. false by default.",
    seLinuxMount:
      "true: the driver's volumes can be mounted with an SELinux context of their own (-o context), which saves relabelling every file. false by default.",
    serviceAccountTokenInSecrets:
      "true: the tokens of tokenRequests are passed among the secrets of the call, not in the volume context. Only with tokenRequests. false by default.",
    storageCapacity:
      "true: the scheduler looks at the driver's CSIStorageCapacity objects before it puts a pod where a volume would have to be made. false by default.",
    tokenRequests:
      "Service account tokens of the pod that the driver gets when it mounts a volume, one for each audience. With requiresRepublish it gets fresh ones in time.",
    volumeLifecycleModes:
      "Persistent (default): volumes by PersistentVolume and claim. Ephemeral: volumes written into the pod, which live as long as it does. Immutable.",
  },
  CSINode: {
    "": "Tells which CSI drivers a node has. Its name is the node's; the kubelet keeps it.",
    metadata: "Standard object's metadata. The name is that of the Node, which owns this object.",
    spec: "The drivers of the node.",
  },
  CSINodeDriver: {
    "": "A CSI driver on a node.",
    allocatable: "How many volumes of the driver the node can take.",
    name: "Name of the driver, the same as of its CSIDriver.",
    nodeID: "How the driver itself calls the node.",
    topologyKeys:
      "Labels of the node that tell the driver where it is, e.g. in which zone. Volumes are made where pods can reach them by these.",
  },
  CSINodeSpec: {
    "": "The CSI drivers of a node.",
    drivers: "The drivers. May be empty.",
  },
  CSIStorageCapacity: {
    "": "Tells how much storage of a class a group of nodes can still get. Drivers keep it and the scheduler reads it. No object for a class and place means no capacity there.",
    metadata: "Standard object's metadata. The name has no meaning; let it be generated.",
    capacity: "Bytes left for new volumes. Unset: not known now, taken as none.",
    maximumVolumeSize:
      "Bytes of the largest volume that could be made. Unset: not known; capacity is what counts then.",
    nodeTopology:
      "Labels of the nodes that reach the storage. An empty selector means all nodes; without one there are none. Immutable.",
    storageClassName: "Name of the StorageClass. Immutable.",
  },
};

const classes: Descriptions = {
  StorageClass: {
    "": "Names a kind of storage, from which volumes are made for the claims that ask for it. The annotation storageclass.kubernetes.io/is-default-class makes it the class of claims that name none.",
    allowVolumeExpansion: "true: claims of this class may ask for more storage later.",
    allowedTopologies: "Where volumes may be made, by labels of nodes. Empty: everywhere.",
    mountOptions: "Mount options of the volumes, e.g. ro. Not checked: a wrong one makes the mount fail.",
    parameters: "Settings for the provisioner, with keys that it defines. Immutable.",
    provisioner: "Name of who makes the volumes, mostly a CSI driver. Immutable.",
    reclaimPolicy: "What becomes of a volume once its claim is deleted: Delete (default) or Retain. Immutable.",
    volumeBindingMode:
      "Immediate (default): a volume is made as soon as there is a claim. WaitForFirstConsumer: only once a pod needs it, so that it is made where the pod can run. Immutable.",
  },
  TokenRequest: {
    "": "A service account token that a CSI driver wants.",
    audience: "Who the token is for. Empty: the API server.",
    expirationSeconds: "Seconds that the token is valid. 3600 by default, at least 600.",
  },
  VolumeAttributesClass: {
    "": "Names settings of volumes that can be changed while these are in use, e.g. their speed. Claims choose it by spec.volumeAttributesClassName, and may choose another one later.",
    driverName: "Name of the CSI driver. Immutable.",
    parameters:
      "Settings for the driver, with keys that it defines. 1 to 512 of them, 256 KiB in all. Immutable: to change volumes, choose another class.",
  },
};

const attachments: Descriptions = {
  VolumeAttachment: {
    "": "Asks for a volume to be attached to a node. Controllers make it, a CSI driver's attacher carries it out; deleting it asks for the volume to be detached.",
    spec: "Which volume, which node and who attaches. Immutable.",
    status: "Whether the volume is attached. Only the attacher writes it.",
  },
  VolumeAttachmentSource: {
    "": "The volume to attach. Exactly one of the fields is set.",
    inlineVolumeSpec:
      "What a PersistentVolume would say, for volumes of old in-tree types that are written into a pod. Only in clusters that moved to CSI drivers.",
    persistentVolumeName: "Name of the PersistentVolume.",
  },
  VolumeAttachmentSpec: {
    "": "Which volume is to be attached where.",
    attacher: "Name of the CSI driver that attaches the volume.",
    nodeName: "Name of the node.",
    source: "The volume.",
  },
  VolumeAttachmentStatus: {
    "": "Whether a volume is attached.",
    attachError: "Why attaching failed last. Gone after success.",
    attached: "true: the volume is attached.",
    attachmentMetadata: "What the driver said on attaching; it is passed on when the volume is mounted.",
    detachError: "Why detaching failed last. Gone after success.",
  },
  VolumeError: {
    "": "Why an operation on a volume failed.",
    errorCode: "The driver's gRPC status code, e.g. 8 where the node has no room for another volume.",
    message: "What the driver said. May be logged, so it holds no secrets.",
    time: "When it failed.",
  },
  VolumeNodeResources: {
    "": "How many volumes of a driver a node can take.",
    count: "Number of volumes. One that several pods share counts once. Unset: no limit; 0: none.",
  },
};

export const descriptions: Descriptions = { ...csi, ...classes, ...attachments };
