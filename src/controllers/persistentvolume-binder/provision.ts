// Makes a volume for a claim that no volume fits: a directory of this machine, or somebody else is waited for.
// Upstream: pv_controller.go provisionClaimOperation and provisionClaimOperationExternal, pkg/volume/hostpath.
import {
  nodes,
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumes,
  type StorageClass,
} from "../../api/index.ts";
import { errorText, uuid } from "../../base/index.ts";
import type { EventRecorder } from "../../client/index.ts";
import { isAlreadyExists, isNotFound, type NewObject, objectKey, quoteGo } from "../../machinery/index.ts";
import type { ControllerContext } from "../lib/index.ts";
import { hostPathPlugin, inTreeFinalizer, provisioningOf } from "./drivers.ts";
import { annotations, classOf } from "./match.ts";
import type { Objects } from "./objects.ts";
import { binderOptions } from "./reclaim.ts";

export interface ProvisionParts {
  readonly context: ControllerContext;
  readonly objects: Objects;
  readonly recorder: EventRecorder;
}

interface Order extends ProvisionParts {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass;
}

const warn = ({ recorder, claim }: Pick<Order, "recorder" | "claim">, message: string): void =>
  recorder.event(claim, { type: "Warning", reason: "ProvisioningFailed", message });

/** `storageClass` undefined: there is none of the claim's name. */
export async function provision(
  parts: ProvisionParts,
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
): Promise<void> {
  if (storageClass === undefined)
    return warn({ ...parts, claim }, `storageclass.storage.k8s.io "${classOf(claim)}" not found`);
  const by = provisioningOf(storageClass.provisioner);
  if (by.by === "hostPath") return provisionDirectory({ ...parts, claim, storageClass });
  if (by.by === "nobody") return warn({ ...parts, claim }, by.message);
  const noted = await noteProvisioner(parts.objects, claim, by.name);
  parts.recorder.event(noted, {
    type: "Normal",
    reason: "ExternalProvisioning",
    message: `Waiting for a volume to be created either by the external provisioner '${by.name}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
  });
}

async function noteProvisioner(
  objects: Objects,
  claim: PersistentVolumeClaim,
  name: string,
): Promise<PersistentVolumeClaim> {
  if (claim.metadata.annotations?.[annotations.provisioner] === name) return claim;
  const noted = { [annotations.betaProvisioner]: name, [annotations.provisioner]: name };
  return objects.updateClaim({
    ...claim,
    metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, ...noted } },
  });
}

async function provisionDirectory(asked: Order): Promise<void> {
  const { context, objects, recorder, storageClass } = asked;
  if (asked.claim.spec.dataSource !== undefined)
    return warn(
      asked,
      `plugin "${hostPathPlugin}" is not a CSI plugin. Only CSI plugin can provision a claim with a datasource`,
    );
  const claim = await noteProvisioner(objects, asked.claim, storageClass.provisioner);
  const order: Order = { ...asked, claim };
  const name = `pvc-${claim.metadata.uid}`;
  const volumes = context.client.of(persistentVolumes);
  if ((await volumes.find({ name })) !== undefined) return;
  const why = await obstacle(order);
  if (why !== undefined) return warn(order, why);
  const path = `/tmp/hostpath_pv/${uuid(context.rng)}`;
  try {
    if (claim.spec.volumeMode === "Block")
      throw new Error(`${hostPathPlugin} does not support block volume provisioning`);
    await binderOptions(context).makeDirectory?.(path);
  } catch (error) {
    await reschedule(objects, claim);
    return warn(
      order,
      `Failed to provision volume with StorageClass ${quoteGo(storageClass.metadata.name)}: ${errorText(error)}`,
    );
  }
  try {
    await volumes.create(directoryVolume(order, { name, path }));
  } catch (error) {
    await dropDirectory(order, path, error);
    if (!isAlreadyExists(error)) throw error;
  }
  const message = `Successfully provisioned volume ${name} using ${hostPathPlugin}`;
  recorder.event(claim, { type: "Normal", reason: "ProvisioningSucceeded", message });
}

/** Why nothing can be made. */
async function obstacle({ context, claim, storageClass }: Order): Promise<string | undefined> {
  const { mountOptions, metadata } = storageClass;
  if (mountOptions !== undefined && mountOptions.length > 0)
    return `Mount options are not supported by the provisioner but StorageClass ${quoteGo(metadata.name)} has mount options [${mountOptions.join(" ")}]`;
  if (binderOptions(context).makeDirectory === undefined)
    return `Failed to create provisioner: provisioning in volume plugin "${hostPathPlugin}" is disabled`;
  const node = claim.metadata.annotations?.[annotations.selectedNode];
  if (node === undefined) return undefined;
  try {
    await context.client.of(nodes).get({ name: node });
    return undefined;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return `Failed to get target node: node "${node}" not found`;
  }
}

/** The scheduler chooses again. */
async function reschedule(objects: Objects, claim: PersistentVolumeClaim): Promise<void> {
  const { [annotations.selectedNode]: chosen, ...others } = claim.metadata.annotations ?? {};
  if (chosen !== undefined)
    await objects.updateClaim({ ...claim, metadata: { ...claim.metadata, annotations: others } });
}

/** Nothing stays of a volume that the API does not have. */
async function dropDirectory({ context, recorder, claim }: Order, path: string, error: unknown): Promise<void> {
  const tell = (reason: string, message: string): void => recorder.event(claim, { type: "Warning", reason, message });
  const key = objectKey(claim);
  if (!isAlreadyExists(error))
    tell(
      "ProvisioningFailed",
      `Error creating provisioned PV object for claim ${key}: ${errorText(error)}. Deleting the volume.`,
    );
  await binderOptions(context)
    .removeDirectory?.(path)
    .catch((cause: unknown) =>
      tell(
        "ProvisioningCleanupFailed",
        `Error cleaning provisioned volume for claim ${key}: ${errorText(cause)}. Please delete manually.`,
      ),
    );
}

function directoryVolume(
  { claim, storageClass }: Order,
  { name, path }: { readonly name: string; readonly path: string },
): NewObject<PersistentVolume> {
  const { accessModes = [], resources } = claim.spec;
  const { namespace, uid, resourceVersion } = claim.metadata;
  const policy = storageClass.reclaimPolicy ?? "Delete";
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name,
      annotations: {
        "kubernetes.io/createdby": "hostpath-dynamic-provisioner",
        [annotations.boundByController]: "yes",
        [annotations.provisionedBy]: hostPathPlugin,
      },
      ...(policy === "Delete" ? { finalizers: [inTreeFinalizer] } : {}),
    },
    spec: {
      persistentVolumeReclaimPolicy: policy,
      accessModes: accessModes.length === 0 ? ["ReadWriteOnce"] : accessModes,
      capacity: { storage: resources?.requests?.["storage"] ?? "0" },
      hostPath: { path },
      claimRef: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        name: claim.metadata.name,
        ...{ namespace, uid, resourceVersion },
      } as NonNullable<PersistentVolume["spec"]["claimRef"]>,
      storageClassName: classOf(claim),
    },
  };
}
