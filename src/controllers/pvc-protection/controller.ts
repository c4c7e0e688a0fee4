// A claim that a pod uses stays, though deleted, until the pod is gone. Upstream: pkg/controller/volume/pvcprotection.
import { type PersistentVolumeClaim, type Pod, persistentVolumeClaims, pods } from "../../api/index.ts";
import { ignoreNotFound, objectKey } from "../../machinery/index.ts";
import {
  type ControllerContext,
  isTerminal,
  newQueue,
  protectionStep,
  runLoop,
  watch,
  withFinalizer,
} from "../lib/index.ts";
import { claimNamesOf, usesClaim } from "./decide.ts";

const finalizer = "kubernetes.io/pvc-protection";
const claimIndex = "claim";

export async function runClaimProtection(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "pvcprotection");
  const wake = (claim: PersistentVolumeClaim): void => {
    if (protectionStep(claim, finalizer) !== "none") queue.add(objectKey(claim));
  };
  const claims = watch(context, persistentVolumeClaims, { add: wake, update: (_, claim) => wake(claim) });
  const wakeClaims = (pod: Pod): void => {
    for (const name of claimNamesOf(pod)) queue.add(`${pod.metadata.namespace}/${name}`);
  };
  const mayRelease = (pod: Pod): boolean => isTerminal(pod) || !pod.spec?.nodeName;
  const podInformer = watch(context, pods, {
    add: (pod) => {
      if (mayRelease(pod)) wakeClaims(pod);
    },
    update: (before, pod) => {
      if (mayRelease(pod)) wakeClaims(pod);
      else if (before.metadata.deletionGracePeriodSeconds !== pod.metadata.deletionGracePeriodSeconds) wakeClaims(pod);
    },
    delete: wakeClaims,
  });
  podInformer.addIndex(claimIndex, (pod) => claimNamesOf(pod).map((name) => `${pod.metadata.namespace}/${name}`));

  /** The cache may be late: that nobody uses the claim is believed only of the API server. */
  async function isUsed(claim: PersistentVolumeClaim): Promise<boolean> {
    if (podInformer.byIndex(claimIndex, objectKey(claim)).some((pod) => usesClaim(pod, claim))) return true;
    const live = await context.client.of(pods).list({ namespace: claim.metadata.namespace! });
    return live.items.some((pod) => usesClaim(pod, claim));
  }

  await runLoop(context, {
    queue,
    informers: [claims, podInformer],
    workers: 1,
    reconcile: async (key) => {
      const claim = claims.byKey(key);
      const step = claim === undefined ? "none" : protectionStep(claim, finalizer);
      if (claim === undefined || step === "none") return;
      if (step === "remove" && (await isUsed(claim))) return;
      await context.client
        .of(persistentVolumeClaims)
        .update(withFinalizer(claim, finalizer, step))
        .catch(ignoreNotFound);
    },
  });
}
