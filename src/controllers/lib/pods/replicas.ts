// Keeping a number of equal pods: the core of ReplicaSet and ReplicationController, which differ only in their selectors.
// Upstream: pkg/controller/replicaset (KEP-3973 for terminating replicas).

import { type apps_v1, type core_v1, type KindDefinition, pods } from "../../../api/index.ts";
import { errorText } from "../../../base/index.ts";
import type { Informer } from "../../../client/index.ts";
import {
  controllerOf,
  deepEqual,
  formatTime,
  ignoreNotFound,
  type KubeObject,
  type LabelMatcher,
  labelsMatcher,
  objectKey,
} from "../../../machinery/index.ts";
import { all, slowStart } from "../batches.ts";
import { type ControllerContext, featureEnabled, intoQueue, newQueue, runLoop, watch } from "../context.ts";
import { isNamespaceTerminating } from "../errors.ts";
import { createExpectations } from "../expectations.ts";
import { addControllerIndex, claim, controlledBy, orphansIn, resolveOwner } from "../owners.ts";
import { compactStatus } from "../status.ts";
import { createPodControl, type PodControl } from "./pod-control.ts";
import {
  isActive,
  isAvailable,
  isDeleting,
  isReady,
  isTerminal,
  isTerminating,
  nextAvailabilityMs,
  podCondition,
  sortForDeletion,
} from "./pods.ts";

type Pod = core_v1.Pod;
type Status = apps_v1.ReplicaSetStatus;
type Condition = apps_v1.ReplicaSetCondition;

/** What the two kinds have in common. */
export interface ReplicaOwner extends KubeObject {
  spec?: { replicas?: number; minReadySeconds?: number; template?: core_v1.PodTemplateSpec };
  status?: Status;
}

export interface ReplicaKind<T extends ReplicaOwner> {
  readonly kind: KindDefinition<T>;
  readonly component: string;
  readonly selector: (owner: T) => LabelMatcher;
  readonly tellsTerminating: boolean;
}

/** At most so many pods are created or deleted in one go. */
const burst = 500;

export type ReplicaDecision =
  | { readonly do: "nothing" }
  | { readonly do: "create"; readonly count: number }
  | { readonly do: "delete"; readonly pods: readonly Pod[] };

export interface ReplicaView {
  readonly desired: number;
  readonly active: readonly Pod[];
  /** Counts active pods of the same workload on a pod's node, for spreading deletions. Asked for when some are to go. */
  readonly colocation: () => (pod: Pod) => number;
  readonly nowMs: number;
}

function decideReplicas(view: ReplicaView): ReplicaDecision {
  const surplus = view.active.length - view.desired;
  if (surplus < 0) return { do: "create", count: Math.min(-surplus, burst) };
  if (surplus === 0) return { do: "nothing" };
  const count = Math.min(surplus, burst);
  const ranked =
    count < view.active.length
      ? sortForDeletion(view.active, { nowMs: view.nowMs, rank: view.colocation() })
      : view.active;
  return { do: "delete", pods: ranked.slice(0, count) };
}

export interface StatusView {
  readonly owner: ReplicaOwner;
  readonly active: readonly Pod[];
  /** Undefined where the kind does not tell it. */
  readonly terminating: number | undefined;
  /** Why pods could not be created or deleted. */
  readonly failure: string | undefined;
  readonly nowMs: number;
}

function replicaStatus({ owner, active, terminating, failure, nowMs }: StatusView): Status {
  const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
  const template = labelsMatcher(owner.spec?.template?.metadata?.labels);
  const ready = active.filter(isReady);
  const conditions = nextConditions(owner, { surplus: active.length - (owner.spec?.replicas ?? 1), failure, nowMs });
  const { conditions: _conditions, terminatingReplicas: _terminating, ...rest } = owner.status ?? { replicas: 0 };
  return {
    ...rest,
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => template.matches(pod.metadata.labels)).length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isAvailable(pod, minReadySeconds, nowMs)).length,
    observedGeneration: owner.metadata.generation ?? 0,
    ...(terminating !== undefined ? { terminatingReplicas: terminating } : {}),
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

