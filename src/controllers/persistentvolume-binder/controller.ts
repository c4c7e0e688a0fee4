// Claims and volumes find each other, and stay together. Upstream: pkg/controller/volume/persistentvolume.
//
// Contract: one key at a time. A volume is written before its claim, and a claim that has been bound once is never given another
// volume: it is Lost when its own is gone.
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  type StorageClass,
  storageClasses,
} from "../../api/index.ts";
import { every } from "../../base/index.ts";
import type { EventRecorder, Informer } from "../../client/index.ts";
import { objectKey } from "../../machinery/index.ts";
import { type ControllerContext, isTerminal, newQueue, runLoop, watch } from "../lib/index.ts";
import { bind, unbind } from "./bind.ts";
import { guardedFinalizers, migrationMarked } from "./drivers.ts";
import {
  annotations,
  asksForClass,
  bestMatch,
  classOf,
  defaultClass,
  hasAnnotation,
  isBoundTo,
  mismatch,
  modesDiffer,
} from "./match.ts";
import { createObjects, type Objects } from "./objects.ts";
import { provision } from "./provision.ts";
import { binderOptions, reclaim } from "./reclaim.ts";
import { createRecycler, type Recycler } from "./recycle.ts";

/** What waits is looked at again, and told again. Upstream: --pvclaimbinder-sync-period. */
const resyncMs = 15_000;
const claimIndex = "claim";
const component = "persistentvolume-controller";

interface Binder {
  readonly context: ControllerContext;
  readonly objects: Objects;
  readonly recycler: Recycler;
  readonly classes: Informer<StorageClass>;
  readonly pods: Informer<Pod>;
  readonly recorder: EventRecorder;
  wakeClaim(key: string): void;
}

const claimsOf = ({ metadata, spec }: Pod): string[] =>
  (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return `${metadata.namespace}/${persistentVolumeClaim.claimName}`;
    return ephemeral === undefined ? [] : `${metadata.namespace}/${metadata.name}-${name}`;
  });

export async function runPersistentVolumeBinder(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "volumes");
  const recorder = context.recorder(component);
  const wakeClaim = (key: string): void => queue.add(`claim ${key}`);
  const wakeVolume = (name: string): void => queue.add(`volume ${name}`);
  const volumes = watch(context, persistentVolumes, {
    add: ({ metadata }) => wakeVolume(metadata.name),
    update(before, after) {
      wakeVolume(after.metadata.name);
      if (after.status?.phase !== "Available" || before.status?.phase === "Available") return;
      const ref = after.spec.claimRef;
      if (ref === undefined) wakePending(classOf(after));
      else wakeClaim(`${ref.namespace}/${ref.name}`);
    },
    delete(volume) {
      const ref = volume.spec.claimRef;
      if (ref !== undefined) wakeClaim(`${ref.namespace}/${ref.name}`);
    },
  });
  const claims = watch(context, persistentVolumeClaims, {
    add: (claim) => wakeClaim(objectKey(claim)),
    update: (_, claim) => wakeClaim(objectKey(claim)),
    delete(claim) {
      if (claim.spec.volumeName) wakeVolume(claim.spec.volumeName);
    },
  });
  const podInformer = watch(context, pods);
  podInformer.addIndex(claimIndex, claimsOf);
  const classes = watch(context, storageClasses, { add: ({ metadata }) => wakePending(metadata.name) });
  const objects = createObjects(context, { volumes, claims, recorder });
  /** A volume or a class has come that pending claims may have waited for; those that wait for a pod have not. */
  function wakePending(className: string): void {
    const isFor = (claim: PersistentVolumeClaim): boolean =>
      !asksForClass(claim) || (classOf(claim) === className && !waitsForConsumer(classes, className));
    for (const claim of claims.list()) if (!claim.spec.volumeName && isFor(claim)) wakeClaim(objectKey(claim));
  }
  every(
    context.clock,
    resyncMs,
    () => {
      for (const claim of claims.list()) if (claim.status?.phase === "Pending") wakeClaim(objectKey(claim));
      for (const { metadata, status } of volumes.list())
        if (status?.phase === "Released" || status?.phase === "Failed") wakeVolume(metadata.name);
    },
    context.signal,
  );
  const usersOf = (claimKey: string): string[] =>
    podInformer
      .byIndex(claimIndex, claimKey)
      .filter((pod) => !isTerminal(pod))
      .map(objectKey)
      .sort();
  const options = binderOptions(context).recycler;
  const recycler = createRecycler({ context, objects, recorder, options, usersOf });
  const binder: Binder = { context, objects, recycler, classes, pods: podInformer, recorder, wakeClaim };
  await runLoop(context, {
    queue,
    informers: [volumes, claims, podInformer, classes],
    workers: 1,
    reconcile: async (key) => {
      const [what, name] = key.split(" ") as [string, string];
      if (what === "claim") {
        const claim = objects.claim(name);
        if (claim !== undefined) await syncClaim(binder, claim);
      } else {
        const volume = objects.volume(name);
        if (volume !== undefined) await syncVolume(binder, volume);
      }
    },
  });
}

