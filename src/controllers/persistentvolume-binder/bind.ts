// Marks volume and claim as each other's, volume first, so that a claim that says it is bound always is. Each step may be the last one
// before a crash: the next look goes on from there. Upstream: pv_controller.go bind, unbindVolume.
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/index.ts";
import { annotations, hasAnnotation, isBoundTo } from "./match.ts";
import type { Objects } from "./objects.ts";

export async function bind(objects: Objects, volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
  let boundVolume = volume;
  const forClaim = volumeFor(volume, claim);
  if (forClaim !== undefined) boundVolume = await objects.updateVolume(forClaim);
  boundVolume = await objects.setPhase(boundVolume, "Bound");
  let boundClaim = claim;
  const onVolume = claimOn(claim, boundVolume);
  if (onVolume !== undefined) boundClaim = await objects.updateClaim(onVolume);
  await objects.setClaimPhase(boundClaim, "Bound", { volume: boundVolume });
}

/** Undefined when the volume names the claim already. */
function volumeFor(volume: PersistentVolume, claim: PersistentVolumeClaim): PersistentVolume | undefined {
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const ref = volume.spec.claimRef;
  const mark = !isBoundTo(volume, claim) && !hasAnnotation(volume, annotations.boundByController);
  const named = ref !== undefined && ref.name === name && ref.namespace === namespace && ref.uid === uid;
  if (named && !mark) return undefined;
  const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid, resourceVersion };
  return {
    ...volume,
    metadata: mark ? annotated(volume, annotations.boundByController) : volume.metadata,
    spec: { ...volume.spec, claimRef: named ? ref : (claimRef as NonNullable<typeof ref>) },
  };
}

/** Undefined when the claim names the volume already. */
function claimOn(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim | undefined {
  const named = claim.spec.volumeName === volume.metadata.name;
  if (named && hasAnnotation(claim, annotations.bindCompleted)) return undefined;
  const own = named || hasAnnotation(claim, annotations.boundByController) ? [] : [annotations.boundByController];
  return {
    ...claim,
    metadata: annotated(claim, annotations.bindCompleted, ...own),
    spec: { ...claim.spec, volumeName: volume.metadata.name },
  };
}

const annotated = <T extends PersistentVolume | PersistentVolumeClaim>(
  { metadata }: T,
  ...names: string[]
): T["metadata"] => ({
  ...metadata,
  annotations: { ...metadata.annotations, ...Object.fromEntries(names.map((name) => [name, "yes"])) },
});

/** Takes back what the binder did; a volume that its user reserved stays reserved. */
export async function unbind(objects: Objects, volume: PersistentVolume): Promise<void> {
  const { [annotations.boundByController]: byController, ...others } = volume.metadata.annotations ?? {};
  const { claimRef, ...spec } = volume.spec;
  const { annotations: _, ...metadata } = volume.metadata;
  const { uid: __, ...reserved } = claimRef ?? {};
  const after =
    byController === undefined
      ? { ...volume, spec: { ...volume.spec, claimRef: reserved } }
      : {
          ...volume,
          metadata: Object.keys(others).length === 0 ? metadata : { ...metadata, annotations: others },
          spec,
        };
  await objects.setPhase(await objects.updateVolume(after), "Available");
}
