// The side of the PodGroups (feature DRAWorkloadResourceClaims): what starts a look at a group, its claims and its members.
import { type Pod, type PodGroup, podGroups } from "../../api/index.ts";
import type { Informer } from "../../client/index.ts";
import { objectKey } from "../../machinery/index.ts";
import { podGroupNameOf, watch } from "../lib/index.ts";
import { claimNamesOf, entriesOf, groupNeedsWork, notForGroup, type ResourceClaim, templateNamesOf } from "./decide.ts";
import { type ClaimMaker, findOrMake, isProvided, provideAll } from "./provide.ts";

const [byMember, byClaim, byTemplate] = ["podGroupMembers", "podGroupResourceClaim", "podGroupResourceClaimTemplate"];

export interface GroupSide {
  readonly groups: Informer<PodGroup>;
  /** Undefined for pods without one. */
  of(pod: Pod): PodGroup | "missing" | undefined;
  wakeUsersOf(claimKey: string): void;
  wakeFollowersOf(templateKey: string): void;
  sync(key: string): Promise<void>;
}

export interface GroupLinks {
  readonly pods: Informer<Pod>;
  readonly enqueueGroup: (key: string) => void;
  readonly enqueueClaim: (key: string) => void;
  readonly enqueuePod: (pod: Pod) => void;
  readonly gone: (uid: string) => void;
}

export function followGroups(maker: ClaimMaker, links: GroupLinks): GroupSide {
  const { context, claims } = maker;
  const groups = context.informers.informer(podGroups);
  const keysOf = ({ metadata }: PodGroup, names: readonly string[]): string[] =>
    names.map((name) => `${metadata.namespace}/${name}`);
  groups.addIndex(byClaim, (group) => keysOf(group, claimNamesOf(group)));
  groups.addIndex(byTemplate, (group) => keysOf(group, templateNamesOf(group)));
  links.pods.addIndex(byMember, (pod) => {
    const name = podGroupNameOf(pod);
    return name === undefined ? [] : [`${pod.metadata.namespace}/${name}`];
  });

  /** The members too: they may now find what their group has. */
  function enqueue(group: PodGroup): void {
    if (entriesOf(group).length === 0) return;
    const { namespace = "" } = group.metadata;
    const key = objectKey(group);
    if (groupNeedsWork(group, (name) => claims.get(namespace, name))) links.enqueueGroup(key);
    for (const pod of links.pods.byIndex(byMember, key)) links.enqueuePod(pod);
  }

  watch(context, podGroups, {
    add: enqueue,
    update: (_, group) => enqueue(group),
    delete: (group) => {
      if (entriesOf(group).length === 0) return;
      links.gone(group.metadata.uid ?? "");
      for (const key of keysOf(group, claimNamesOf(group))) links.enqueueClaim(key);
      enqueue(group);
    },
  });
  return {
    groups,
    of(pod) {
      const name = podGroupNameOf(pod);
      return name === undefined ? undefined : (groups.get(pod.metadata.namespace ?? "", name) ?? "missing");
    },
    wakeUsersOf: (key) => groups.byIndex(byClaim, key).forEach(enqueue),
    wakeFollowersOf: (key) => groups.byIndex(byTemplate, key).forEach(enqueue),
    sync: (key) => syncGroup(maker, groups, key),
  };
}

async function syncGroup(maker: ClaimMaker, groups: Informer<PodGroup>, key: string): Promise<void> {
  const group = groups.byKey(key);
  if (group === undefined || group.metadata.deletionTimestamp !== undefined) return;
  const isForeign = (claim: ResourceClaim): boolean => notForGroup(group, claim) !== undefined;
  await provideAll(maker, group, async (entry) =>
    isProvided(maker, group, { entry, isForeign }) ? undefined : findOrMake(maker, group, entry),
  );
}
