// Volumes of pods that every cluster has, and where containers see them. Those of single storage systems are in storage-systems.ts.
import type { Descriptions } from "../../lib/descriptions/contract.ts";

const defaultMode =
  "Permissions of the files whose item names none: an octal number such as 0644 in YAML, decimal in JSON; 0 to 0777. Default 0644.";
const mode = "Permissions of this file, 0 to 0777: octal in YAML, decimal in JSON. Default the volume's defaultMode.";
const relative = "Relative path in the volume; without .. in it.";
const items = (what: string): string =>
  `Keys that become files, and their paths. Default each key of the ${what} becomes a file of its name. A key that is not there is an error, unless optional.`;

/** Kinds of volumes by the field that pods and persistent volumes name them with. */
export const volumeKinds = {
  awsElasticBlockStore: "A disk of Amazon's cloud. Deprecated: served by the CSI driver ebs.csi.aws.com.",
  azureDisk: "A disk of Microsoft's cloud. Deprecated: served by the CSI driver disk.csi.azure.com.",
  azureFile: "A file share of Microsoft's cloud. Deprecated: served by the CSI driver file.csi.azure.com.",
  cephfs: "A CephFS file system. Deprecated: not supported any more.",
  cinder: "A disk of OpenStack. Deprecated: served by the CSI driver cinder.csi.openstack.org.",
  csi: "A volume of a CSI driver.",
  fc: "A disk reached by Fibre Channel.",
  flexVolume: "A volume of a driver that is a program on the node. Deprecated: use a CSI driver.",
  flocker: "A Flocker volume. Deprecated: not supported any more.",
  gcePersistentDisk: "A disk of Google's cloud. Deprecated: served by the CSI driver pd.csi.storage.gke.io.",
  glusterfs: "A Glusterfs volume. Deprecated: not supported any more.",
  iscsi: "A disk reached by iSCSI.",
  nfs: "A directory of an NFS server.",
  photonPersistentDisk: "A disk of a Photon controller. Deprecated: not supported any more.",
  portworxVolume: "A Portworx volume. Deprecated: served by the CSI driver pxd.portworx.com.",
  quobyte: "A Quobyte volume. Deprecated: not supported any more.",
  rbd: "A Ceph block device. Deprecated: not supported any more.",
  scaleIO: "A ScaleIO volume. Deprecated: not supported any more.",
  storageos: "A StorageOS volume. Deprecated: not supported any more.",
  vsphereVolume: "A vSphere disk. Deprecated: served by the CSI driver csi.vsphere.vmware.com.",
};

