// Storage that pods and PersistentVolumes attach: the rules of every source that both know, and those of CSI.
// Upstream: pkg/apis/core/validation validate…VolumeSource.
import type { PersistentVolumeSpec, SecretReference, Volume } from "../../../../facts/types/core.v1.ts";
import { dns1123Subdomain, field, utf8Length } from "../../../machinery/index.ts";
import { noBacksteps } from "../paths.ts";
import {
  type Check,
  child,
  dnsLabel,
  dnsSubdomain,
  entry,
  type Findings,
  fields,
  oneOf,
  optional,
  rangeText,
  required,
  unlessEmpty,
  worthChecking,
} from "../validate.ts";

type Source<K extends keyof Volume> = NonNullable<Volume[K]>;
type PvSource<K extends keyof PersistentVolumeSpec> = NonNullable<PersistentVolumeSpec[K]>;

const need = required();

/** Upstream prints the range that a partition should have, but takes 0 as unset. */
const partition: Check<number | undefined> = (value = 0, at, found) => {
  if (value < 0 || value > 255) found.push(field.invalid(at, value, rangeText(1, 255)));
};
const lun: Check<number | undefined> = (value = 0, at, found) => {
  if (value < 0 || value > 255) found.push(field.invalid(at, value, rangeText(0, 255)));
};

const iqnFormats = [
  ["iqn", /iqn\.\d{4}-\d{2}\.([a-zA-Z0-9\-.]+)(:[^,;*&$|\s]+)$/],
  ["eui", /^eui.[a-zA-Z0-9]{16}$/],
  ["naa", /^naa.[a-zA-Z0-9]{32}$/],
] as const;

/** `unknown` is what is said of names that begin like none of the three. */
const iqn =
  (unknown: string): Check<string> =>
  (value, at, found) => {
    const format = iqnFormats.find(([prefix]) => value.startsWith(prefix));
    if (format === undefined) found.push(field.invalid(at, value, unknown));
    else if (!format[1].test(value)) found.push(field.invalid(at, value, "must be valid format"));
  };

const iscsi =
  (unknown: string): Check<Source<"iscsi"> | PvSource<"iscsi">> =>
  (value, at, found) => {
    need(value.targetPortal, child(at, "targetPortal"), found);
    required(iqn(unknown))(value.iqn, child(at, "iqn"), found);
    lun(value.lun, child(at, "lun"), found);
    if ((value.chapAuthDiscovery || value.chapAuthSession) && value.secretRef === undefined)
      found.push(field.required(child(at, "secretRef")));
    if (value.secretRef !== undefined) need(value.secretRef.name, child(at, "secretRef.name"), found);
    optional(iqn(unknown))(value.initiatorName, child(at, "initiatorname"), found);
  };

const fc: Check<Source<"fc">> = (value, at, found) => {
  const [targets, wwids] = [value.targetWWNs ?? [], value.wwids ?? []];
  const path = child(at, "targetWWNs");
  if (targets.length === 0 && wwids.length === 0)
    found.push(field.required(path, "must specify either targetWWNs or wwids, but not both"));
  if (targets.length > 0 && wwids.length > 0)
    found.push(field.invalid(path, targets, "targetWWNs and wwids can not be specified simultaneously"));
  if (targets.length === 0) return;
  if (value.lun === undefined)
    found.push(field.required(child(at, "lun"), "lun is required if targetWWNs is specified"));
  else lun(value.lun, child(at, "lun"), found);
};

