// The side of the pods: each gets the claims that it names templates for, its own or its group's, and its place among their users.
import { type Pod, type PodGroup, type PodResourceClaim, resourceClaims } from "../../api/index.ts";
import type { Informer } from "../../client/index.ts";
import { type ClaimUsers, notFor, podGroupNameOf } from "../lib/index.ts";
import {
  claimNameOf,
  consumerOf,
  entriesOf,
  isDone,
  isOfGroup,
  type ResourceClaim,
  wantsReservation,
} from "./decide.ts";
import { type ClaimMaker, findMade, findOrMake, isProvided, provideAll } from "./provide.ts";

export interface PodSide extends ClaimMaker {
  readonly users: ClaimUsers;
  readonly pods: Informer<Pod>;
  groupOf(pod: Pod): PodGroup | "missing" | undefined;
}

export async function syncPod(side: PodSide, key: string): Promise<void> {
  const pod = side.pods.byKey(key);
  if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isDone(pod)) return;
  const group = side.groupOf(pod);
  if (group === "missing")
    throw new Error(
      `get PodGroup for Pod ${key}: podgroup.scheduling.k8s.io ${JSON.stringify(podGroupNameOf(pod))} not found`,
    );
  await provideAll(side, pod, (entry) => provide(side, { pod, group }, entry));
  if (pod.spec?.nodeName) await reserveAll(side, pod, group);
}

interface Member {
  readonly pod: Pod;
  readonly group: PodGroup | undefined;
}

/** A claim of the group is made by its side alone: the pod waits for it. */
async function provide(
  side: PodSide,
  { pod, group }: Member,
  entry: PodResourceClaim,
): Promise<ResourceClaim | undefined> {
  const isForeign = (claim: ResourceClaim): boolean => notFor(pod, claim, side.users) !== undefined;
  if (isProvided(side, pod, { entry, isForeign })) return undefined;
  return group !== undefined && isOfGroup(group, entry)
    ? findMade(side, group, entry.name)
    : findOrMake(side, pod, entry);
}

/** For pods that came to their node without the scheduler, which reserves otherwise. */
async function reserveAll({ claims, context, users }: PodSide, pod: Pod, group: PodGroup | undefined): Promise<void> {
  const { namespace = "" } = pod.metadata;
  for (const entry of entriesOf(pod)) {
    const found = claimNameOf(pod, entry);
    if (found.type !== "named") {
      if (found.type === "unneeded") continue;
      return; // The status that was just told comes back as a change of the pod.
    }
    const claim = claims.get(namespace, found.name);
    if (claim === undefined) return;
    const why = found.isGenerated ? notFor(pod, claim, users) : undefined;
    if (why !== undefined) throw new Error(why);
    if (!wantsReservation(pod, claim, users)) continue;
    const reservedFor = [...(claim.status?.reservedFor ?? []), consumerOf(pod, group, entry)];
    await context.client.of(resourceClaims).updateStatus({ ...claim, status: { ...claim.status, reservedFor } });
  }
}
