// Whose a ResourceClaim is and who uses it: a pod, or with the feature DRAWorkloadResourceClaims (alpha) the PodGroup that the pod names.
// Upstream: k8s.io/dynamic-resource-allocation/resourceclaim.
import type { Pod, resource_v1 } from "../../api/index.ts";
import { controllerOf, objectKey } from "../../machinery/index.ts";
import { type ControllerContext, featureEnabled } from "./context.ts";
import { isControlledBy } from "./owners.ts";

type ResourceClaim = resource_v1.ResourceClaim;
type Consumer = resource_v1.ResourceClaimConsumerReference;

/** Which users of claims there are. */
export interface ClaimUsers {
  readonly podGroups: boolean;
}

export const claimUsers = (context: ControllerContext): ClaimUsers => ({
  podGroups: featureEnabled(context, "DRAWorkloadResourceClaims"),
});

const group = "scheduling.k8s.io";
const resource = "podgroups";

export const isPodGroup = ({ apiGroup, resource: of }: Pick<Consumer, "apiGroup" | "resource">): boolean =>
  apiGroup === group && of === resource;

export const podGroupConsumer = ({ name, uid = "" }: { readonly name: string; readonly uid?: string }): Consumer => ({
  ...{ apiGroup: group, resource, name, uid },
});

/** The PodGroup that controls a claim, of any version. */
export function owningPodGroup(claim: ResourceClaim): { readonly name: string; readonly uid: string } | undefined {
  const owner = controllerOf(claim);
  return owner?.kind === "PodGroup" && owner.apiVersion.startsWith(`${group}/`) ? owner : undefined;
}

/** Name of the PodGroup that a pod says it is of. */
export const podGroupNameOf = (pod: Pod): string | undefined => pod.spec?.schedulingGroup?.podGroupName;

/** Why a generated claim is not the pod's; undefined when it is. */
export function notFor(pod: Pod, claim: ResourceClaim, users: ClaimUsers): string | undefined {
  if (isControlledBy(claim, pod)) return undefined;
  const name = users.podGroups ? podGroupNameOf(pod) : undefined;
  // A pod does not know the uid of its group.
  if (name !== undefined && owningPodGroup(claim)?.name === name) return undefined;
  const who = name === undefined ? "Pod is not owner" : `neither Pod nor PodGroup ${name} is the owner`;
  return `ResourceClaim ${objectKey(claim)} was not created for Pod ${objectKey(pod)} (${who})`;
}

export function isReservedFor(pod: Pod, claim: ResourceClaim, users: ClaimUsers): boolean {
  const name = users.podGroups ? podGroupNameOf(pod) : undefined;
  return (claim.status?.reservedFor ?? []).some(
    (each) => each.uid === pod.metadata.uid || (name !== undefined && isPodGroup(each) && each.name === name),
  );
}
