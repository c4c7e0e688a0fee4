// A class of volume attributes that a claim or a volume refers to stays, though deleted, until none does.
// Upstream: pkg/controller/volume/vacprotection.
import {
  persistentVolumeClaims,
  persistentVolumes,
  type VolumeAttributesClass,
  volumeAttributesClasses,
} from "../../api/index.ts";
import { ignoreNotFound } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, protectionStep, runLoop, watch, withFinalizer } from "../lib/index.ts";
import { classesOfClaim, classesOfVolume, released } from "./decide.ts";

const finalizer = "kubernetes.io/vac-protection";
const classIndex = "volumeAttributesClass";

export async function runVolumeAttributesClassProtection(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "vacprotection");
  const wakeAll = (names: readonly string[]): void => {
    for (const name of names) queue.add(name);
  };
  const wake = (subject: VolumeAttributesClass): void => {
    if (protectionStep(subject, finalizer) !== "none") queue.add(subject.metadata.name);
  };
  const classes = watch(context, volumeAttributesClasses, { add: wake, update: (_, subject) => wake(subject) });
  const claims = watch(context, persistentVolumeClaims, {
    update: (before, claim) => wakeAll(released(classesOfClaim(before), classesOfClaim(claim))),
    delete: (claim) => wakeAll(classesOfClaim(claim)),
  });
  claims.addIndex(classIndex, classesOfClaim);
  const volumes = watch(context, persistentVolumes, {
    update: (before, volume) => wakeAll(released(classesOfVolume(before), classesOfVolume(volume))),
    delete: (volume) => wakeAll(classesOfVolume(volume)),
  });
  volumes.addIndex(classIndex, classesOfVolume);

  const isUsed = (name: string): boolean =>
    volumes.byIndex(classIndex, name).length > 0 || claims.byIndex(classIndex, name).length > 0;

  await runLoop(context, {
    queue,
    informers: [classes, claims, volumes],
    workers: 1,
    reconcile: async (name) => {
      const subject = classes.get("", name);
      const step = subject === undefined ? "none" : protectionStep(subject, finalizer);
      if (subject === undefined || step === "none" || (step === "remove" && isUsed(name))) return;
      await context.client
        .of(volumeAttributesClasses)
        .update(withFinalizer(subject, finalizer, step))
        .catch(ignoreNotFound);
    },
  });
}
