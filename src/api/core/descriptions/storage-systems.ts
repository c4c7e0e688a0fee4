// Volumes of single storage systems: in pods, and in persistent volumes, where a Secret can be of another namespace.
import type { Descriptions } from "../../lib/descriptions/contract.ts";

const fsType = "File system of the volume, such as ext4 or xfs; the node must know it. Default ext4.";
const readOnly = "Whether it can only be read. Default false.";
const partition = "Number of the partition to mount; 0 for the whole disk.";
const secretHere = "Secret of the pod's namespace with the credentials.";
const secret = "Secret with the credentials, of any namespace.";

const cephfs = {
  monitors: "Addresses of the Ceph monitors.",
  path: "Directory of the file system that is mounted. Default /.",
  readOnly,
  secretFile: "File of the node with the key. Default /etc/ceph/user.secret.",
  user: "User of Ceph. Default admin.",
};
const cinder = {
  fsType,
  readOnly,
  volumeID: "Id of the disk in OpenStack.",
};
const flex = {
  driver: "Name of the driver.",
  fsType: "File system of the volume. Default what the driver chooses.",
  options: "Options that the driver is called with.",
  readOnly,
};
const glusterfs = {
  endpoints: "Name of the Endpoints that list the servers.",
  path: "Name of the Glusterfs volume.",
  readOnly,
};
const iscsi = {
  chapAuthDiscovery: "Whether discovery is authenticated with CHAP.",
  chapAuthSession: "Whether sessions are authenticated with CHAP.",
  fsType,
  initiatorName:
    "Name of the initiator instead of the node's own. Together with iscsiInterface a new interface is made.",
  iqn: "Qualified name of the target.",
  iscsiInterface: "Interface of the initiator. Default default, that is TCP.",
  lun: "Number of the unit at the target.",
  portals: "More addresses of the target, each an IP or IP:port.",
  readOnly,
  targetPortal: "Address of the target: an IP or IP:port; the port's default is 3260.",
};
const rbd = {
  fsType,
  image: "Name of the Ceph image.",
  keyring: "File of the node with the key. Default /etc/ceph/keyring.",
  monitors: "Addresses of the Ceph monitors.",
  pool: "Pool that the image is in. Default rbd.",
  readOnly,
  user: "User of Ceph. Default admin.",
};
const scaleIO = {
  fsType: "File system of the volume. Default xfs.",
  gateway: "Address of ScaleIO's gateway.",
  protectionDomain: "The protection domain.",
  readOnly,
  sslEnabled: "Whether the gateway is spoken to with TLS. Default false.",
  storageMode: "ThickProvisioned or ThinProvisioned. Default ThinProvisioned.",
  storagePool: "The storage pool.",
  system: "Name of the storage system.",
  volumeName: "Name of the volume, which must exist.",
};
const storageOS = {
  fsType,
  readOnly,
  volumeName: "Name of the volume in its StorageOS namespace.",
  volumeNamespace: "StorageOS namespace of the volume. Default that of the pod.",
};

