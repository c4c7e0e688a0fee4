// Makes the ResourceClaims that pods and PodGroups name templates for, writes their names into the status, and takes claims back
// from pods that are over and groups that are gone. Upstream: pkg/controller/resourceclaim (KEP-4381, KEP-5729).
import { type Pod, pods, type ResourceClaimTemplate, resourceClaims, resourceClaimTemplates } from "../../api/index.ts";
import { objectKey } from "../../machinery/index.ts";
import { type ControllerContext, claimUsers, newQueue, runLoop, watch } from "../lib/index.ts";
import { syncClaim } from "./claims.ts";
import { claimNamesOf, entriesOf, isDone, needsWork, type ResourceClaim, templateNamesOf } from "./decide.ts";
import { followGroups, type GroupSide } from "./groups.ts";
import { byOwner, createMadeClaims, ownerUidOf } from "./made.ts";
import { type PodSide, syncPod } from "./pods.ts";

const byClaim = "resourceClaim";
const byTemplate = "resourceClaimTemplate";
/** Of pods and groups that are known to be gone: for these nobody has to be asked. */
const mostRemembered = 500;

/** The claim that the scheduler made for resources that devices are offered as. */
const extendedNameOf = (pod: Pod): string | undefined => pod.status?.extendedResourceClaimStatus?.resourceClaimName;

export function runResourceClaims(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "resource_claim");
  const recorder = context.recorder("resource_claim");
  const gone = new Set<string>();
  const made = createMadeClaims();
  const users = claimUsers(context);
  let groups: GroupSide | undefined;
  const podInformer = context.informers.informer(pods);
  const claimInformer = context.informers.informer(resourceClaims);
  const keysOf = (pod: Pod, names: readonly string[]): string[] =>
    names.map((name) => `${pod.metadata.namespace}/${name}`);
  podInformer.addIndex(byClaim, (pod) => keysOf(pod, claimNamesOf(pod)));
  podInformer.addIndex(byTemplate, (pod) => keysOf(pod, templateNamesOf(pod)));
  claimInformer.addIndex(byOwner, (claim) => {
    const uid = ownerUidOf(claim);
    return uid === undefined ? [] : [uid];
  });

  const groupOf: PodSide["groupOf"] = (pod) => groups?.of(pod);

  function enqueue(pod: Pod): void {
    if (isDone(pod)) release(pod);
    const { namespace = "" } = pod.metadata;
    const claimNamed = (name: string): ResourceClaim | undefined => claimInformer.get(namespace, name);
    if (needsWork(pod, { users, claimNamed, groupOf })) queue.add(`pod:${objectKey(pod)}`);
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
    made.forgetOwner(uid);
  }

  function wakeUsersOf(claim: ResourceClaim): void {
    for (const pod of podInformer.byIndex(byClaim, objectKey(claim))) enqueue(pod);
    groups?.wakeUsersOf(objectKey(claim));
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
  const wakeFollowersOf = (template: ResourceClaimTemplate): void => {
    for (const pod of podInformer.byIndex(byTemplate, objectKey(template))) enqueue(pod);
    groups?.wakeFollowersOf(objectKey(template));
  };
  const templates = watch(context, resourceClaimTemplates, {
    add: wakeFollowersOf,
    update: (_, template) => wakeFollowersOf(template),
  });

  const maker = { context, recorder, claims: claimInformer, templates, made };
  if (users.podGroups)
    groups = followGroups(maker, {
      pods: podInformer,
      enqueueGroup: (key) => queue.add(`group:${key}`),
      enqueueClaim: (key) => queue.add(`claim:${key}`),
      enqueuePod: enqueue,
      gone: remember,
    });
  const side = { ...maker, users, pods: podInformer, groupOf, groups: groups?.groups, gone };
  return runLoop(context, {
    queue,
    informers: [podInformer, claimInformer, templates, ...(groups === undefined ? [] : [groups.groups])],
    workers: 50,
    reconcile: async (item) => {
      const [type, key] = splitItem(item);
      if (type === "pod") await syncPod(side, key);
      else if (type === "claim") await syncClaim(side, key);
      else await groups?.sync(key);
    },
  });
}

function splitItem(item: string): readonly [type: string, key: string] {
  const at = item.indexOf(":");
  return [item.slice(0, at), item.slice(at + 1)];
}