function nextConditions(
  owner: ReplicaOwner,
  found: { surplus: number; failure: string | undefined; nowMs: number },
): Condition[] {
  const before = owner.status?.conditions ?? [];
  const others = before.filter((condition) => condition.type !== "ReplicaFailure");
  if (found.failure === undefined) return others;
  if (others.length < before.length) return before;
  const reason = found.surplus < 0 ? "FailedCreate" : found.surplus > 0 ? "FailedDelete" : "";
  const lastTransitionTime = formatTime(found.nowMs);
  return [...others, { type: "ReplicaFailure", status: "True", lastTransitionTime, reason, message: found.failure }];
}

/** Counters that are 0 and absent are one; so are no conditions and an empty list. */
const sameStatus = (a: Status | undefined, b: Status): boolean => {
  const counts = (status: Status | undefined): unknown => ({
    fullyLabeledReplicas: 0,
    readyReplicas: 0,
    availableReplicas: 0,
    observedGeneration: 0,
    ...status,
    replicas: status?.replicas ?? 0,
    conditions: status?.conditions ?? [],
    terminating: status?.terminatingReplicas ?? -1,
  });
  return deepEqual(counts(a), counts(b));
};

export async function runReplicaController<T extends ReplicaOwner>(
  context: ControllerContext,
  of: ReplicaKind<T>,
): Promise<void> {
  const { client, clock } = context;
  const queue = newQueue(context, of.kind.resource);
  const recorder = context.recorder(of.component);
  const resource = client.of(of.kind);
  const podResource = client.of(pods);
  const tellsTerminating = of.tellsTerminating && featureEnabled(context, "DeploymentReplicaSetTerminatingReplicas");
  const owners = watch(context, of.kind, intoQueue(queue));
  addControllerIndex(owners);
  const lookedAtMs = new Map<string, number>();
  const enqueueForPod = (key: string): void => {
    const dueMs = (lookedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) + pauseMs(owners.byKey(key));
    const waitMs = dueMs - clock.monotonic();
    if (waitMs > 0) queue.addAfter(key, waitMs);
    else queue.add(key);
  };
  const podInformer = watchPodsOf(context, {
    owners,
    selector: of.selector,
    enqueue: enqueueForPod,
    concerns: countsOtherwise,
  });
  const expectations = createExpectations(clock, podInformer);
  const podControl = createPodControl({ client, recorder, expectations, keyOf: objectKey });

  const reconcile = async (key: string): Promise<number | undefined> => {
    const owner = owners.byKey(key);
    if (owner === undefined) {
      expectations.forget(key);
      lookedAtMs.delete(key);
      return undefined;
    }
    lookedAtMs.set(key, clock.monotonic());
    const settled = expectations.satisfied(key);
    const namespace = owner.metadata.namespace ?? "";
    const claimed = await claim({
      owner,
      selector: of.selector(owner),
      candidates: [
        ...controlledBy(podInformer, owner.metadata.uid),
        ...orphansIn(podInformer, namespace).filter(isActive),
      ],
      owners: resource,
      resource: podResource,
    });
    const active = claimed.filter(isActive);
    const failure =
      settled && owner.metadata.deletionTimestamp === undefined
        ? await manage(podControl, owner, {
            desired: owner.spec?.replicas ?? 1,
            active,
            colocation: () => colocation(owner, owners, podInformer),
            nowMs: clock.now(),
          })
        : undefined;
    const nowMs = clock.now();
    // What this controller has deleted is not available any more, whatever the cache says: a rollout counts on these numbers.
    const remaining = active.filter((pod) => !expectations.deletes(key, pod));
    const status = replicaStatus({
      owner,
      active: remaining,
      terminating: tellsTerminating ? claimed.filter(isTerminating).length : undefined,
      failure: failure === undefined ? undefined : errorText(failure),
      nowMs,
    });
    if (!sameStatus(owner.status, status))
      await resource.updateStatus({ ...owner, status: compactStatus(status, ["replicas", "terminatingReplicas"]) });
    if (failure !== undefined) throw failure;
    const nextMs = nextAvailabilityMs(active, owner.spec?.minReadySeconds ?? 0, nowMs);
    return settled ? nextMs : Math.min(nextMs ?? recheckMs, recheckMs);
  };
  await runLoop(context, { queue, informers: [owners, podInformer], reconcile });
}