const hostPort = /^(?:\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/;

const quobyte: Check<Source<"quobyte">> = (value, at, found) => {
  const text = "must be a host:port pair or multiple pairs separated by commas";
  if (!value.registry) found.push(field.required(child(at, "registry"), text));
  else if (utf8Length(value.tenant ?? "") >= 65)
    found.push(field.required(child(at, "tenant"), "must be a UUID and may not exceed a length of 64 characters"));
  else
    for (const pair of value.registry.split(","))
      if (!hostPort.test(pair)) found.push(field.invalid(child(at, "registry"), value.registry, text));
  need(value.volume, child(at, "volume"), found);
};

const flocker: Check<Source<"flocker">> = ({ datasetName = "", datasetUUID = "" }, at, found) => {
  if (datasetName === "" && datasetUUID === "")
    found.push(field.required(at, "one of datasetName and datasetUUID is required"));
  if (datasetName !== "" && datasetUUID !== "")
    found.push(field.invalid(at, "resource", "datasetName and datasetUUID can not be specified simultaneously"));
  if (datasetName.includes("/"))
    found.push(field.invalid(child(at, "datasetName"), datasetName, "must not contain '/'"));
};

const flexVolume: Check<{ driver: string; options?: Record<string, string> }> = (value, at, found) => {
  need(value.driver, child(at, "driver"), found);
  for (const [, key] of worthChecking(Object.keys(value.options ?? {}).sort(), found)) {
    const domain = `.${(key.split("/", 1)[0] ?? "").toLowerCase()}`;
    if (domain.endsWith(".kubernetes.io") || domain.endsWith(".k8s.io"))
      found.push(
        field.invalid(entry(child(at, "options"), key), key, "kubernetes.io and k8s.io namespaces are reserved"),
      );
  }
};

const managedDisk = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
const blobDisk = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";

const azureDisk: Check<Source<"azureDisk">> = (value, at, found) => {
  need(value.diskName, child(at, "diskName"), found);
  need(value.diskURI, child(at, "diskURI"), found);
  optional(oneOf("None", "ReadOnly", "ReadWrite"))(value.cachingMode, child(at, "cachingMode"), found);
  optional(oneOf("Dedicated", "Managed", "Shared"))(value.kind, child(at, "kind"), found);
  const uri = value.diskURI ?? "";
  const managed = value.kind === "Managed";
  if (value.kind !== undefined && !uri.startsWith(managed ? "/subscriptions/" : "https://"))
    found.push(field.notSupported(child(at, "diskURI"), uri, [managed ? managedDisk : blobDisk]));
};

const nfs: Check<Source<"nfs">> = (value, at, found) => {
  need(value.server, child(at, "server"), found);
  need(value.path, child(at, "path"), found);
  if (!value.path?.startsWith("/"))
    found.push(field.invalid(child(at, "path"), value.path ?? "", "must be an absolute path"));
};

const named = (at: string, reference: { name?: string } | undefined, found: Findings): void => {
  if (reference !== undefined) need(reference.name, child(at, "secretRef.name"), found);
};
/** References from cluster-scoped objects say the namespace too. */
const placed = (at: string, reference: { name?: string; namespace?: string } | undefined, found: Findings): void => {
  named(at, reference, found);
  if (reference !== undefined) need(reference.namespace, child(at, "secretRef.namespace"), found);
};

const storageos: Check<Source<"storageos"> | PvSource<"storageos">> = (value, at, found) => {
  required(dnsLabel)(value.volumeName, child(at, "volumeName"), found);
  unlessEmpty(dnsLabel)(value.volumeNamespace, child(at, "volumeNamespace"), found);
};

/** A CSI driver's name: a DNS name in any case, 63 characters at most. */
export const csiDriverName: Check<string | undefined> = (name, at, found) => {
  if (!name) {
    found.push(field.required(at));
    return;
  }
  if (utf8Length(name) > 63) found.push(field.tooLong(at, 63));
  for (const text of dns1123Subdomain(name.toLowerCase())) found.push(field.invalid(at, name, text));
};

const csi: Check<Source<"csi">> = (value, at, found) => {
  csiDriverName(value.driver, child(at, "driver"), found);
  const secret = value.nodePublishSecretRef;
  if (secret === undefined) return;
  if (!secret.name) found.push(field.required(child(at, "nodePublishSecretRef.name")));
  else dnsSubdomain(secret.name, child(at, "name"), found);
};

/** Sources of pods, by field. */
export const storageSources = {
  gcePersistentDisk: fields<Source<"gcePersistentDisk">>({ pdName: need, partition }),
  awsElasticBlockStore: fields<Source<"awsElasticBlockStore">>({ volumeID: need, partition }),
  nfs,
  iscsi: iscsi("must be valid format starting with iqn, eui, or naa"),
  glusterfs: fields<Source<"glusterfs">>({ endpoints: need, path: need }),
  flocker,
  rbd: fields<Source<"rbd">>({ monitors: need, image: need }),
  cinder: (value: Source<"cinder">, at: string, found: Findings) => {
    need(value.volumeID, child(at, "volumeID"), found);
    named(at, value.secretRef, found);
  },
  cephfs: fields<Source<"cephfs">>({ monitors: need }),
  quobyte,
  fc,
  flexVolume,
  azureFile: fields<Source<"azureFile">>({ secretName: need, shareName: need }),
  vsphereVolume: fields<Source<"vsphereVolume">>({ volumePath: need }),
  photonPersistentDisk: fields<Source<"photonPersistentDisk">>({ pdID: need }),
  portworxVolume: fields<Source<"portworxVolume">>({ volumeID: need }),
  azureDisk,
  storageos: (value: Source<"storageos">, at: string, found: Findings) => {
    storageos(value, at, found);
    named(at, value.secretRef, found);
  },
  scaleIO: fields<Source<"scaleIO">>({ gateway: need, system: need, volumeName: need }),
  csi,
};

const secretReference: Check<SecretReference> = (reference, at, found) => {
  required(dnsSubdomain)(reference.name, child(at, "name"), found);
  required(dnsLabel)(reference.namespace, child(at, "namespace"), found);
};

const csiSecrets = [
  "controllerPublishSecretRef",
  "controllerExpandSecretRef",
  "nodePublishSecretRef",
  "nodeExpandSecretRef",
] as const;

/** Sources of PersistentVolumes where they differ from those of pods. */
export const persistentSources = {
  ...storageSources,
  iscsi: iscsi("must be valid format"),
  glusterfs: (value: PvSource<"glusterfs">, at: string, found: Findings) => {
    storageSources.glusterfs(value as Source<"glusterfs">, at, found);
    const { endpointsNamespace } = value;
    const path = child(at, "endpointsNamespace");
    if (endpointsNamespace === "")
      found.push(field.invalid(path, "", "if the endpointnamespace is set, it must be a valid namespace name"));
    else optional(dnsLabel)(endpointsNamespace, path, found);
  },
  rbd: fields<PvSource<"rbd">>({ monitors: need, image: need }),
  cinder: (value: PvSource<"cinder">, at: string, found: Findings) => {
    need(value.volumeID, child(at, "volumeID"), found);
    placed(at, value.secretRef, found);
  },
  cephfs: fields<PvSource<"cephfs">>({ monitors: need }),
  azureFile: (value: PvSource<"azureFile">, at: string, found: Findings) => {
    fields<PvSource<"azureFile">>({ secretName: need, shareName: need })(value, at, found);
    if (value.secretNamespace === "") found.push(field.required(child(at, "secretNamespace")));
  },
  scaleIO: fields<PvSource<"scaleIO">>({ gateway: need, system: need, volumeName: need }),
  storageos: (value: PvSource<"storageos">, at: string, found: Findings) => {
    storageos(value, at, found);
    placed(at, value.secretRef, found);
  },
  csi: (value: PvSource<"csi">, at: string, found: Findings) => {
    csiDriverName(value.driver, child(at, "driver"), found);
    need(value.volumeHandle, child(at, "volumeHandle"), found);
    for (const name of csiSecrets) optional(secretReference)(value[name], child(at, name), found);
  },
  local: (value: PvSource<"local">, at: string, found: Findings) =>
    required(noBacksteps)(value.path, child(at, "path"), found),
};