async function syncClaim(binder: Binder, seen: PersistentVolumeClaim): Promise<void> {
  const { objects } = binder;
  const marked = migrationMarked(seen);
  const claim =
    marked === undefined
      ? seen
      : await objects.updateClaim({ ...seen, metadata: { ...seen.metadata, annotations: marked } });
  if (hasAnnotation(claim, annotations.bindCompleted)) await syncBound(binder, claim);
  else if (claim.spec.volumeName) await syncNaming(binder, claim);
  else await syncFree(binder, claim);
}

const waitsForConsumer = (classes: Informer<StorageClass>, className: string): boolean =>
  classes.get("", className)?.volumeBindingMode === "WaitForFirstConsumer";

/** The claim takes any volume that fits. */
async function syncFree(binder: Binder, claim: PersistentVolumeClaim): Promise<void> {
  const { objects, recorder, classes } = binder;
  const className = classOf(claim);
  const delayed = waitsForConsumer(classes, className);
  const volume = bestMatch(claim, objects.volumes(), delayed);
  if (volume !== undefined) return bind(objects, volume, claim);
  const assigned = asksForClass(claim) ? undefined : defaultClass(classes.list());
  if (assigned !== undefined) {
    await objects.updateClaim({ ...claim, spec: { ...claim.spec, storageClassName: assigned.metadata.name } });
    return;
  }
  if (delayed && !hasAnnotation(claim, annotations.selectedNode)) tellWaiting(binder, claim);
  else if (className !== "") return provision(binder, claim, classes.get("", className));
  else
    recorder.event(claim, {
      type: "Normal",
      reason: "FailedBinding",
      message: "no persistent volumes available for this claim and no storage class is set",
    });
  await objects.setClaimPhase(claim, "Pending");
}

function tellWaiting({ recorder, pods: podInformer }: Binder, claim: PersistentVolumeClaim): void {
  const names = podInformer
    .byIndex(claimIndex, objectKey(claim))
    .filter((pod) => !isTerminal(pod) && !pod.spec?.nodeName)
    .map((pod) => pod.metadata.name);
  const told =
    names.length === 0
      ? { reason: "WaitForFirstConsumer", message: "waiting for first consumer to be created before binding" }
      : {
          reason: "WaitForPodScheduled",
          message: `waiting for pod${names.length > 1 ? "s" : ""} ${names.join(",")} to be scheduled`,
        };
  recorder.event(claim, { type: "Normal", ...told });
}

/** The user wants this volume and no other. */
async function syncNaming({ objects, recorder }: Binder, claim: PersistentVolumeClaim): Promise<void> {
  const volume = objects.volume(claim.spec.volumeName!);
  const warn = (reason: string, message: string): void => recorder.event(claim, { type: "Warning", reason, message });
  if (volume === undefined) {
    await objects.setClaimPhase(claim, "Pending");
    return;
  }
  const { name } = volume.metadata;
  if (volume.spec.claimRef === undefined) {
    const why = mismatch(volume, claim);
    if (why === undefined) return bind(objects, volume, claim);
    warn("VolumeMismatch", `Cannot bind to requested volume "${name}": ${why}`);
    await objects.setClaimPhase(claim, "Pending");
    return;
  }
  if (isBoundTo(volume, claim)) return bind(objects, volume, claim);
  warn("FailedBinding", `volume "${name}" already bound to a different claim.`);
  if (!hasAnnotation(claim, annotations.boundByController)) {
    await objects.setClaimPhase(claim, "Pending");
    return;
  }
  const { namespace, name: other } = volume.spec.claimRef;
  throw new Error(
    `invalid binding of claim "${objectKey(claim)}" to volume "${name}": volume already claimed by "${namespace}/${other}"`,
  );
}

