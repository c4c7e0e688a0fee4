// A volume that is bound to a claim stays, though deleted, until it is not any more. Upstream: pkg/controller/volume/pvprotection.
import { type PersistentVolume, persistentVolumes } from "../../api/index.ts";
import { ignoreNotFound } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, protectionStep, runLoop, watch, withFinalizer } from "../lib/index.ts";

const finalizer = "kubernetes.io/pv-protection";

export async function runPersistentVolumeProtection(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "pvprotection");
  const wake = (volume: PersistentVolume): void => {
    if (protectionStep(volume, finalizer) !== "none") queue.add(volume.metadata.name);
  };
  const volumes = watch(context, persistentVolumes, { add: wake, update: (_, volume) => wake(volume) });
  await runLoop(context, {
    queue,
    informers: [volumes],
    workers: 1,
    reconcile: async (name) => {
      const volume = volumes.get("", name);
      const step = volume === undefined ? "none" : protectionStep(volume, finalizer);
      if (volume === undefined || step === "none") return;
      if (step === "remove" && volume.status?.phase === "Bound") return;
      await context.client
        .of(persistentVolumes)
        .update(withFinalizer(volume, finalizer, step))
        .catch(ignoreNotFound);
    },
  });
}
