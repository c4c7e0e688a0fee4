// The side of the claims: users that are over go from a claim, and a claim that was made for one of them with the last.
import { type Pod, type PodGroup, podGroups, pods, type resource_v1, resourceClaims } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { Informer } from "../../client/index.ts";
import { isNotFound, objectKey } from "../../machinery/index.ts";
import { type ControllerContext, isPodGroup } from "../lib/index.ts";
import { claimFinalizer, isDone, isPod, owningPod, type ResourceClaim, released, withoutFinalizer } from "./decide.ts";

export interface ClaimSide {
  readonly context: ControllerContext;
  readonly pods: Informer<Pod>;
  readonly claims: Informer<ResourceClaim>;
  /** Undefined without the feature: what groups have then stays theirs. */
  readonly groups: Informer<PodGroup> | undefined;
  /** Of pods and groups that are known to be gone: for these nobody has to be asked. */
  readonly gone: ReadonlySet<string>;
}

export async function syncClaim(side: ClaimSide, key: string): Promise<void> {
  const claim = side.claims.byKey(key);
  if (claim === undefined) return;
  const { namespace = "" } = claim.metadata;
  const users = [];
  for (const user of claim.status?.reservedFor ?? []) if (await stays(side, namespace, user)) users.push(user);
  const after = released(claim, users);
  if (after !== undefined) await write(side.context, claim, after);
  if (users.length === 0) await deleteUnused(side, claim);
}

type User = resource_v1.ResourceClaimConsumerReference;

/** Users of unknown kinds stay. */
async function stays(side: ClaimSide, namespace: string, user: User): Promise<boolean> {
  if (isPod(user)) return stillNeeds(side, namespace, user);
  if (side.groups === undefined || !isPodGroup(user)) return true;
  if (side.gone.has(user.uid)) return false;
  const { name } = user;
  const found = side.groups.get(namespace, name) ?? (await side.context.client.of(podGroups).find({ namespace, name }));
  return found?.metadata.uid === user.uid;
}

/** In doubt the server is asked: to take a claim from a pod that is being scheduled would be bad. */
async function stillNeeds(
  { context, pods: podInformer, gone }: ClaimSide,
  namespace: string,
  user: { readonly name: string; readonly uid: string },
): Promise<boolean> {
  if (gone.has(user.uid)) return false;
  const cached = podInformer.get(namespace, user.name);
  if (cached !== undefined) return cached.metadata.uid === user.uid && !isDone(cached);
  const fresh = await context.client.of(pods).find({ namespace, name: user.name });
  return fresh?.metadata.uid === user.uid;
}

async function write({ client }: ControllerContext, before: ResourceClaim, after: ResourceClaim): Promise<void> {
  const claims = client.of(resourceClaims);
  const written = after === before ? before : await claims.updateStatus(after);
  const { finalizers = [] } = written.metadata;
  if (finalizers.includes(claimFinalizer) && written.status?.allocation === undefined)
    await claims.update(withoutFinalizer(written));
}

/** Of a pod that stays after its end; the garbage collector has those of pods that are gone. */
async function deleteUnused({ context, pods: podInformer }: ClaimSide, claim: ResourceClaim): Promise<void> {
  const owner = owningPod(claim);
  const pod = owner === undefined ? undefined : podInformer.get(claim.metadata.namespace ?? "", owner.name);
  if (owner === undefined || pod === undefined || (pod.metadata.uid === owner.uid && !isDone(pod))) return;
  try {
    await context.client.of(resourceClaims).delete(claim.metadata);
  } catch (error) {
    if (isNotFound(error)) return;
    throw new Error(`delete unused generated claim ${objectKey(claim)}: ${errorText(error)}`, { cause: error });
  }
}
