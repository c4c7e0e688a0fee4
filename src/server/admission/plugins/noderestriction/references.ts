// A node that could make pods with references to API objects could read any of them. Upstream: pkg/api/pod HasAPIObjectReference.

import type { Pod } from "../../../../api/index.ts";
import { podConfigMapNames, podSecretNames } from "../../../authz/pod-references.ts";

type Volume = NonNullable<Pod["spec"]["volumes"]>[number];

export interface ReferencedObject {
  readonly resource: string;
  /** The pod has something that this version does not know. */
  readonly error?: string;
}

/** The first kind of API object that the pod refers to; undefined when it stands for itself. */
export function referencedApiObject(pod: Pod): ReferencedObject | undefined {
  const { spec } = pod;
  if (spec.serviceAccountName) return { resource: "serviceaccounts" };
  if (podSecretNames(pod).size > 0) return { resource: "secrets" };
  if (podConfigMapNames(pod).size > 0) return { resource: "configmaps" };
  if ((spec.resourceClaims ?? []).length > 0) return { resource: "resourceclaims" };
  for (const volume of spec.volumes ?? []) {
    const found = referencedByVolume(volume);
    if (found !== undefined) return found;
  }
  return undefined;
}

const sourcesByThemselves: ReadonlySet<string> = new Set([
  "awsElasticBlockStore",
  "azureDisk",
  "cephfs",
  "cinder",
  "downwardAPI",
  "emptyDir",
  "fc",
  "flexVolume",
  "flocker",
  "gcePersistentDisk",
  "gitRepo",
  "hostPath",
  "image",
  "iscsi",
  "nfs",
  "photonPersistentDisk",
  "portworxVolume",
  "quobyte",
  "rbd",
  "scaleIO",
  "storageos",
  "vsphereVolume",
]);

const resourceOfSource: Readonly<Record<string, string>> = {
  configMap: "configmaps (via configmap volumes)",
  secret: "secrets (via secret volumes)",
  csi: "csidrivers (via CSI volumes)",
  glusterfs: "endpoints (via glusterFS volumes)",
  persistentVolumeClaim: "persistentvolumeclaims",
  ephemeral: "persistentvolumeclaims (via ephemeral volumes)",
  azureFile: "secrets (via azureFile volumes)",
};

const resourceOfProjection: Readonly<Record<string, string>> = {
  configMap: "configmaps (via projected volumes)",
  secret: "secrets (via projected volumes)",
  serviceAccountToken: "serviceaccounts (via projected volumes)",
  clusterTrustBundle: "clustertrustbundles",
  podCertificate: "podcertificates",
};

function referencedByVolume(volume: Volume): ReferencedObject | undefined {
  const { name, ...sources } = volume;
  const source = Object.entries(sources).find(([, value]) => value !== undefined && value !== null)?.[0];
  if (source !== undefined && sourcesByThemselves.has(source)) return undefined;
  if (source === "projected") return referencedByProjection(volume);
  const resource = source === undefined ? undefined : resourceOfSource[source];
  return resource === undefined
    ? { resource: "", error: `unknown volume type for volume  ${JSON.stringify(name)}` }
    : { resource };
}

function referencedByProjection(volume: Volume): ReferencedObject | undefined {
  for (const projection of volume.projected?.sources ?? []) {
    const source = Object.entries(projection).find(([, value]) => value !== undefined && value !== null)?.[0] ?? "";
    const resource = resourceOfProjection[source];
    if (resource !== undefined) return { resource };
    if (source !== "downwardAPI")
      return { resource: "", error: `unknown source for projected volume ${JSON.stringify(volume.name)}` };
  }
  return undefined;
}
