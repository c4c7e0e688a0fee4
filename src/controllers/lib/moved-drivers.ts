// In-tree volume drivers that CSI drivers took the place of. Upstream: csi-translation-lib.
import type { PersistentVolume } from "../../api/index.ts";

/** In-tree name → name of the CSI driver that took its place. */
const movedTo: Readonly<Record<string, string>> = {
  "kubernetes.io/aws-ebs": "ebs.csi.aws.com",
  "kubernetes.io/azure-disk": "disk.csi.azure.com",
  "kubernetes.io/azure-file": "file.csi.azure.com",
  "kubernetes.io/cinder": "cinder.csi.openstack.org",
  "kubernetes.io/gce-pd": "pd.csi.storage.gke.io",
  "kubernetes.io/portworx-volume": "pxd.portworx.com",
  "kubernetes.io/vsphere-volume": "csi.vsphere.vmware.com",
};

/** By the field of a volume's spec. */
const inTreeNames = {
  awsElasticBlockStore: "kubernetes.io/aws-ebs",
  azureDisk: "kubernetes.io/azure-disk",
  azureFile: "kubernetes.io/azure-file",
  cinder: "kubernetes.io/cinder",
  gcePersistentDisk: "kubernetes.io/gce-pd",
  portworxVolume: "kubernetes.io/portworx-volume",
  vsphereVolume: "kubernetes.io/vsphere-volume",
} as const satisfies Partial<Record<keyof PersistentVolume["spec"], string>>;

export const csiNameOf = (provisioner: string): string | undefined => movedTo[provisioner];

/** Name of the in-tree driver of a volume that a CSI driver has now; undefined for all others. */
export function movedDriverOf({ spec }: PersistentVolume): string | undefined {
  const field = (Object.keys(inTreeNames) as (keyof typeof inTreeNames)[]).find((name) => spec[name] !== undefined);
  return field === undefined ? undefined : inTreeNames[field];
}
