// Who makes and removes volumes. In-tree drivers are gone but for host paths; those that moved to CSI are answered under their new
// names. Upstream: pkg/controller/volume/persistentvolume, csi-translation-lib.
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/index.ts";
import { csiNameOf } from "../lib/index.ts";
import { annotations } from "./match.ts";

export const hostPathPlugin = "kubernetes.io/host-path";
const nfs = "kubernetes.io/nfs";
const isInTree = (name: string): boolean => name.startsWith("kubernetes.io/");

export type Provisioning =
  | { readonly by: "external"; readonly name: string }
  | { readonly by: "hostPath" }
  | { readonly by: "nobody"; readonly message: string };

/** Who provisions for a class with this provisioner. */
export function provisioningOf(provisioner: string): Provisioning {
  const moved = csiNameOf(provisioner);
  if (moved !== undefined) return { by: "external", name: moved };
  if (!isInTree(provisioner)) return { by: "external", name: provisioner };
  if (provisioner === hostPathPlugin) return { by: "hostPath" };
  const message =
    provisioner === nfs ? "no provisionable volume plugin matched" : `no volume plugin matched name: ${provisioner}`;
  return { by: "nobody", message };
}

export type Deletion =
  | { readonly by: "external" }
  | { readonly by: "hostPath"; readonly path: string }
  | { readonly by: "nobody"; readonly message: string };

/** Who removes what a released volume holds. */
export function deletionOf(volume: PersistentVolume): Deletion {
  const provisionedBy = volume.metadata.annotations?.[annotations.provisionedBy] ?? "";
  if (provisionedBy !== "") {
    if (provisionedBy === hostPathPlugin) return hostPathDeletion(volume);
    if (!isInTree(provisionedBy)) return { by: "external" };
    const message =
      provisionedBy === nfs ? "no deletable volume plugin matched" : `no volume plugin matched name: ${provisionedBy}`;
    return { by: "nobody", message };
  }
  if (volume.metadata.annotations?.[annotations.migratedTo] !== undefined || volume.spec.csi !== undefined)
    return { by: "external" };
  if (volume.spec.hostPath !== undefined) return hostPathDeletion(volume);
  const why = volume.spec.nfs === undefined ? "no volume plugin matched" : "no deletable volume plugin matched";
  return { by: "nobody", message: `error getting deleter volume plugin for volume "${volume.metadata.name}": ${why}` };
}

function hostPathDeletion(volume: PersistentVolume): Deletion {
  const path = volume.spec.hostPath?.path;
  if (path === undefined)
    return {
      by: "nobody",
      message: `failed to create deleter for volume "${volume.metadata.name}": spec.PersistentVolumeSource.HostPath is nil`,
    };
  if (!/\/tmp\/.+/.test(path))
    return { by: "nobody", message: `host_path deleter only supports /tmp/.+ but received provided ${path}` };
  return { by: "hostPath", path };
}

type Annotated = PersistentVolume | PersistentVolumeClaim;

/** The annotations with the mark of migration set right; undefined when nothing changes. */
export function migrationMarked(object: Annotated): Record<string, string> | undefined {
  const present = object.metadata.annotations;
  if (present === undefined) return undefined;
  const provisioner =
    object.kind === "PersistentVolume"
      ? present[annotations.provisionedBy]
      : (present[annotations.provisioner] ?? present[annotations.betaProvisioner]);
  if (provisioner === undefined) return undefined;
  const moved = csiNameOf(provisioner);
  const marked = present[annotations.migratedTo];
  if (marked === moved) return undefined;
  const { [annotations.migratedTo]: _, ...rest } = present;
  return moved === undefined ? rest : { ...rest, [annotations.migratedTo]: moved };
}

export const inTreeFinalizer = "kubernetes.io/pv-controller";
const externalFinalizer = "external-provisioner.volume.kubernetes.io/finalizer";

/** Finalizers that guard what in-tree drivers provisioned; undefined when nothing changes. */
export function guardedFinalizers(volume: PersistentVolume): string[] | undefined {
  const provisioner = volume.metadata.annotations?.[annotations.provisionedBy];
  if (provisioner === undefined) return undefined;
  const present = volume.metadata.finalizers ?? [];
  const moved = csiNameOf(provisioner) !== undefined;
  if (!moved && !isInTree(provisioner)) return undefined;
  const guarded = !moved && volume.spec.persistentVolumeReclaimPolicy === "Delete";
  const kept = present.filter((each) => (each !== inTreeFinalizer || guarded) && (each !== externalFinalizer || moved));
  if (guarded && !kept.includes(inTreeFinalizer)) kept.push(inTreeFinalizer);
  return kept.length === present.length && kept.every((each, index) => each === present[index]) ? undefined : kept;
}

export const withoutInTreeFinalizer = (volume: PersistentVolume): PersistentVolume | undefined =>
  volume.metadata.finalizers?.includes(inTreeFinalizer)
    ? {
        ...volume,
        metadata: {
          ...volume.metadata,
          finalizers: volume.metadata.finalizers.filter((each) => each !== inTreeFinalizer),
        },
      }
    : undefined;
