// Makes the ResourceClaims that pods name templates for, writes their names into the pods' status, and takes claims back from
// pods that are over. Upstream: pkg/controller/resourceclaim (KEP-4381).

import { type Pod, type PodResourceClaim, pods, resourceClaims, resourceClaimTemplates } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import { isNotFound, objectKey } from "../../machinery/index.ts";
import { type ControllerContext, featureEnabled, newQueue, runLoop, watch } from "../lib/index.ts";
import {
  claimFinalizer,
  claimFor,
  claimMadeFor,
  claimNameOf,
  claimNamesOf,
  entriesOf,
  isDone,
  isPod,
  needsWork,
  notFor,
  owningPod,
  type ResourceClaim,
  refusal,
  released,
  templateNamesOf,
  wantsReservation,
  withoutFinalizer,
} from "./decide.ts";

const fieldManager = "ResourceClaimController";
const byClaim = "resourceClaim";
const byTemplate = "resourceClaimTemplate";
const byOwner = "podOwner";
/** Of pods that are known to be gone: for these nobody has to be asked. */
const mostRemembered = 500;

export function runResourceClaims(context: ControllerContext): Promise<void> {
  const { client } = context;
  const queue = newQueue(context, "resource_claim");
  const recorder = context.recorder("resource_claim");
  const gone = new Set<string>();
  /** Claims that were made and are not in the cache yet, by the pod's uid. */
  const made = new Map<string, ResourceClaim[]>();
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

  function enqueue(pod: Pod, deleted = false): void {
    const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
    if (entriesOf(pod).length === 0 && extended === undefined) return;
    if (deleted) remember(pod.metadata.uid ?? "");
    if (deleted || isDone(pod))
      for (const key of keysOf(pod, [...claimNamesOf(pod), ...(extended === undefined ? [] : [extended])]))
        queue.add(`claim:${key}`);
    const { namespace = "" } = pod.metadata;
    if (!deleted && needsWork(pod, (name) => claimInformer.get(namespace, name))) queue.add(`pod:${objectKey(pod)}`);
  }

  function remember(uid: string): void {
    gone.add(uid);
    if (gone.size > mostRemembered) gone.delete(gone.values().next().value as string);
    made.delete(uid);
  }

  function wakeUsersOf(claim: ResourceClaim): void {
    for (const pod of podInformer.byIndex(byClaim, objectKey(claim))) enqueue(pod);
  }

  function forgetMade(claim: ResourceClaim): void {
    const owner = owningPod(claim);
    const waiting = owner === undefined ? undefined : made.get(owner.uid);
    if (owner === undefined || waiting === undefined) return;
    const rest = waiting.filter((each) => each.metadata.uid !== claim.metadata.uid);
    if (rest.length > 0) made.set(owner.uid, rest);
    else made.delete(owner.uid);
  }

  const changed = (claim: ResourceClaim): void => {
    forgetMade(claim);
    queue.add(`claim:${objectKey(claim)}`);
    wakeUsersOf(claim);
  };
  watch(context, pods, {
    add: (pod) => enqueue(pod),
    update: (_, pod) => enqueue(pod),
    delete: (pod) => enqueue(pod, true),
  });
  watch(context, resourceClaims, {
    add: changed,
    update: (_, claim) => changed(claim),
    delete: (claim) => {
      forgetMade(claim);
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

  async function createFor(pod: Pod, entry: PodResourceClaim): Promise<ResourceClaim> {
    const { namespace = "", uid = "" } = pod.metadata;
    const name = entry.resourceClaimTemplateName ?? "";
    const template = templates.get(namespace, name);
    const quoted = JSON.stringify(name);
    if (template === undefined)
      throw new Error(`resource claim template ${quoted}: resourceclaimtemplate.resource.k8s.io ${quoted} not found`);
    const why = refusal(template, {
      adminAccess: featureEnabled(context, "DRAAdminAccess"),
      prioritizedList: featureEnabled(context, "DRAPrioritizedList"),
    });
    if (why !== undefined) throw new Error(why);
    let claim: ResourceClaim;
    try {
      claim = await client.of(resourceClaims).create(claimFor(pod, entry, template));
    } catch (error) {
      throw new Error(`create ResourceClaim : ${errorText(error)}`, { cause: error });
    }
    const isCached = claimInformer.get(namespace, claim.metadata.name)?.metadata.uid === claim.metadata.uid;
    if (!isCached) made.set(uid, [...(made.get(uid) ?? []), claim]);
    return claim;
  }

  /** The name of the claim when the pod's status has to tell it anew. Throws with the event's text. */
  async function provide(pod: Pod, entry: PodResourceClaim): Promise<string | undefined> {
    const { namespace = "", uid = "" } = pod.metadata;
    const found = claimNameOf(pod, entry);
    if (found.type === "unsupported") throw new Error(`checking for claim before creating it: ${found.why}`);
    if (found.type === "unneeded") return undefined;
    if (found.type === "named") {
      const claim = claimInformer.get(namespace, found.name);
      if (claim !== undefined && !(found.isGenerated && notFor(pod, claim) !== undefined)) return undefined;
    }
    if (entry.resourceClaimTemplateName === undefined) return undefined;
    const known = [...claimInformer.byIndex(byOwner, uid), ...(made.get(uid) ?? [])];
    const claim = claimMadeFor(known, entry.name) ?? (await createFor(pod, entry));
    return claim.metadata.name;
  }

  async function syncPod(key: string): Promise<void> {
    const pod = podInformer.byKey(key);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isDone(pod)) return;
    const names = new Map<string, string>();
    for (const entry of entriesOf(pod))
      try {
        const name = await provide(pod, entry);
        if (name !== undefined) names.set(entry.name, name);
      } catch (error) {
        const message = `PodResourceClaim ${entry.name}: ${errorText(error)}`;
        recorder.event(pod, { type: "Warning", reason: "FailedResourceClaimCreation", message });
        throw new Error(`pod ${key}, ${message}`, { cause: error });
      }
    if (names.size > 0) await tell(pod, names);
    if (pod.spec?.nodeName) await reserveAll(pod);
  }

  /** What was told before is told again: what is applied is all that this manager says. */
  async function tell(pod: Pod, names: ReadonlyMap<string, string>): Promise<void> {
    const before = (pod.status?.resourceClaimStatuses ?? []).filter((each) => !names.has(each.name));
    const now = [...names].map(([name, resourceClaimName]) => ({ name, resourceClaimName }));
    const { name, namespace } = pod.metadata;
    const applied = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace },
      status: { resourceClaimStatuses: [...before, ...now] },
    };
    await client
      .of(pods)
      .patch(pod.metadata, applied, { type: "apply", subresource: "status", fieldManager, force: true });
  }

  /** For pods that came to their node without the scheduler, which reserves otherwise. */
  async function reserveAll(pod: Pod): Promise<void> {
    const { name, namespace = "", uid = "" } = pod.metadata;
    for (const entry of entriesOf(pod)) {
      const found = claimNameOf(pod, entry);
      if (found.type !== "named") {
        if (found.type === "unneeded") continue;
        return; // The status that was just told comes back as a change of the pod.
      }
      const claim = claimInformer.get(namespace, found.name);
      if (claim === undefined) return;
      const why = found.isGenerated ? notFor(pod, claim) : undefined;
      if (why !== undefined) throw new Error(why);
      if (!wantsReservation(pod, claim)) continue;
      const reservedFor = [...(claim.status?.reservedFor ?? []), { resource: "pods", name, uid }];
      await client.of(resourceClaims).updateStatus({ ...claim, status: { ...claim.status, reservedFor } });
    }
  }

  /** In doubt the server is asked: to take a claim from a pod that is being scheduled would be bad. */
  async function stillNeeds(
    namespace: string,
    user: { readonly name: string; readonly uid: string },
  ): Promise<boolean> {
    if (gone.has(user.uid)) return false;
    const cached = podInformer.get(namespace, user.name);
    if (cached !== undefined) return cached.metadata.uid === user.uid && !isDone(cached);
    const fresh = await client.of(pods).find({ namespace, name: user.name });
    return fresh?.metadata.uid === user.uid;
  }

  async function syncClaim(key: string): Promise<void> {
    const claim = claimInformer.byKey(key);
    if (claim === undefined) return;
    const { namespace = "" } = claim.metadata;
    const users = [];
    for (const user of claim.status?.reservedFor ?? [])
      if (!isPod(user) || (await stillNeeds(namespace, user))) users.push(user);
    const after = released(claim, users);
    if (after !== undefined) await write(claim, after);
    if (users.length === 0) await deleteUnused(claim);
  }

  async function write(before: ResourceClaim, after: ResourceClaim): Promise<void> {
    const claims = client.of(resourceClaims);
    const written = after === before ? before : await claims.updateStatus(after);
    const { finalizers = [] } = written.metadata;
    if (finalizers.includes(claimFinalizer) && written.status?.allocation === undefined)
      await claims.update(withoutFinalizer(written));
  }

  /** Of a pod that stays after its end; the garbage collector has those of pods that are gone. */
  async function deleteUnused(claim: ResourceClaim): Promise<void> {
    const owner = owningPod(claim);
    const pod = owner === undefined ? undefined : podInformer.get(claim.metadata.namespace ?? "", owner.name);
    if (owner === undefined || pod === undefined || (pod.metadata.uid === owner.uid && !isDone(pod))) return;
    try {
      await client.of(resourceClaims).delete(claim.metadata);
    } catch (error) {
      if (isNotFound(error)) return;
      throw new Error(`delete unused generated claim ${objectKey(claim)}: ${errorText(error)}`, { cause: error });
    }
  }

  return runLoop(context, {
    queue,
    informers: [podInformer, claimInformer, templates],
    workers: 50,
    reconcile: async (item) => {
      const [type, key] = splitItem(item);
      await (type === "pod" ? syncPod(key) : syncClaim(key));
    },
  });
}

function splitItem(item: string): readonly ["pod" | "claim", string] {
  const at = item.indexOf(":");
  return [item.slice(0, at) === "pod" ? "pod" : "claim", item.slice(at + 1)];
}
