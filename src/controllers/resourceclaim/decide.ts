// What ResourceClaims a pod needs, has and gives back. Upstream: pkg/controller/resourceclaim, k8s.io/dynamic-resource-allocation
// (resourceclaim). Claims of PodGroups (feature DRAWorkloadResourceClaims, alpha) are not made.
import type { Pod, PodResourceClaim, ResourceClaimTemplate, resource_v1 } from "../../api/index.ts";
import { controllerOf, type NewObject, objectKey } from "../../machinery/index.ts";
import { isControlledBy, isDeleting, isTerminal } from "../lib/index.ts";

/** Not the entry of a container's resources that core/v1 calls so too. */
export type ResourceClaim = resource_v1.ResourceClaim;

const podClaimAnnotation = "resource.kubernetes.io/pod-claim-name";
export const claimFinalizer = "resource.kubernetes.io/delete-protection";

/** Which claim an entry of a pod's spec means. */
export type ClaimName =
  | { readonly type: "named"; readonly name: string; readonly isGenerated: boolean }
  /** It was found out before that none is needed. */
  | { readonly type: "unneeded" }
  | { readonly type: "not-created" }
  | { readonly type: "unsupported"; readonly why: string };

export function claimNameOf(pod: Pod, entry: PodResourceClaim): ClaimName {
  const { resourceClaimName, resourceClaimTemplateName, name } = entry;
  if (resourceClaimName !== undefined) return { type: "named", name: resourceClaimName, isGenerated: false };
  if (resourceClaimTemplateName === undefined) {
    const why = `pod "${objectKey(pod)}", spec.resourceClaim ${JSON.stringify(name)}: none of the supported fields are set`;
    return { type: "unsupported", why };
  }
  const status = pod.status?.resourceClaimStatuses?.find((each) => each.name === name);
  if (status === undefined) return { type: "not-created" };
  if (status.resourceClaimName === undefined) return { type: "unneeded" };
  return { type: "named", name: status.resourceClaimName, isGenerated: true };
}

export const entriesOf = (pod: Pod): readonly PodResourceClaim[] => pod.spec?.resourceClaims ?? [];

/** Names of the pod's claims that are known, in its namespace. */
export const claimNamesOf = (pod: Pod): readonly string[] =>
  entriesOf(pod).flatMap((entry) => {
    const found = claimNameOf(pod, entry);
    return found.type === "named" ? [found.name] : [];
  });

export const templateNamesOf = (pod: Pod): readonly string[] => [
  ...new Set(entriesOf(pod).flatMap(({ resourceClaimTemplateName: name }) => (name === undefined ? [] : [name]))),
];

/** Why a generated claim is not the pod's; undefined when it is. */
export function notFor(pod: Pod, claim: ResourceClaim): string | undefined {
  if (isControlledBy(claim, pod)) return undefined;
  return `ResourceClaim ${objectKey(claim)} was not created for Pod ${objectKey(pod)} (Pod is not owner)`;
}

/** None of its containers runs or ever will. */
export const isDone = (pod: Pod): boolean => isTerminal(pod) || (isDeleting(pod) && !pod.spec?.nodeName);

const isReservedFor = (pod: Pod, claim: ResourceClaim): boolean =>
  (claim.status?.reservedFor ?? []).some(({ uid }) => uid === pod.metadata.uid);

/** It is allocated and a pod that runs already is not among its users: who bound the pod was no scheduler. */
export const wantsReservation = (pod: Pod, claim: ResourceClaim): boolean =>
  claim.status?.allocation !== undefined && !isReservedFor(pod, claim);

/** Whether a sync of the pod would do anything. Nothing is made for a pod that is over: it would be taken away again. */
export function needsWork(pod: Pod, claimNamed: (name: string) => ResourceClaim | undefined): boolean {
  if (pod.metadata.deletionTimestamp !== undefined || isDone(pod)) return false;
  return entriesOf(pod).some((entry) => {
    const found = claimNameOf(pod, entry);
    if (found.type === "not-created" || found.type === "unsupported") return true;
    if (found.type === "unneeded") return false;
    const claim = claimNamed(found.name);
    if (claim === undefined) return entry.resourceClaimTemplateName !== undefined;
    if (found.isGenerated && notFor(pod, claim) !== undefined) return false;
    return Boolean(pod.spec?.nodeName) && wantsReservation(pod, claim);
  });
}

