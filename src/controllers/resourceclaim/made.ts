// Claims that were made and are not in the cache yet, by the uid of their pod.
import { owningPod, type ResourceClaim } from "./decide.ts";

/** The claims' index by the uid of the pod that owns them. */
export const byOwner = "podOwner";

export interface MadeClaims {
  of(podUid: string): readonly ResourceClaim[];
  note(podUid: string, claim: ResourceClaim): void;
  /** The cache has it now, or it is gone. */
  forget(claim: ResourceClaim): void;
  forgetPod(podUid: string): void;
}

export function createMadeClaims(): MadeClaims {
  const made = new Map<string, readonly ResourceClaim[]>();
  return {
    of: (podUid) => made.get(podUid) ?? [],
    note: (podUid, claim) => void made.set(podUid, [...(made.get(podUid) ?? []), claim]),
    forget(claim) {
      const owner = owningPod(claim);
      const waiting = owner === undefined ? undefined : made.get(owner.uid);
      if (owner === undefined || waiting === undefined) return;
      const rest = waiting.filter((each) => each.metadata.uid !== claim.metadata.uid);
      if (rest.length > 0) made.set(owner.uid, rest);
      else made.delete(owner.uid);
    },
    forgetPod: (podUid) => void made.delete(podUid),
  };
}
