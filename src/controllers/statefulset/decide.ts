// What a StatefulSet needs next, as data. Upstream: pkg/controller/statefulset/stateful_set_control.go.
//
// Ordered: pods come up from the first ordinal and go down from the last, one at a time, each waiting for the one before.
// Parallel: only updates wait for one another.

import type { apps_v1 } from "../../api/index.ts";
import { scaledIntOrPercent } from "../../machinery/index.ts";
import { isOwnerUpToDate, isStaleFor } from "./claims.ts";
import {
  type Claim,
  claimsFor,
  identityMatches,
  inRange,
  isCreated,
  isDeleting,
  isPodAvailable,
  isRunningAndReady,
  type NewPod,
  ordinalOf,
  type Pod,
  type Replica,
  type Revisions,
  replicasOf,
  revisionOf,
  type StatefulSet,
  startOrdinal,
  storageMatches,
  versionedPod,
} from "./identity.ts";

export interface Observed {
  readonly set: StatefulSet;
  /** Those it controls. */
  readonly pods: readonly Pod[];
  readonly revisions: Revisions;
  readonly collisionCount: number;
  readonly claim: (name: string) => Claim | undefined;
  /** Gate MaxUnavailableStatefulSet. */
  readonly honoursMaxUnavailable: boolean;
  readonly nowMs: number;
}

export type Action =
  /** Its missing claims first. */
  | { readonly do: "create"; readonly pod: NewPod }
  | { readonly do: "delete"; readonly pod: Pod }
  /** Identity, volumes and claim owners are put right. */
  | { readonly do: "repair"; readonly pod: Pod }
  | { readonly do: "createClaims"; readonly pod: Pod }
  | { readonly do: "ownClaims"; readonly pod: Pod };

export interface Plan {
  /** Phases one after the other; the actions of a phase depend on each other only when `ordered`. */
  readonly phases: readonly (readonly Action[])[];
  readonly ordered: boolean;
  readonly status: apps_v1.StatefulSetStatus;
}

interface View extends Observed {
  readonly ordered: boolean;
  /** By ordinal: what exists, or what is to be created. */
  readonly replicas: readonly Replica[];
  /** Beyond the range, highest ordinal first. */
  readonly condemned: readonly Pod[];
}

interface Verdict {
  readonly actions: readonly Action[];
  /** Ordered sets go no further than this pod. */
  readonly stop: boolean;
}

export function decide(observed: Observed): Plan {
  const { set, pods, revisions } = observed;
  const ordered = set.spec?.podManagementPolicy !== "Parallel";
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
  const replicas = Array.from({ length: replicasOf(set) }, (_, index): Replica => {
    const ordinal = startOrdinal(set) + index;
    return byOrdinal.get(ordinal) ?? versionedPod(set, revisions, ordinal);
  });
  const condemned = pods
    .filter((pod) => ordinalOf(pod) >= 0 && !inRange(set, ordinalOf(pod)))
    .sort((a, b) => ordinalOf(b) - ordinalOf(a));
  const view: View = { ...observed, ordered, replicas, condemned };
  const phases: (readonly Action[])[] = [];
  let deletedCurrent = 0;
  const done = (): Plan => ({ phases, ordered, status: statusOf(view, deletedCurrent) });
  if (set.metadata.deletionTimestamp !== undefined) return done();

  const up = runAll(view, replicas, (replica) => decideReplica(view, replica));
  phases.push(up.actions);
  if (up.stop) return done();
  const claims = condemned.filter((pod) => !claimsUpToDate(view, pod));
  phases.push(claims.map((pod): Action => ({ do: "ownClaims", pod })));
  const firstUnavailable = [...replicas, ...[...condemned].reverse()].find((pod) => isUnavailable(view, pod));
  const down = runAll(view, condemned, (pod) => decideCondemned(view, pod, firstUnavailable));
  phases.push(down.actions);
  if (down.stop) return done();
  const outdated = outdatedPods(view);
  phases.push(outdated.map((pod): Action => ({ do: "delete", pod })));
  deletedCurrent = outdated.length;
  return done();
}

function runAll<P>(view: View, pods: readonly P[], decideOne: (pod: P) => Verdict): Verdict {
  const actions: Action[] = [];
  for (const pod of pods) {
    const verdict = decideOne(pod);
    actions.push(...verdict.actions);
    if (verdict.stop && view.ordered) return { actions, stop: true };
  }
  return { actions, stop: false };
}

const isUnavailable = (view: View, pod: Replica): boolean =>
  !isPodAvailable(view.set, pod, view.nowMs) || isDeleting(pod);

