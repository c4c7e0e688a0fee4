// Says of a claim that wants a larger volume who is waited for. Upstream: pkg/controller/volume/expand.
import { type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes } from "../../api/index.ts";
import { objectKey } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { expansionOf, hasGrown, isBoundTo, resizerAnnotation } from "./decide.ts";

export async function runVolumeExpander(context: ControllerContext): Promise<void> {
  const { client } = context;
  const queue = newQueue(context, "volume_expand");
  const recorder = context.recorder("volume_expand");
  const wake = (claim: PersistentVolumeClaim): void => {
    if (claim.status?.phase === "Bound") queue.add(objectKey(claim));
  };
  const claims = watch(context, persistentVolumeClaims, {
    add: wake,
    update: (before, claim) => {
      if (hasGrown(before, claim)) wake(claim);
    },
  });
  await runLoop(context, {
    queue,
    informers: [claims],
    workers: 10,
    reconcile: async (key) => {
      const claim = claims.byKey(key);
      if (claim === undefined) return;
      const volume = await client.of(persistentVolumes).get({ name: claim.spec.volumeName ?? "" });
      if (!isBoundTo(volume, claim)) throw new Error(`persistent Volume is not bound to PVC being updated : ${key}`);
      const expansion = expansionOf(claim, volume);
      if (expansion === undefined) return;
      const { message, resizer } = expansion;
      recorder.event(claim, { type: "Normal", reason: "ExternalExpanding", message });
      if (resizer === undefined || claim.metadata.annotations?.[resizerAnnotation] === resizer) return;
      const patch = { metadata: { annotations: { [resizerAnnotation]: resizer } } };
      await client
        .of(persistentVolumeClaims)
        .patch(claim.metadata, patch, { type: "strategic", subresource: "status" });
    },
  });
}