export interface TemplateGates {
  readonly adminAccess: boolean;
  readonly prioritizedList: boolean;
}

/** Why a template can not be followed; undefined when it can. */
export function refusal(template: ResourceClaimTemplate, gates: TemplateGates): string | undefined {
  const requests = template.spec.spec.devices?.requests ?? [];
  if (!gates.adminAccess && requests.some((each) => each.exactly?.adminAccess === true))
    return "admin access is requested, but the feature is disabled";
  if (!gates.prioritizedList && requests.some((each) => (each.firstAvailable ?? []).length > 0))
    return "template includes a prioritized list of subrequests, but the feature is disabled";
  return undefined;
}

/** Room for five drawn characters in a name of 63, with their hyphen. */
const longestBase = 57;

/** Long names are cut in proportion to their lengths, so that both can be told. */
export function generatedBase(podName: string, entryName: string): string {
  const whole = `${podName}-${entryName}-`;
  if (whole.length <= longestBase) return whole;
  const cut = (name: string): string => name.slice(0, Math.floor((name.length * longestBase) / whole.length));
  return `${cut(podName)}-${cut(entryName)}`;
}

/** The claim after the template; it goes with the pod. */
export function claimFor(
  pod: Pod,
  entry: PodResourceClaim,
  { spec: { metadata, spec } }: ResourceClaimTemplate,
): NewObject<ResourceClaim> {
  const { name, namespace = "", uid = "" } = pod.metadata;
  return {
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaim",
    metadata: {
      generateName: generatedBase(name, entry.name),
      namespace,
      ownerReferences: [{ apiVersion: "v1", kind: "Pod", name, uid, controller: true }],
      annotations: { ...metadata?.annotations, [podClaimAnnotation]: entry.name },
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
    },
    spec,
  } as unknown as NewObject<ResourceClaim>;
}

/** The one that was made for the entry, although the pod's status does not say so yet. */
export const claimMadeFor = (claims: readonly ResourceClaim[], entryName: string): ResourceClaim | undefined =>
  claims.find((claim) => claim.metadata.annotations?.[podClaimAnnotation] === entryName);

/** The pod that a generated claim belongs to. */
export function owningPod(claim: ResourceClaim): { readonly name: string; readonly uid: string } | undefined {
  const owner = controllerOf(claim);
  return owner?.apiVersion === "v1" && owner.kind === "Pod" ? owner : undefined;
}

type Consumer = resource_v1.ResourceClaimConsumerReference;

export const isPod = (consumer: Consumer): boolean => !consumer.apiGroup && consumer.resource === "pods";

/**
 * What is left of a claim when only `users` still need it; undefined when nothing changes. Who was the last takes the allocation
 * along, so that the next may be placed anywhere; a claim that has never been used keeps it until it is to go.
 */
export function released(claim: ResourceClaim, users: readonly Consumer[]): ResourceClaim | undefined {
  const { reservedFor = [], allocation, ...status } = claim.status ?? {};
  const isProtected = claim.metadata.finalizers?.includes(claimFinalizer) === true;
  if (users.length < reservedFor.length) {
    const keeps = allocation !== undefined && !(users.length === 0 && isProtected);
    return {
      ...claim,
      status: { ...status, ...(keeps ? { allocation } : {}), ...(users.length > 0 ? { reservedFor: [...users] } : {}) },
    };
  }
  if (!isProtected || claim.metadata.deletionTimestamp === undefined || users.length > 0) return undefined;
  return allocation === undefined ? claim : { ...claim, status };
}

export const withoutFinalizer = (claim: ResourceClaim): ResourceClaim => ({
  ...claim,
  metadata: {
    ...claim.metadata,
    finalizers: (claim.metadata.finalizers ?? []).filter((each) => each !== claimFinalizer),
  },
});