function decideReplica(view: View, pod: Replica): Verdict {
  const { set, nowMs } = view;
  if (!isCreated(pod)) {
    const stale = hasStaleClaims(view, pod as NewPod);
    return { actions: stale ? [] : [{ do: "create", pod: pod as NewPod }], stop: true };
  }
  if (pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded")
    return { actions: isDeleting(pod) ? [] : [{ do: "delete", pod }], stop: true };
  const actions: Action[] = [];
  if (pod.status?.phase === "Pending" && lacksClaims(view, pod)) actions.push({ do: "createClaims", pod });
  const settled = !isDeleting(pod) && isRunningAndReady(pod) && isPodAvailable(set, pod, nowMs);
  if (!settled && view.ordered) return { actions, stop: true };
  if (!identityMatches(set, pod) || !storageMatches(set, pod) || !claimsUpToDate(view, pod))
    actions.push({ do: "repair", pod });
  return { actions, stop: false };
}

/** A claim that goes with an earlier pod of this name: the new pod waits until it is gone. */
function hasStaleClaims(view: View, pod: NewPod): boolean {
  if ((view.set.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled ?? "Retain") === "Retain") return false;
  return claimsFor(view.set, ordinalOf(pod)).some((wanted) => {
    const claim = view.claim(wanted.metadata.name);
    return claim !== undefined && isStaleFor(claim, pod);
  });
}

function lacksClaims(view: View, pod: Pod): boolean {
  return claimsFor(view.set, ordinalOf(pod)).some((wanted) => {
    const claim = view.claim(wanted.metadata.name);
    return (
      claim === undefined || claim.metadata.deletionTimestamp !== undefined || !isOwnerUpToDate(claim, view.set, pod)
    );
  });
}

const claimsUpToDate = (view: View, pod: Pod): boolean =>
  claimsFor(view.set, ordinalOf(pod)).every((wanted) => {
    const claim = view.claim(wanted.metadata.name);
    return claim === undefined || isOwnerUpToDate(claim, view.set, pod);
  });

function decideCondemned(view: View, pod: Pod, firstUnavailable: Replica | undefined): Verdict {
  if (isDeleting(pod)) return { actions: [], stop: true };
  const well = isRunningAndReady(pod) && isPodAvailable(view.set, pod, view.nowMs);
  // In order nothing goes while another pod is unwell, except that pod itself.
  if (view.ordered && !well && pod !== firstUnavailable) return { actions: [], stop: true };
  return { actions: [{ do: "delete", pod }], stop: true };
}

/** Pods of another revision that may be replaced now, from the highest ordinal down to the partition. */
function outdatedPods(view: View): Pod[] {
  const { set, replicas, revisions } = view;
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (type === "OnDelete") return [];
  const partition = rollingUpdate?.partition ?? 0;
  const isOutdated = (pod: Replica): pod is Pod => revisionOf(pod) !== revisions.update.name && !isDeleting(pod);
  const candidates = replicas.slice(partition).reverse();
  if (view.honoursMaxUnavailable) {
    const given = rollingUpdate?.maxUnavailable ?? 1;
    const most = Math.max(1, scaledIntOrPercent(given, { total: replicasOf(set), round: "down" }));
    const room = most - replicas.filter((pod) => isUnavailable(view, pod)).length;
    return candidates.filter(isOutdated).slice(0, Math.max(0, room));
  }
  for (const pod of candidates) {
    if (isOutdated(pod)) return [pod];
    if (isUnavailable(view, pod)) return [];
  }
  return [];
}

function statusOf(view: View, deletedCurrent: number): apps_v1.StatefulSetStatus {
  const { set, pods, revisions, nowMs } = view;
  const count = (test: (pod: Pod) => boolean): number => pods.filter(test).length;
  const ofRevision = (name: string): number =>
    count((pod) => isCreated(pod) && !isDeleting(pod) && revisionOf(pod) === name);
  const status: apps_v1.StatefulSetStatus = {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: count(isCreated),
    readyReplicas: count(isRunningAndReady),
    availableReplicas: count((pod) => isRunningAndReady(pod) && isPodAvailable(set, pod, nowMs)),
    currentReplicas: ofRevision(revisions.current.name) - deletedCurrent,
    updatedReplicas: ofRevision(revisions.update.name),
    currentRevision: revisions.current.name,
    updateRevision: revisions.update.name,
    collisionCount: view.collisionCount,
  };
  const replicas = replicasOf(set);
  const complete =
    set.spec?.updateStrategy?.type !== "OnDelete" &&
    status.updatedReplicas === replicas &&
    status.readyReplicas === replicas &&
    status.replicas === replicas;
  return complete ? { ...status, currentReplicas: replicas, currentRevision: revisions.update.name } : status;
}
