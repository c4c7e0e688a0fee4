// Claims of the pod: each must exist, be bound and be reachable from the node. Claims that wait for their first consumer
// (volumeBindingMode WaitForFirstConsumer) are not bound yet: a pod that has one is unschedulable and told so.
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../../api/index.ts";
import {
  action,
  asClaim,
  check,
  type FilterStep,
  type Plugin,
  reject,
  type Status,
  skip,
  unresolvable,
} from "../../framework.ts";
import type { Handle, Listers } from "../../handle.ts";
import { type NodeMatcher, nodeSelectorMatcher } from "../../lib/node-selector.ts";

const name = "VolumeBinding";
const unboundImmediate = unresolvable(name, "pod has unbound immediate PersistentVolumeClaims");
const waitsForConsumer = unresolvable(
  name,
  "pod has unbound PersistentVolumeClaims with volumeBindingMode WaitForFirstConsumer, which this scheduler does not bind yet",
);
const wrongNode = unresolvable(name, "node(s) didn't match PersistentVolume's node affinity");
const volumeGone = unresolvable(name, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");

interface ClaimUse {
  readonly name: string;
  readonly ephemeral: boolean;
}

function claimUses(pod: Pod): ClaimUse[] {
  const uses: ClaimUse[] = [];
  for (const volume of pod.spec?.volumes ?? [])
    if (volume.persistentVolumeClaim !== undefined)
      uses.push({ name: volume.persistentVolumeClaim.claimName, ephemeral: false });
    else if (volume.ephemeral !== undefined)
      uses.push({ name: `${pod.metadata.name}-${volume.name}`, ephemeral: true });
  return uses;
}

const boundMark = "pv.kubernetes.io/bind-completed";
const isBound = (claim: PersistentVolumeClaim): boolean =>
  Boolean(claim.spec?.volumeName) && claim.metadata.annotations?.[boundMark] !== undefined;

/** The claim, or why there is none to use. */
function usableClaim(listers: Listers, pod: Pod, use: ClaimUse): PersistentVolumeClaim | Status {
  const claim = listers.persistentVolumeClaims.get(pod.metadata.namespace ?? "", use.name);
  if (claim === undefined)
    return unresolvable(
      name,
      use.ephemeral
        ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${use.name}"`
        : `persistentvolumeclaim "${use.name}" not found`,
    );
  if (claim.status?.phase === "Lost")
    return unresolvable(
      name,
      `persistentvolumeclaim "${use.name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ""}"`,
    );
  if (claim.metadata.deletionTimestamp !== undefined)
    return unresolvable(name, `persistentvolumeclaim "${use.name}" is being deleted`);
  const owner = claim.metadata.ownerReferences?.find((each) => each.controller === true);
  if (use.ephemeral && owner?.uid !== pod.metadata.uid)
    return unresolvable(
      name,
      `PVC ${pod.metadata.namespace}/${use.name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`,
    );
  return claim;
}

function waitsForFirstConsumer(listers: Listers, claim: PersistentVolumeClaim): boolean {
  const className =
    claim.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? claim.spec?.storageClassName ?? "";
  return (
    className !== "" &&
    !claim.spec?.volumeName &&
    listers.storageClasses.get("", className)?.volumeBindingMode === "WaitForFirstConsumer"
  );
}

function filterClaims(listers: Listers, pod: Pod): FilterStep {
  const uses = claimUses(pod);
  if (uses.length === 0) return skip;
  const claims: PersistentVolumeClaim[] = [];
  for (const use of uses) {
    const claim = usableClaim(listers, pod, use);
    if ("reasons" in claim) return reject(claim);
    claims.push(claim);
  }
  const unbound = claims.filter((claim) => !isBound(claim));
  if (unbound.some((claim) => !waitsForFirstConsumer(listers, claim))) return reject(unboundImmediate);
  if (unbound.length > 0) return reject(waitsForConsumer);
  const volumes = claims.map((claim) => listers.persistentVolumes.get("", claim.spec!.volumeName!));
  if (volumes.includes(undefined)) return check({ check: () => volumeGone });
  const matchers = volumes.map((volume) => reachable(volume!)).filter((matcher) => matcher !== undefined);
  if (matchers.length === 0) return skip;
  return check({ check: (node) => (matchers.every((matches) => matches(node)) ? undefined : wrongNode) });
}

function reachable(volume: PersistentVolume): NodeMatcher | undefined {
  const required = volume.spec?.nodeAffinity?.required;
  return required === undefined ? undefined : nodeSelectorMatcher(required);
}

export const volumeBinding = ({ listers }: Handle): Plugin => ({
  name,
  filter: (info) => filterClaims(listers, info.pod),
  events: [
    { resource: "StorageClass", action: action.add | action.update },
    {
      resource: "PersistentVolumeClaim",
      action: action.add | action.update,
      hint: (info, _before, after) => {
        const claim = asClaim(after)!;
        return (
          claim.metadata.namespace === info.namespace &&
          claimUses(info.pod).some((use) => use.name === claim.metadata.name)
        );
      },
    },
    { resource: "PersistentVolume", action: action.add | action.update },
    { resource: "Node", action: action.add | action.updateNodeLabel },
  ],
});
