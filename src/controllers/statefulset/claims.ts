// Who owns a StatefulSet's claims, so that they go when the retention policy says so. Upstream: KEP-1847, stateful_set_utils.go.
import type { KubeObject, OwnerReference } from "../../machinery/index.ts";
import { type Claim, inRange, ordinalOf, type StatefulSet } from "./identity.ts";

/** As much of a pod as its claims refer to. */
export interface PodIdentity {
  readonly metadata: { readonly name: string; readonly uid?: string };
}

type Refs = readonly OwnerReference[];

const policyOf = (set: StatefulSet): { whenDeleted: string; whenScaled: string } => ({
  whenDeleted: set.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted ?? "Retain",
  whenScaled: set.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled ?? "Retain",
});

const refsOf = (claim: Claim): Refs => claim.metadata.ownerReferences ?? [];
const isSet = (ref: OwnerReference, set: StatefulSet): boolean =>
  ref.apiVersion === "apps/v1" && ref.kind === "StatefulSet" && ref.name === set.metadata.name;
const isPod = (ref: OwnerReference, pod: PodIdentity): boolean =>
  ref.apiVersion === "v1" && ref.kind === "Pod" && ref.name === pod.metadata.name;
const has = (claim: Claim, uid: string | undefined): boolean => refsOf(claim).some((ref) => ref.uid === uid);

/** The claim belongs to a pod of this name that is not this pod: it is about to go with it. */
export const isStaleFor = (claim: Claim, pod: PodIdentity): boolean =>
  refsOf(claim).some((ref) => isPod(ref, pod) && ref.uid !== (pod.metadata.uid ?? ""));

const isStaleForSet = (claim: Claim, set: StatefulSet): boolean =>
  refsOf(claim).some((ref) => isSet(ref, set) && ref.uid !== set.metadata.uid);

/** Someone else controls the claim: the retention policy is not applied then. */
export function hasUnexpectedController(claim: Claim, set: StatefulSet, pod: PodIdentity): boolean {
  const policy = policyOf(set);
  if (policy.whenScaled === "Retain" && policy.whenDeleted === "Retain") return false;
  return refsOf(claim).some((ref) => {
    if (isSet(ref, set)) return ref.uid !== set.metadata.uid;
    if (isPod(ref, pod)) return ref.uid !== (pod.metadata.uid ?? "");
    return ref.controller === true;
  });
}

/** Which of the two should own the claim now. */
function wantedOwners(set: StatefulSet, pod: PodIdentity): { set: boolean; pod: boolean } {
  const { whenDeleted, whenScaled } = policyOf(set);
  const scaledDown = !inRange(set, ordinalOf(pod));
  return {
    set: whenDeleted === "Delete" && (whenScaled === "Retain" || !scaledDown),
    pod: whenScaled === "Delete" && scaledDown,
  };
}

export function isOwnerUpToDate(claim: Claim, set: StatefulSet, pod: PodIdentity): boolean {
  if (isStaleForSet(claim, set) || isStaleFor(claim, pod)) return true; // it is going away, nothing to repair
  const ours = has(claim, set.metadata.uid);
  const pods = has(claim, pod.metadata.uid);
  if (hasUnexpectedController(claim, set, pod)) return !(ours || pods);
  const loose = refsOf(claim).some(
    (ref) => (ref.uid === set.metadata.uid || ref.uid === pod.metadata.uid) && ref.controller !== true,
  );
  if (loose) return false;
  const wanted = wantedOwners(set, pod);
  return ours === wanted.set && pods === wanted.pod;
}

const controllerRef = (owner: Pick<KubeObject, "apiVersion" | "kind">, identity: PodIdentity): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: identity.metadata.name,
  uid: identity.metadata.uid ?? "",
  controller: true,
  blockOwnerDeletion: true,
});

export function withOwners(claim: Claim, set: StatefulSet, pod: PodIdentity): Claim {
  const refs = refsOf(claim).filter((ref) => !isSet(ref, set) && !isPod(ref, pod));
  if (!hasUnexpectedController(claim, set, pod)) {
    const wanted = wantedOwners(set, pod);
    if (wanted.pod) refs.push(controllerRef({ apiVersion: "v1", kind: "Pod" }, pod));
    if (wanted.set) refs.push(controllerRef({ apiVersion: "apps/v1", kind: "StatefulSet" }, set));
  }
  return { ...claim, metadata: { ...claim.metadata, ownerReferences: refs } };
}

export const conflictText = (claim: string): string =>
  `PersistentVolumeClaim ${claim} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;
