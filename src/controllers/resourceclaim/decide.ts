// What ResourceClaims a pod or a PodGroup needs, has and gives back. Upstream: pkg/controller/resourceclaim,
// k8s.io/dynamic-resource-allocation (resourceclaim).
import type { Pod, PodGroup, PodResourceClaim, ResourceClaimTemplate, resource_v1 } from "../../api/index.ts";
import { controllerOf, type NewObject, objectKey } from "../../machinery/index.ts";
import {
  type ClaimUsers,
  isControlledBy,
  isDeleting,
  isReservedFor,
  isTerminal,
  notFor,
  podGroupConsumer,
} from "../lib/index.ts";

/** Not the entry of a container's resources that core/v1 calls so too. */
export type ResourceClaim = resource_v1.ResourceClaim;

const podClaimAnnotation = "resource.kubernetes.io/pod-claim-name";
export const claimFinalizer = "resource.kubernetes.io/delete-protection";

/** Who names claims: both do in the same fields. */
export type Owner = Pod | PodGroup;

/** Which claim an entry of its spec means. */
export type ClaimName =
  | { readonly type: "named"; readonly name: string; readonly isGenerated: boolean }
  /** It was found out before that none is needed. */
  | { readonly type: "unneeded" }
  | { readonly type: "not-created" }
  | { readonly type: "unsupported"; readonly why: string };

export function claimNameOf(owner: Owner, entry: PodResourceClaim): ClaimName {
  const { resourceClaimName, resourceClaimTemplateName, name } = entry;
  if (resourceClaimName !== undefined) return { type: "named", name: resourceClaimName, isGenerated: false };
  if (resourceClaimTemplateName === undefined) {
    const who = isGroup(owner)
      ? `PodGroup ${objectKey(owner)}, spec.resourceClaim ${name}`
      : `pod "${objectKey(owner)}", spec.resourceClaim ${JSON.stringify(name)}`;
    return { type: "unsupported", why: `${who}: none of the supported fields are set` };
  }
  const status = owner.status?.resourceClaimStatuses?.find((each) => each.name === name);
  if (status === undefined) return { type: "not-created" };
  if (status.resourceClaimName === undefined) return { type: "unneeded" };
  return { type: "named", name: status.resourceClaimName, isGenerated: true };
}

export const isGroup = (owner: Owner): owner is PodGroup => owner.kind === "PodGroup";

export const entriesOf = (owner: Owner): readonly PodResourceClaim[] => owner.spec?.resourceClaims ?? [];

/** Names of its claims that are known, in its namespace. */
export const claimNamesOf = (owner: Owner): readonly string[] =>
  entriesOf(owner).flatMap((entry) => {
    const found = claimNameOf(owner, entry);
    return found.type === "named" ? [found.name] : [];
  });

export const templateNamesOf = (owner: Owner): readonly string[] => [
  ...new Set(entriesOf(owner).flatMap(({ resourceClaimTemplateName: name }) => (name === undefined ? [] : [name]))),
];

/** Why a generated claim is not the group's; undefined when it is. */
export const notForGroup = (group: PodGroup, claim: ResourceClaim): string | undefined =>
  isControlledBy(claim, group)
    ? undefined
    : `ResourceClaim ${objectKey(claim)} was not created for PodGroup ${objectKey(group)} (PodGroup is not owner)`;

/** None of its containers runs or ever will. */
export const isDone = (pod: Pod): boolean => isTerminal(pod) || (isDeleting(pod) && !pod.spec?.nodeName);

/** It is allocated and a pod that runs already is not among its users: who bound the pod was no scheduler. */
export const wantsReservation = (pod: Pod, claim: ResourceClaim, users: ClaimUsers): boolean =>
  claim.status?.allocation !== undefined && !isReservedFor(pod, claim, users);

/** The entry means the claim that its group names in the same words. */
export const isOfGroup = (group: PodGroup | undefined, entry: PodResourceClaim): boolean =>
  group !== undefined &&
  entriesOf(group).some(
    (each) =>
      each.name === entry.name &&
      each.resourceClaimName === entry.resourceClaimName &&
      each.resourceClaimTemplateName === entry.resourceClaimTemplateName,
  );

/** Who a claim is reserved for that the pod uses by this entry. */
export const consumerOf = (pod: Pod, group: PodGroup | undefined, entry: PodResourceClaim): Consumer =>
  group !== undefined && isOfGroup(group, entry)
    ? podGroupConsumer(group.metadata)
    : { resource: "pods", name: pod.metadata.name, uid: pod.metadata.uid ?? "" };

/** What is known of the pod's surroundings. */
export interface Known {
  readonly users: ClaimUsers;
  claimNamed(name: string): ResourceClaim | undefined;
  /** Undefined for pods without one; "missing" when it is not there. */
  groupOf(pod: Pod): PodGroup | "missing" | undefined;
}

/** Whether a sync of the pod would do anything. Nothing is made for a pod that is over: it would be taken away again. */
export function needsWork(pod: Pod, { users, claimNamed, groupOf }: Known): boolean {
  if (pod.metadata.deletionTimestamp !== undefined || isDone(pod)) return false;
  return entriesOf(pod).some((entry) => {
    const found = claimNameOf(pod, entry);
    if (found.type === "not-created" || found.type === "unsupported") return true;
    if (found.type === "unneeded") return false;
    const claim = claimNamed(found.name);
    if (claim === undefined) {
      if (entry.resourceClaimTemplateName === undefined) return false;
      const group = groupOf(pod);
      return group === "missing" || !isOfGroup(group, entry);
    }
    if (found.isGenerated && notFor(pod, claim, users) !== undefined) return false;
    return Boolean(pod.spec?.nodeName) && wantsReservation(pod, claim, users);
  });
}

/** Whether a sync of the group would make a claim. */
export function groupNeedsWork(group: PodGroup, claimNamed: Known["claimNamed"]): boolean {
  if (group.metadata.deletionTimestamp !== undefined) return false;
  return entriesOf(group).some((entry) => {
    const found = claimNameOf(group, entry);
    if (found.type !== "named") return found.type !== "unneeded";
    return claimNamed(found.name) === undefined && entry.resourceClaimTemplateName !== undefined;
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
export function generatedBase(ownerName: string, entryName: string): string {
  const whole = `${ownerName}-${entryName}-`;
  if (whole.length <= longestBase) return whole;
  const cut = (name: string): string => name.slice(0, Math.floor((name.length * longestBase) / whole.length));
  return `${cut(ownerName)}-${cut(entryName)}`;
}

/** The claim after the template; it goes with its owner. */
export function claimFor(
  owner: Owner,
  entry: PodResourceClaim,
  { spec: { metadata, spec } }: ResourceClaimTemplate,
): NewObject<ResourceClaim> {
  const { name, namespace = "", uid = "" } = owner.metadata;
  const [apiVersion, kind] = isGroup(owner) ? ["scheduling.k8s.io/v1alpha2", "PodGroup"] : ["v1", "Pod"];
  return {
    apiVersion: "resource.k8s.io/v1",
    kind: "ResourceClaim",
    metadata: {
      generateName: generatedBase(name, entry.name),
      namespace,
      ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
      annotations: { ...metadata?.annotations, [podClaimAnnotation]: entry.name },
      ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
    },
    spec,
  } as NewObject<ResourceClaim>;
}

/** The one that was made for the entry, although the owner's status does not say so yet. */
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
