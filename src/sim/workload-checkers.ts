// What must hold of StatefulSets, Jobs and ownership at every commit, judged by what the API server has stored and by nothing else.
//
// StatefulSet, OrderedReady: pod N does not come before each pod below it has once been Ready, and the controller does not begin to
// delete a pod while another one is on its way out. Pods on machines that the cluster gave up are deleted by others, and so are all
// once the set itself is being deleted: both are left out.
//
// Job: counts never fall; no pod is counted twice (succeeded pods count at most once, and never more than have been seen to succeed);
// a finished Job is never unfinished again, and none finishes as complete with another number than was asked for.
//
// Ownership: nothing that nobody asked to delete is deleted while one of its owners is there and not itself being deleted.
import {
  type ConfigMap,
  configMaps,
  type Job,
  jobs,
  type Node,
  nodes,
  type Pod,
  pods,
  type StatefulSet,
  statefulSets,
} from "../api/index.ts";
import type { Commit } from "./history.ts";
import { type Change, follow } from "./objects.ts";

export interface Checker {
  heard(commit: Commit): void;
  readonly violation: string | undefined;
}

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") === true;
const isDeleting = (object: { metadata: { deletionTimestamp?: string } }): boolean =>
  object.metadata.deletionTimestamp !== undefined;

/** The number at the end of a StatefulSet's pod. */
const ordinalOf = (pod: Pod): number => Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf("-") + 1));

export function createStatefulSetChecker(of: { readonly namespace: string; readonly name: string }): Checker {
  let violation: string | undefined;
  let set: StatefulSet | undefined;
  /** Ordinals of which a pod has been Ready. */
  const beenReady = new Set<number>();
  const givenUp = new Set<string>();
  const isOurs = (pod: Pod): boolean =>
    pod.metadata.ownerReferences?.some((each) => each.controller && each.uid === set?.metadata.uid) === true;
  const isOrdered = (): boolean => set !== undefined && !isDeleting(set) && set.spec.podManagementPolicy !== "Parallel";

  const sets = follow(statefulSets, of.namespace, ({ after }) => {
    if (after === undefined || after.metadata.uid !== set?.metadata.uid) beenReady.clear();
    if (after === undefined || after.metadata.name === of.name) set = after;
  });
  const members = follow(pods, of.namespace, ({ before, after }: Change<Pod>) => {
    if (after === undefined || !isOurs(after)) return;
    if (isReady(after)) beenReady.add(ordinalOf(after));
    if (!isOrdered()) return;
    if (before === undefined) judgeComing(after);
    else if (!isDeleting(before) && isDeleting(after)) judgeLeaving(after);
  });
  const judgeComing = (pod: Pod): void => {
    for (let below = set!.spec.ordinals?.start ?? 0; below < ordinalOf(pod); below++)
      if (!beenReady.has(below))
        violation ??= `${pod.metadata.name} was created though the pod with ordinal ${below} has never been ready`;
  };
  const judgeLeaving = (pod: Pod): void => {
    if (givenUp.has(pod.spec?.nodeName ?? "")) return;
    const going = [...members.all.values()].find(
      (each) =>
        each.metadata.uid !== pod.metadata.uid &&
        isOurs(each) &&
        isDeleting(each) &&
        !givenUp.has(each.spec?.nodeName ?? ""),
    );
    if (going !== undefined)
      violation ??= `${pod.metadata.name} is being deleted while ${going.metadata.name} has not gone yet`;
  };
  const machines = follow(nodes, "", ({ after }: Change<Node>) => {
    const ready = after?.status?.conditions?.find((each) => each.type === "Ready");
    if (after !== undefined && ready !== undefined && ready.status !== "True") givenUp.add(after.metadata.name);
  });
  return {
    heard(commit) {
      sets.heard(commit);
      machines.heard(commit);
      members.heard(commit);
    },
    get violation() {
      return violation;
    },
  };
}

