// The claims that a pod's ephemeral volumes need. Upstream: pkg/controller/volume/ephemeral,
// k8s.io/dynamic-resource-allocation and k8s.io/component-helpers/storage/ephemeral.
import type { PersistentVolumeClaim, Pod, Volume } from "../../api/index.ts";
import type { NewObject } from "../../machinery/index.ts";
import { controllerReference, isControlledBy } from "../lib/index.ts";

export const claimNameOf = (pod: Pod, volume: Volume): string => `${pod.metadata.name}-${volume.name}`;

export const ephemeralVolumesOf = (pod: Pod): readonly Volume[] =>
  (pod.spec?.volumes ?? []).filter((volume) => volume.ephemeral !== undefined);

/** Names, in the pod's namespace, of the claims that are or will be made for it. */
export const ephemeralClaimNames = (pod: Pod): readonly string[] =>
  ephemeralVolumesOf(pod).map((volume) => claimNameOf(pod, volume));

/** Why a claim of the right name is not the pod's; undefined when it is. */
export function notFor(pod: Pod, claim: PersistentVolumeClaim): string | undefined {
  const { namespace } = pod.metadata;
  if (claim.metadata.namespace === namespace && isControlledBy(claim, pod)) return undefined;
  return `PVC ${claim.metadata.namespace}/${claim.metadata.name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`;
}

/** The claim after the volume's template; it goes with the pod. */
export function claimFor(pod: Pod, volume: Volume): NewObject<PersistentVolumeClaim> {
  const template = volume.ephemeral?.volumeClaimTemplate;
  const { annotations, labels } = template?.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: claimNameOf(pod, volume),
      ...(pod.metadata.namespace === undefined ? {} : { namespace: pod.metadata.namespace }),
      ownerReferences: [controllerReference(pod)],
      ...(annotations === undefined ? {} : { annotations }),
      ...(labels === undefined ? {} : { labels }),
    },
    spec: template?.spec ?? {},
  };
}