export const storageSystems: Descriptions = {
  AWSElasticBlockStoreVolumeSource: {
    "": "A disk of Amazon's cloud, in the zone of the node. Only one node can have it.",
    fsType,
    partition,
    readOnly,
    volumeID: "Id of the disk.",
  },
  AzureDiskVolumeSource: {
    "": "A disk of Microsoft's cloud.",
    cachingMode: "Caching on the node: None, ReadOnly or ReadWrite. Default ReadWrite.",
    diskName: "Name of the disk.",
    diskURI: "URI of the disk.",
    fsType,
    kind: "Shared: several disks of a storage account; Dedicated: one disk of an account; Managed: a disk of Azure itself. Default Shared.",
    readOnly,
  },
  AzureFilePersistentVolumeSource: {
    "": "A file share of Microsoft's cloud.",
    readOnly,
    secretName: "Name of the Secret with the account's name and key.",
    secretNamespace: "Namespace of the Secret. Default that of the claim.",
    shareName: "Name of the share.",
  },
  AzureFileVolumeSource: {
    "": "A file share of Microsoft's cloud.",
    readOnly,
    secretName: "Name of the Secret with the account's name and key.",
    shareName: "Name of the share.",
  },
  CephFSPersistentVolumeSource: { "": "A CephFS file system.", ...cephfs, secretRef: secret },
  CephFSVolumeSource: { "": "A CephFS file system.", ...cephfs, secretRef: secretHere },
  CinderPersistentVolumeSource: { "": "A disk of OpenStack. Only one node can have it.", ...cinder, secretRef: secret },
  CinderVolumeSource: { "": "A disk of OpenStack. Only one node can have it.", ...cinder, secretRef: secretHere },
  CSIPersistentVolumeSource: {
    "": "A volume of a CSI driver.",
    controllerExpandSecretRef: "Secret that the driver gets for ControllerExpandVolume.",
    controllerPublishSecretRef:
      "Secret that the driver gets for ControllerPublishVolume and ControllerUnpublishVolume.",
    driver: "Name of the CSI driver.",
    fsType: "File system of the volume, such as ext4. Default what the driver chooses.",
    nodeExpandSecretRef: "Secret that the driver gets for NodeExpandVolume.",
    nodePublishSecretRef: "Secret that the driver gets for NodePublishVolume and NodeUnpublishVolume.",
    nodeStageSecretRef: "Secret that the driver gets for NodeStageVolume and NodeUnstageVolume.",
    readOnly,
    volumeAttributes: "What the driver needs to know of the volume, as CreateVolume answered it.",
    volumeHandle: "The driver's id of the volume. Immutable.",
  },
  FCVolumeSource: {
    "": "A disk reached by Fibre Channel: either targetWWNs and lun, or wwids.",
    fsType,
    lun: "Number of the unit at the targets.",
    readOnly,
    targetWWNs: "World wide names of the targets.",
    wwids: "World wide ids of the volume.",
  },
  FlexPersistentVolumeSource: {
    "": "A volume of a driver that is a program on the node.",
    ...flex,
    secretRef: "Secret that the driver gets, of any namespace.",
  },
  FlexVolumeSource: {
    "": "A volume of a driver that is a program on the node.",
    ...flex,
    secretRef: "Secret of the pod's namespace that the driver gets.",
  },
  FlockerVolumeSource: {
    "": "A Flocker volume: one of the two fields.",
    datasetName: "Name of the dataset. Deprecated.",
    datasetUUID: "UUID of the dataset.",
  },
  GCEPersistentDiskVolumeSource: {
    "": "A disk of Google's cloud, in the zone of the node. Only one node can write to it.",
    fsType,
    partition,
    pdName: "Name of the disk.",
    readOnly,
  },
  GitRepoVolumeSource: {
    "": "A git repository at some revision. Deprecated and switched off.",
    directory: "Directory to clone into; . for the volume itself. Default the repository's name. No .. in it.",
    repository: "URL of the repository.",
    revision: "Commit to check out.",
  },
  GlusterfsPersistentVolumeSource: {
    "": "A Glusterfs volume.",
    ...glusterfs,
    endpointsNamespace: "Namespace of the Endpoints. Default that of the claim.",
  },
  GlusterfsVolumeSource: { "": "A Glusterfs volume.", ...glusterfs },
  ISCSIPersistentVolumeSource: {
    "": "A disk reached by iSCSI. Only one node can write to it.",
    ...iscsi,
    secretRef: "Secret with the CHAP credentials, of any namespace.",
  },
  ISCSIVolumeSource: {
    "": "A disk reached by iSCSI. Only one node can write to it.",
    ...iscsi,
    secretRef: "Secret of the pod's namespace with the CHAP credentials.",
  },
  LocalVolumeSource: {
    "": "A disk or directory of one node. The volume needs nodeAffinity that names the node.",
    fsType: "File system of a block device. Default what is found, else ext4.",
    path: "Path on the node: a directory or a block device.",
  },
  NFSVolumeSource: {
    "": "A directory of an NFS server.",
    path: "The directory that the server exports.",
    readOnly,
    server: "Host name or IP of the server.",
  },
  PhotonPersistentDiskVolumeSource: {
    "": "A disk of a Photon controller.",
    fsType,
    pdID: "Id of the disk.",
  },
  PortworxVolumeSource: {
    "": "A Portworx volume.",
    fsType,
    readOnly,
    volumeID: "Id of the volume.",
  },
  QuobyteVolumeSource: {
    "": "A Quobyte volume.",
    group: "Group as which files are read and written. Default none.",
    readOnly,
    registry: "Addresses of Quobyte registries, each host:port, comma separated.",
    tenant: "The tenant that owns the volume.",
    user: "User as whom files are read and written. Default that of the service account.",
    volume: "Name of the volume, which must exist.",
  },
  RBDPersistentVolumeSource: { "": "A Ceph block device.", ...rbd, secretRef: secret },
  RBDVolumeSource: { "": "A Ceph block device.", ...rbd, secretRef: secretHere },
  ScaleIOPersistentVolumeSource: { "": "A ScaleIO volume.", ...scaleIO, secretRef: secret },
  ScaleIOVolumeSource: { "": "A ScaleIO volume.", ...scaleIO, secretRef: secretHere },
  StorageOSPersistentVolumeSource: { "": "A StorageOS volume.", ...storageOS, secretRef: secret },
  StorageOSVolumeSource: { "": "A StorageOS volume.", ...storageOS, secretRef: secretHere },
  VsphereVirtualDiskVolumeSource: {
    "": "A vSphere disk.",
    fsType,
    storagePolicyID: "Id of the storage policy.",
    storagePolicyName: "Name of the storage policy.",
    volumePath: "Path of the disk.",
  },
};