export const volumes: Descriptions = {
  Volume: {
    "": "A volume of a pod: a name, and exactly one of the kinds. Containers mount it by the name.",
    ...volumeKinds,
    configMap: "Files from the keys of a ConfigMap.",
    csi: "A volume that a CSI driver makes for this pod alone.",
    downwardAPI: "Files with fields of the pod itself.",
    emptyDir: "An empty directory of the node that lives as long as the pod.",
    ephemeral: "A volume made for this pod by a claim of its own, which goes when the pod goes.",
    gitRepo: "A git repository at some revision. Deprecated and switched off: clone it in an init container.",
    hostPath: "A file or directory of the node itself. It gives the pod much power over the node.",
    image: "The content of an OCI image or artifact, to read.",
    name: "Name of the volume: a DNS label, unique in the pod.",
    persistentVolumeClaim: "The volume that a PersistentVolumeClaim of the namespace is bound to.",
    projected: "Several sources in one directory: Secrets, ConfigMaps, fields of the pod, tokens, certificates.",
    secret: "Files from the keys of a Secret.",
  },
  VolumeMount: {
    "": "Where a container sees a volume.",
    mountPath: "Path in the container. No colon in it.",
    mountPropagation:
      "Whether mounts made later are seen on the other side: None; HostToContainer, those of the node in the container; Bidirectional, both ways, for privileged containers only. Default None.",
    name: "Name of one of the pod's volumes.",
    readOnly: "Whether it can only be read. Default false.",
    recursiveReadOnly:
      "Whether mounts below it can only be read too: Disabled, IfPossible or Enabled. The last two need readOnly and mountPropagation None. Default Disabled.",
    subPath: "Path in the volume that is mounted, instead of its root. Not together with subPathExpr.",
    subPathExpr:
      "As subPath, with $(NAME) for the value of an environment variable of the container. Not together with subPath.",
  },
  VolumeDevice: {
    "": "Where a container sees a block device.",
    devicePath: "Path of the device in the container.",
    name: "Name of one of the pod's volumes, a claim of mode Block.",
  },
  ConfigMapVolumeSource: {
    "": "A ConfigMap of the pod's namespace as files. They follow its changes after a while, but not where subPath is used.",
    defaultMode,
    items: items("ConfigMap"),
    name: "Name of the ConfigMap.",
    optional: "Whether the pod starts also when the ConfigMap or a key is not there. Default false.",
  },
  SecretVolumeSource: {
    "": "A Secret of the pod's namespace as files, in memory. They follow its changes after a while, but not where subPath is used.",
    defaultMode,
    items: items("Secret"),
    optional: "Whether the pod starts also when the Secret or a key is not there. Default false.",
    secretName: "Name of the Secret.",
  },
  KeyToPath: {
    "": "One key, and the file that it becomes.",
    key: "The key.",
    mode,
    path: relative,
  },
  DownwardAPIVolumeSource: {
    "": "Fields of the pod as files.",
    defaultMode,
    items: "The files.",
  },
  DownwardAPIVolumeFile: {
    "": "One file with a field of the pod: exactly one of fieldRef and resourceFieldRef.",
    fieldRef:
      "A field of the pod: metadata.name, metadata.namespace, metadata.uid, metadata.labels or metadata.annotations, the last two also with one ['key'].",
    mode,
    path: relative,
    resourceFieldRef: "A resource of a container: limits or requests of cpu, memory, ephemeral-storage or huge pages.",
  },
  EmptyDirVolumeSource: {
    "": "An empty directory for one pod.",
    medium:
      "What it is kept on: empty, the node's disk; Memory, a tmpfs, which counts as memory of the containers; HugePages or HugePages-SIZE, huge pages. Default empty.",
    sizeLimit:
      "How much may be in it; a pod that has more is evicted. With Memory, at most the memory limits of the containers. Default no limit.",
  },
  EphemeralVolumeSource: {
    "": "A volume made for one pod.",
    volumeClaimTemplate:
      "What its PersistentVolumeClaim looks like. The claim is named after the pod and the volume with a dash between them, and is the pod's. Required, immutable.",
  },
  PersistentVolumeClaimVolumeSource: {
    "": "A claim of the pod's namespace.",
    claimName: "Name of the PersistentVolumeClaim.",
    readOnly: "Whether all mounts of it can only be read. Default false.",
  },
  HostPathVolumeSource: {
    "": "A file or directory of the node. It outlives the pod.",
    path: "Its path on the node. Of a symbolic link, what it leads to.",
    type: "What must be there: empty, nothing is checked; Directory, File, Socket, CharDevice, BlockDevice; DirectoryOrCreate and FileOrCreate make it when it is missing. Default empty.",
  },
  ImageVolumeSource: {
    "": "An OCI image or artifact as a volume that can only be read.",
    pullPolicy:
      "When it is pulled: Always, IfNotPresent or Never. Default Always for the tag latest or none, else IfNotPresent.",
    reference: "The image or artifact, written as a container's image is.",
  },
  CSIVolumeSource: {
    "": "A volume that a CSI driver makes for one pod. The driver must allow that.",
    driver: "Name of the CSI driver.",
    fsType: "File system to make on it, such as ext4. Default what the driver chooses.",
    nodePublishSecretRef: "Secret of the namespace that the driver gets for NodePublishVolume and NodeUnpublishVolume.",
    readOnly: "Whether it can only be read. Default false.",
    volumeAttributes: "What the driver wants to know more; see its documentation.",
  },
  ProjectedVolumeSource: {
    "": "Several sources in one directory.",
    defaultMode,
    sources: "The sources. Where two have the same path, the later one wins.",
  },
  VolumeProjection: {
    "": "One source of a projected volume; exactly one of these.",
    clusterTrustBundle:
      "Certificates of one or more ClusterTrustBundles, in one file. Needs the feature gate ClusterTrustBundleProjection.",
    configMap: "Keys of a ConfigMap.",
    downwardAPI: "Fields of the pod.",
    podCertificate:
      "A private key and a certificate for it, made for this pod and renewed. Needs the feature gate PodCertificateRequest.",
    secret: "Keys of a Secret.",
    serviceAccountToken: "A token of the pod's service account, renewed before it expires.",
  },
  ConfigMapProjection: {
    "": "Keys of a ConfigMap of the pod's namespace.",
    items: items("ConfigMap"),
    name: "Name of the ConfigMap.",
    optional: "Whether the pod starts also when the ConfigMap or a key is not there. Default false.",
  },
  SecretProjection: {
    "": "Keys of a Secret of the pod's namespace.",
    items: items("Secret"),
    name: "Name of the Secret.",
    optional: "Whether the pod starts also when the Secret or a key is not there. Default false.",
  },
  DownwardAPIProjection: {
    "": "Fields of the pod as files.",
    items: "The files.",
  },
  ServiceAccountTokenProjection: {
    "": "A token of the pod's service account, as a file.",
    audience: "For whom the token is: who gets it must find itself named there. Default the API server.",
    expirationSeconds:
      "How long a token is valid, in seconds. It is replaced when 80 percent of this or 24 hours have gone by. At least 600, default 3600.",
    path: relative,
  },
  ClusterTrustBundleProjection: {
    "": "Root certificates as one PEM file: of the bundle that is named, or of all that a signer has.",
    labelSelector: "Which bundles of signerName. Absent: none; empty: all. Not together with name.",
    name: "Name of one ClusterTrustBundle. Not together with signerName and labelSelector.",
    optional: "Whether the pod starts also when there is no such bundle. Default false.",
    path: relative,
    signerName: "The signer whose bundles are put together. Not together with name.",
  },
  PodCertificateProjection: {
    "": "A private key and a certificate for it, which the kubelet gets from a signer.",
    certificateChainPath:
      "File for the certificates alone. It may for a moment not fit the key: credentialBundlePath is better.",
    credentialBundlePath: "File for the key and the certificates together, as PEM: the key first.",
    keyPath: "File for the key alone. It may for a moment not fit the certificates: credentialBundlePath is better.",
    keyType: "Kind of the key: RSA3072, RSA4096, ECDSAP256, ECDSAP384, ECDSAP521 or ED25519.",
    maxExpirationSeconds:
      "How long a certificate may be valid at most, in seconds: 3600 to 7862400 (91 days), default 86400. The signer may choose a shorter time.",
    signerName: "The signer that is asked.",
    userAnnotations: "What the signer gets told more. Keys need a domain; see the signer's documentation.",
  },
};
