// Makes the claims of pods with ephemeral volumes, again when one is deleted under its pod. Upstream: pkg/controller/volume/ephemeral.

import { type PersistentVolumeClaim, type Pod, persistentVolumeClaims, pods, type Volume } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import { objectKey } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { claimFor, claimNameOf, ephemeralClaimNames, ephemeralVolumesOf, notFor } from "./decide.ts";

const claimIndex = "ephemeralClaim";

export async function runEphemeralVolumes(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "ephemeral_volume");
  const recorder = context.recorder("ephemeral_volume");
  const wake = (pod: Pod): void => {
    if (pod.metadata.deletionTimestamp === undefined && ephemeralVolumesOf(pod).length > 0) queue.add(objectKey(pod));
  };
  const podInformer = watch(context, pods, { add: wake });
  podInformer.addIndex(claimIndex, (pod) =>
    ephemeralClaimNames(pod).map((name) => `${pod.metadata.namespace}/${name}`),
  );
  const claims = watch(context, persistentVolumeClaims, {
    delete: (claim) => {
      for (const pod of podInformer.byIndex(claimIndex, objectKey(claim))) wake(pod);
    },
  });

  /** Throws with the event's text. */
  async function provide(pod: Pod, volume: Volume): Promise<void> {
    const name = claimNameOf(pod, volume);
    const claim: PersistentVolumeClaim | undefined = claims.get(pod.metadata.namespace ?? "", name);
    if (claim === undefined) {
      try {
        await context.client.of(persistentVolumeClaims).create(claimFor(pod, volume));
      } catch (error) {
        throw new Error(`create PVC ${name}: ${errorText(error)}`, { cause: error });
      }
      return;
    }
    const reason = notFor(pod, claim);
    if (reason !== undefined) throw new Error(reason);
  }

  await runLoop(context, {
    queue,
    informers: [podInformer, claims],
    reconcile: async (key) => {
      const pod = podInformer.byKey(key);
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return;
      for (const volume of ephemeralVolumesOf(pod))
        try {
          await provide(pod, volume);
        } catch (error) {
          const message = `ephemeral volume ${volume.name}: ${errorText(error)}`;
          recorder.event(pod, { type: "Warning", reason: "FailedBinding", message });
          throw new Error(message, { cause: error });
        }
    },
  });
}