async function syncBound({ objects }: Binder, claim: PersistentVolumeClaim): Promise<void> {
  const lost = (reason: string, message: string) => objects.setClaimPhase(claim, "Lost", { told: { reason, message } });
  if (!claim.spec.volumeName) {
    await lost("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
    return;
  }
  const volume = objects.volume(claim.spec.volumeName);
  if (volume === undefined)
    await lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
  else if (volume.spec.claimRef === undefined || volume.spec.claimRef.uid === claim.metadata.uid)
    await bind(objects, volume, claim);
  else await lost("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
}

async function syncVolume(binder: Binder, seen: PersistentVolume): Promise<void> {
  const { objects } = binder;
  const volume = await marked(objects, seen);
  const ref = volume.spec.claimRef;
  if (ref === undefined || !ref.uid) {
    await objects.setPhase(volume, "Available");
    return;
  }
  const claim = await claimOf(binder, volume);
  if (claim === undefined) return release(binder, volume);
  if (!claim.spec.volumeName) return wakeOrRefuse(binder, volume, claim);
  if (claim.spec.volumeName === volume.metadata.name) {
    await objects.setPhase(volume, "Bound");
    return;
  }
  const provisioned = hasAnnotation(volume, annotations.provisionedBy);
  if (provisioned && volume.spec.persistentVolumeReclaimPolicy === "Delete") await release(binder, volume);
  else await unbind(objects, volume);
}

async function marked(objects: Objects, volume: PersistentVolume): Promise<PersistentVolume> {
  const notes = migrationMarked(volume);
  const finalizers = guardedFinalizers(volume);
  if (notes === undefined && finalizers === undefined) return volume;
  return objects.updateVolume({
    ...volume,
    metadata: {
      ...volume.metadata,
      ...(notes === undefined ? {} : { annotations: notes }),
      ...(finalizers === undefined ? {} : { finalizers }),
    },
  });
}

/** The claim that the volume is bound to, while it lives. That it does not is believed only of the API server. */
async function claimOf({ context, objects }: Binder, volume: PersistentVolume) {
  const { namespace = "", name = "", uid } = volume.spec.claimRef!;
  const cached = objects.claim(`${namespace}/${name}`);
  if (cached?.metadata.uid === uid) return cached;
  const isReleased = volume.status?.phase === "Released" || volume.status?.phase === "Failed";
  if (cached === undefined && isReleased) return undefined;
  const live = await context.client.of(persistentVolumeClaims).find({ namespace, name });
  return live?.metadata.uid === uid ? live : undefined;
}

async function release(binder: Binder, volume: PersistentVolume): Promise<void> {
  const { phase } = volume.status ?? {};
  const isReleased = phase === "Released" || phase === "Failed";
  await reclaim(binder, isReleased ? volume : await binder.objects.setPhase(volume, "Released"));
}

/** The volume is bound, its claim not yet. */
function wakeOrRefuse({ recorder, wakeClaim }: Binder, volume: PersistentVolume, claim: PersistentVolumeClaim): void {
  if (!modesDiffer(claim, volume)) {
    wakeClaim(objectKey(claim));
    return;
  }
  const event = (about: PersistentVolume | PersistentVolumeClaim, message: string): void =>
    recorder.event(about, { type: "Warning", reason: "VolumeMismatch", message });
  event(
    volume,
    `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata.name}" due to incompatible volumeMode.`,
  );
  event(
    claim,
    `Cannot bind PersistentVolume "${volume.metadata.name}" to requested PersistentVolumeClaim due to incompatible volumeMode.`,
  );
}