/** Active pods of the owner and its siblings by node: scaling down spreads. */
function colocation<T extends ReplicaOwner>(
  owner: T,
  owners: Informer<T>,
  podInformer: Informer<Pod>,
): (pod: Pod) => number {
  const siblings = new Set([owner.metadata.uid]);
  for (const sibling of controlledBy(owners, controllerOf(owner)?.uid)) siblings.add(sibling.metadata.uid);
  const onNode = new Map<string, number>();
  for (const uid of siblings)
    for (const pod of controlledBy(podInformer, uid))
      if (isActive(pod) && pod.spec?.nodeName) onNode.set(pod.spec.nodeName, (onNode.get(pod.spec.nodeName) ?? 0) + 1);
  return (pod) => onNode.get(pod.spec?.nodeName ?? "") ?? 0;
}

/** The first error, as upstream tells only one. */
async function manage(podControl: PodControl, owner: ReplicaOwner, view: ReplicaView): Promise<unknown> {
  const decision = decideReplicas(view);
  if (decision.do === "nothing") return undefined;
  if (decision.do === "create") {
    const template = owner.spec?.template ?? {};
    const { error } = await slowStart(decision.count, async () => {
      try {
        await podControl.create(owner, template);
      } catch (failure) {
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    return error;
  }
  try {
    await all(decision.pods, async (pod) => {
      await podControl.delete(owner, pod).catch(ignoreNotFound);
    });
  } catch (failure) {
    return failure;
  }
  return undefined;
}

const fewPods = 50;
const pausePerPodMs = 0.5;
const longestPauseMs = 500;

/** How long a look at the pods of a large set serves for: they come and go by hundreds, and each look goes over all of them. */
const pauseMs = (owner: ReplicaOwner | undefined): number =>
  Math.min(Math.max(0, (owner?.spec?.replicas ?? 1) - fewPods) * pausePerPodMs, longestPauseMs);

/** Whether a pod's change is one that its owner's numbers, or whose pod it is, can depend on. */
function countsOtherwise(before: Pod, after: Pod): boolean {
  const [was, is] = [podCondition(before, "Ready"), podCondition(after, "Ready")];
  return (
    isTerminal(before) !== isTerminal(after) ||
    isDeleting(before) !== isDeleting(after) ||
    was?.status !== is?.status ||
    was?.lastTransitionTime !== is?.lastTransitionTime ||
    !deepEqual(before.metadata.labels, after.metadata.labels) ||
    !deepEqual(before.metadata.ownerReferences, after.metadata.ownerReferences)
  );
}

/** A write of ours that the cache does not show yet brings an event; this is for the case that it never does. */
const recheckMs = 10_000;

interface PodWatch<T extends KubeObject> {
  readonly owners: Informer<T>;
  readonly selector: (owner: T) => LabelMatcher;
  readonly enqueue: (key: string) => void;
  /** Changes of a pod that its owner wants to hear of; all when not given. */
  readonly concerns?: (before: Pod, after: Pod) => boolean;
}

/** Pods with their controller index; every change wakes the owner, one of an orphan wakes whoever may adopt it. */
export function watchPodsOf<T extends KubeObject>(context: ControllerContext, options: PodWatch<T>): Informer<Pod> {
  const { owners, enqueue } = options;
  const wakeOwner = (pod: Pod): boolean => {
    const reference = controllerOf(pod);
    const owner = resolveOwner(owners, reference, pod.metadata.namespace ?? "");
    if (owner !== undefined) enqueue(objectKey(owner));
    return reference !== undefined;
  };
  const wakeAdopters = (pod: Pod): void => {
    for (const owner of owners.list(pod.metadata.namespace))
      if (options.selector(owner).matches(pod.metadata.labels)) enqueue(objectKey(owner));
  };
  const informer = watch(context, pods, {
    add(pod) {
      if (!wakeOwner(pod) && pod.metadata.deletionTimestamp === undefined) wakeAdopters(pod);
    },
    update(before, pod) {
      if (options.concerns?.(before, pod) === false) return;
      if (controllerOf(before)?.uid !== controllerOf(pod)?.uid) wakeOwner(before);
      if (wakeOwner(pod)) return;
      if (controllerOf(before) !== undefined || !deepEqual(before.metadata.labels, pod.metadata.labels))
        wakeAdopters(pod);
    },
    delete: wakeOwner,
  });
  addControllerIndex(informer);
  return informer;
}
