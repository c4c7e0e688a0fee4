// Makes the ResourceClaims that pods name templates for, writes their names into the pods' status, and takes claims back from
// pods that are over. Upstream: pkg/controller/resourceclaim (KEP-4381).
import { type Pod, pods, resourceClaims, resourceClaimTemplates } from "../../api/index.ts";
import { objectKey } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { syncClaim } from "./claims.ts";
import {
  claimNamesOf,
  entriesOf,
  isDone,
  needsWork,
  owningPod,
  type ResourceClaim,
  templateNamesOf,
} from "./decide.ts";
import { byOwner, createMadeClaims } from "./made.ts";
import { syncPod } from "./pods.ts";

const byClaim = "resourceClaim";
const byTemplate = "resourceClaimTemplate";
/** Of pods that are known to be gone: for these nobody has to be asked. */
const mostRemembered = 500;

/** The claim that the scheduler made for resources that devices are offered as. */
const extendedNameOf = (pod: Pod): string | undefined => pod.status?.extendedResourceClaimStatus?.resourceClaimName;

export function runResourceClaims(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "resource_claim");
  const recorder = context.recorder("resource_claim");
  const gone = new Set<string>();
  const made = createMadeClaims();
  const podInformer = context.informers.informer(pods);
  const claimInformer = context.informers.informer(resourceClaims);
  const keysOf = (pod: Pod, names: readonly string[]): string[] =>
    names.map((name) => `${pod.metadata.namespace}/${name}`);
  podInformer.addIndex(byClaim, (pod) => keysOf(pod, claimNamesOf(pod)));
  podInformer.addIndex(byTemplate, (pod) => keysOf(pod, templateNamesOf(pod)));
  claimInformer.addIndex(byOwner, (claim) => {
    const owner = owningPod(claim);
    return owner === undefined ? [] : [owner.uid];
  });

  function enqueue(pod: Pod): void {
    if (isDone(pod)) release(pod);
    const { namespace = "" } = pod.metadata;
    if (needsWork(pod, (name) => claimInformer.get(namespace, name))) queue.add(`pod:${objectKey(pod)}`);
  }

  /** Claims that may have lost this user are looked at. */
  function release(pod: Pod): void {
    const extended = extendedNameOf(pod);
    const names = extended === undefined ? claimNamesOf(pod) : [...claimNamesOf(pod), extended];
    for (const key of keysOf(pod, names)) queue.add(`claim:${key}`);
  }

  function remember(uid: string): void {
    gone.add(uid);
    if (gone.size > mostRemembered) gone.delete(gone.values().next().value as string);
    made.forgetPod(uid);
  }

  function wakeUsersOf(claim: ResourceClaim): void {
    for (const pod of podInformer.byIndex(byClaim, objectKey(claim))) enqueue(pod);
  }

  const changed = (claim: ResourceClaim): void => {
    made.forget(claim);
    queue.add(`claim:${objectKey(claim)}`);
    wakeUsersOf(claim);
  };
  watch(context, pods, {
    add: enqueue,
    update: (_, pod) => enqueue(pod),
    delete: (pod) => {
      if (entriesOf(pod).length === 0 && extendedNameOf(pod) === undefined) return;
      remember(pod.metadata.uid ?? "");
      release(pod);
    },
  });
  watch(context, resourceClaims, {
    add: changed,
    update: (_, claim) => changed(claim),
    delete: (claim) => {
      made.forget(claim);
      wakeUsersOf(claim);
    },
  });
  const templates = watch(context, resourceClaimTemplates, {
    add: (template) => {
      for (const pod of podInformer.byIndex(byTemplate, objectKey(template))) enqueue(pod);
    },
    update: (_, template) => {
      for (const pod of podInformer.byIndex(byTemplate, objectKey(template))) enqueue(pod);
    },
  });

  const side = { context, recorder, pods: podInformer, claims: claimInformer, templates, made, gone };
  return runLoop(context, {
    queue,
    informers: [podInformer, claimInformer, templates],
    workers: 50,
    reconcile: async (item) => {
      const [type, key] = splitItem(item);
      await (type === "pod" ? syncPod(side, key) : syncClaim(side, key));
    },
  });
}

function splitItem(item: string): readonly ["pod" | "claim", string] {
  const at = item.indexOf(":");
  return [item.slice(0, at) === "pod" ? "pod" : "claim", item.slice(at + 1)];
}
