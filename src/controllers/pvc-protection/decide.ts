// Whether a pod keeps a claim from going. Upstream: pkg/controller/volume/pvcprotection, k8s.io/dynamic-resource-allocation ephemeral volumes.
import type { PersistentVolumeClaim, Pod } from "../../api/index.ts";
import { controllerOf } from "../../machinery/index.ts";

/** Names of the claims in its namespace that a pod mounts, those made for it included. */
export const claimNamesOf = (pod: Pod): readonly string[] =>
  (pod.spec?.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim !== undefined) return volume.persistentVolumeClaim.claimName;
    return volume.ephemeral === undefined ? [] : `${pod.metadata.name}-${volume.name}`;
  });

/**
 * Only pods on a node count: a kubelet starts no pod whose claim is being deleted. A claim that was made for the pod goes as soon
 * as the kubelet is done with it, so that pod and claim do not wait for each other.
 */
export function usesClaim(pod: Pod, claim: PersistentVolumeClaim): boolean {
  if (!pod.spec?.nodeName || pod.metadata.namespace !== claim.metadata.namespace) return false;
  return (pod.spec.volumes ?? []).some((volume) => {
    if (volume.persistentVolumeClaim !== undefined)
      return volume.persistentVolumeClaim.claimName === claim.metadata.name;
    if (volume.ephemeral === undefined || isShutDown(pod)) return false;
    return (
      claim.metadata.name === `${pod.metadata.name}-${volume.name}` && controllerOf(claim)?.uid === pod.metadata.uid
    );
  });
}

const isShutDown = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp !== undefined && pod.metadata.deletionGracePeriodSeconds === 0;
