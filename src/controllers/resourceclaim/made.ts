// Claims that were made and are not in the cache yet, by the uid of their pod or PodGroup.
import { owningPodGroup } from "../lib/index.ts";
import { owningPod, type ResourceClaim } from "./decide.ts";

/** The claims' index by the uid of the pod or PodGroup that controls them. */
export const byOwner = "claimOwner";

export const ownerUidOf = (claim: ResourceClaim): string | undefined =>
  (owningPod(claim) ?? owningPodGroup(claim))?.uid;

export interface MadeClaims {
  of(ownerUid: string): readonly ResourceClaim[];
  note(ownerUid: string, claim: ResourceClaim): void;
  /** The cache has it now, or it is gone. */
  forget(claim: ResourceClaim): void;
  forgetOwner(uid: string): void;
}

export function createMadeClaims(): MadeClaims {
  const made = new Map<string, readonly ResourceClaim[]>();
  return {
    of: (ownerUid) => made.get(ownerUid) ?? [],
    note: (ownerUid, claim) => void made.set(ownerUid, [...(made.get(ownerUid) ?? []), claim]),
    forget(claim) {
      const uid = ownerUidOf(claim);
      const waiting = uid === undefined ? undefined : made.get(uid);
      if (uid === undefined || waiting === undefined) return;
      const rest = waiting.filter((each) => each.metadata.uid !== claim.metadata.uid);
      if (rest.length > 0) made.set(uid, rest);
      else made.delete(uid);
    },
    forgetOwner: (uid) => void made.delete(uid),
  };
}