export function createJobChecker(of: { readonly namespace: string; readonly name: string }): Checker {
  let violation: string | undefined;
  const succeeded = new Set<string>();
  const seen = new Set<string>();
  const members = follow(pods, of.namespace, ({ after }: Change<Pod>) => {
    if (after?.metadata.labels?.["batch.kubernetes.io/job-name"] !== of.name) return;
    seen.add(after.metadata.uid);
    if (after.status?.phase === "Succeeded") succeeded.add(after.metadata.uid);
  });
  const finished = (job: Job | undefined): string | undefined =>
    job?.status?.conditions?.find(
      (each) => (each.type === "Complete" || each.type === "Failed") && each.status === "True",
    )?.type;
  const judge = (before: Job, after: Job): void => {
    const told = (message: string): void => {
      violation ??= `${message}: ${JSON.stringify(after.status)}`;
    };
    const { succeeded: done = 0, failed = 0, uncountedTerminatedPods } = after.status ?? {};
    const { succeeded: doneBefore = 0, failed: failedBefore = 0 } = before.status ?? {};
    const indexed = after.spec?.completionMode === "Indexed";
    if (!indexed && done < doneBefore) told(`${doneBefore} succeeded before, ${done} now`);
    if (failed < failedBefore) told(`${failedBefore} failed before, ${failed} now`);
    const open = uncountedTerminatedPods?.succeeded?.length ?? 0;
    if (done > succeeded.size) told(`${succeeded.size} pods have succeeded, ${done} are counted`);
    if (done + failed > seen.size) told(`there were ${seen.size} pods, ${done + failed} are counted`);
    const end = finished(before);
    if (end !== undefined && finished(after) !== end) told(`the Job was ${end}`);
    if (end === undefined && finished(after) === "Complete") {
      const wanted = after.spec?.completions;
      if (wanted !== undefined && done !== wanted) told(`complete with ${done} of ${wanted}`);
      if (open > 0) told(`complete with ${open} pods to be counted`);
    }
  };
  const work = follow(jobs, of.namespace, ({ before, after }: Change<Job>) => {
    if (before !== undefined && after !== undefined && before.metadata.uid === after.metadata.uid) judge(before, after);
  });
  return {
    heard(commit) {
      members.heard(commit);
      work.heard(commit);
    },
    get violation() {
      return violation;
    },
  };
}

export interface OwnershipChecker extends Checker {
  /** Somebody asks for this one to be deleted. */
  asked(name: string): void;
  readonly all: ReadonlyMap<string, ConfigMap>;
}

export function createOwnershipChecker(of: { readonly namespace: string }): OwnershipChecker {
  let violation: string | undefined;
  const mayGo = new Set<string>();
  const objects = follow(configMaps, of.namespace, ({ before, after }: Change<ConfigMap>) => {
    if (before === undefined || isDeleting(before) || mayGo.has(before.metadata.name)) return;
    if (after !== undefined && !isDeleting(after)) return;
    const live = before.metadata.ownerReferences?.find(({ uid }) =>
      [...objects.all.values()].some((each) => each.metadata.uid === uid && !isDeleting(each)),
    );
    if (live !== undefined) violation ??= `${before.metadata.name} was deleted though its owner ${live.name} is there`;
    if ((before.metadata.ownerReferences?.length ?? 0) === 0)
      violation ??= `${before.metadata.name} was deleted though nobody owned it`;
  });
  return {
    all: objects.all,
    heard: (commit) => objects.heard(commit),
    asked: (name) => mayGo.add(name),
    get violation() {
      return violation;
    },
  };
}

/** Objects of which every owner is gone. */
export function orphansOf(all: ReadonlyMap<string, ConfigMap>): string[] {
  const uids = new Set([...all.values()].map((each) => each.metadata.uid));
  return [...all.values()]
    .filter(({ metadata }) => {
      const owners = metadata.ownerReferences ?? [];
      return owners.length > 0 && owners.every(({ uid }) => !uids.has(uid));
    })
    .map((each) => each.metadata.name);
}
