// From a pod's volume that names a claim to the persistent volume behind it. Upstream:
// pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go createVolumeSpec; texts are theirs.
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  persistentVolumeClaims,
  persistentVolumes,
  type Volume,
} from "../../api/index.ts";
import type { KubeletContext } from "../context.ts";
import { allContainers } from "../pod.ts";

export interface ClaimedVolume {
  readonly persistent: PersistentVolume;
  readonly readonly: boolean;
  readonly mode: "Filesystem" | "Block";
}

const protection = "kubernetes.io/pvc-protection";

/** Rejects while the claim is not bound, and when containers use the volume in another way than it is. */
export async function claimedVolume(context: KubeletContext, pod: Pod, volume: Volume): Promise<ClaimedVolume> {
  const namespace = pod.metadata.namespace ?? "";
  const name = volume.persistentVolumeClaim?.claimName ?? `${pod.metadata.name}-${volume.name}`;
  const persistent = await told(`error processing PVC ${namespace}/${name}`, async () => {
    const claim = await boundClaim(context, { namespace, name });
    if (
      volume.ephemeral !== undefined &&
      !claim.metadata.ownerReferences?.some((each) => each.uid === pod.metadata.uid)
    )
      throw new NotOfThisPod(
        `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
      );
    return volumeOf(context, claim);
  });
  const mode = persistent.spec.volumeMode === "Block" ? "Block" : "Filesystem";
  checkUse(pod, volume.name, mode);
  return { persistent, readonly: volume.persistentVolumeClaim?.readOnly === true, mode };
}

class NotOfThisPod extends Error {}

async function told<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NotOfThisPod || !(error instanceof Error)) throw error;
    throw new Error(`${where}: ${error.message}`, { cause: error });
  }
}

async function boundClaim(
  context: KubeletContext,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<PersistentVolumeClaim> {
  const claim = await context.client.of(persistentVolumeClaims).find({ namespace, name });
  if (claim === undefined)
    throw new Error(`failed to fetch PVC from API server: persistentvolumeclaims ${JSON.stringify(name)} not found`);
  // One that is protected stays until this pod is gone: a restarted kubelet must find the pod's volumes again.
  if (claim.metadata.deletionTimestamp !== undefined && !claim.metadata.finalizers?.includes(protection))
    throw new Error("PVC is being deleted");
  if (claim.status?.phase !== "Bound") throw new Error("PVC is not bound");
  if (!claim.spec.volumeName) throw new Error("PVC has empty pvc.Spec.VolumeName");
  return claim;
}

async function volumeOf(context: KubeletContext, claim: PersistentVolumeClaim): Promise<PersistentVolume> {
  const name = claim.spec.volumeName ?? "";
  const persistent = await context.client.of(persistentVolumes).find({ name });
  if (persistent === undefined)
    throw new Error(`failed to fetch PV ${name} from API server: persistentvolumes ${JSON.stringify(name)} not found`);
  const { claimRef } = persistent.spec;
  if (claimRef === undefined)
    throw new Error(
      `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`,
    );
  if (claimRef.uid !== claim.metadata.uid)
    throw new Error(
      `found PV object ${name} but its pv.Spec.ClaimRef.UID ${claimRef.uid ?? ""} does not point to claim.UID ${claim.metadata.uid}`,
    );
  return persistent;
}

function checkUse(pod: Pod, name: string, mode: ClaimedVolume["mode"]): void {
  const containers = allContainers(pod).map(({ container }) => container);
  const wrong =
    mode === "Block"
      ? containers.some(({ volumeMounts = [] }) => volumeMounts.some((each) => each.name === name))
        ? "volumeMounts"
        : undefined
      : containers.some(({ volumeDevices = [] }) => volumeDevices.some((each) => each.name === name))
        ? "volumeDevices"
        : undefined;
  if (wrong !== undefined) throw new Error(`volume ${name} has volumeMode ${mode}, but is specified in ${wrong}`);
}
