// Whose work it is to make a volume larger. Upstream: pkg/controller/volume/expand. None of the drivers that are left in tree
// can; FlexVolumes, which the node's driver expands, are not known here.
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/index.ts";
import { compareQuantities } from "../../machinery/index.ts";
import { csiNameOf, movedDriverOf } from "../lib/index.ts";

export const resizerAnnotation = "volume.kubernetes.io/storage-resizer";
const preResizeAnnotation = "volume.alpha.kubernetes.io/pre-resize-capacity";

type Claim = Pick<PersistentVolumeClaim, "spec" | "status">;

const requested = ({ spec }: Claim): string => spec.resources?.requests?.["storage"] ?? "0";
const actual = ({ status }: Claim): string => status?.capacity?.["storage"] ?? "0";

/** Somebody wants more of it than before, or has got more. */
export const hasGrown = (before: Claim, claim: Claim): boolean =>
  compareQuantities(requested(claim), requested(before)) > 0 || compareQuantities(actual(claim), actual(before)) > 0;

/** The volume is the claim's and no other's. */
export const isBoundTo = ({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean =>
  spec.claimRef?.namespace === metadata.namespace && spec.claimRef?.uid === metadata.uid;

export interface Expansion {
  /** Of the event ExternalExpanding. */
  readonly message: string;
  /** The CSI driver that is to do it, when the claim does not say so yet by itself. */
  readonly resizer?: string;
}

/** Undefined when nothing is to be done. */
export function expansionOf(claim: PersistentVolumeClaim, volume: PersistentVolume): Expansion | undefined {
  const wantsMore = compareQuantities(requested(claim), actual(claim)) > 0;
  if (!wantsMore && volume.metadata.annotations?.[preResizeAnnotation] === undefined) return undefined;
  const moved = movedDriverOf(volume);
  const resizer = moved === undefined ? undefined : csiNameOf(moved);
  if (resizer !== undefined)
    return { message: `CSI migration enabled for ${moved}; waiting for external resizer to expand the pvc`, resizer };
  if (volume.spec.flexVolume !== undefined) return undefined;
  return { message: "waiting for an external controller to expand this PVC" };
}
