// StatefulSets: carries out what decide.ts decides. Upstream: pkg/controller/statefulset.

import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import type { Client, EventRecorder, Informer } from "../../client/index.ts";
import { ignoreNotFound, isAlreadyExists, labelSelectorMatcher, objectKey } from "../../machinery/index.ts";
import {
  addControllerIndex,
  type ControllerContext,
  claim,
  compactStatus,
  controlledBy,
  createExpectations,
  type Expectations,
  featureEnabled,
  historyHashLabel,
  intoQueue,
  newQueue,
  nextAvailabilityMs,
  orphansIn,
  runLoop,
  slowStart,
  syncHistory,
  templateOf,
  truncateHistory,
  watch,
  watchPodsOf,
} from "../lib/index.ts";
import { conflictText, hasUnexpectedController, isOwnerUpToDate, withOwners } from "./claims.ts";
import { type Action, decide, type Plan } from "./decide.ts";
import {
  type Claim,
  claimsFor,
  identityMatches,
  ordinalOf,
  type Pod,
  parentAndOrdinal,
  repairedPod,
  revisionOf,
  type StatefulSet,
  storageMatches,
} from "./identity.ts";

/** An own write that the cache does not show brings an event; this is for the case that it never does. */
const recheckMs = 10_000;

export async function runStatefulSets(context: ControllerContext): Promise<void> {
  const { client, clock } = context;
  const queue = newQueue(context, "statefulset");
  const recorder = context.recorder("statefulset-controller");
  const resource = client.of(statefulSets);
  const honoursMaxUnavailable = featureEnabled(context, "MaxUnavailableStatefulSet");
  const sets = watch(context, statefulSets, intoQueue(queue));
  const selectorOf = (set: StatefulSet) => labelSelectorMatcher(set.spec?.selector);
  const podInformer = watchPodsOf(context, { owners: sets, selector: selectorOf, enqueue: queue.add });
  const claims = watch(context, persistentVolumeClaims);
  const revisionInformer = watch(context, controllerRevisions);
  addControllerIndex(revisionInformer);
  const expectations = createExpectations(clock, podInformer);

  const reconcile = async (key: string): Promise<number | undefined> => {
    const set = sets.byKey(key);
    if (set === undefined) {
      expectations.forget(key);
      return undefined;
    }
    if (!expectations.satisfied(key)) return recheckMs;
    const selector = selectorOf(set);
    const namespace = set.metadata.namespace ?? "";
    const claimed = await claim({
      owner: set,
      selector,
      accepts: (pod: Pod) => parentAndOrdinal(pod.metadata.name).parent === set.metadata.name,
      candidates: [...controlledBy(podInformer, set.metadata.uid), ...orphansIn(podInformer, namespace)],
      owners: resource,
      resource: client.of(pods),
    });
    const history = await syncHistory({
      owner: set,
      owners: resource,
      selector,
      template: set.spec?.template ?? {},
      collisionCount: set.status?.collisionCount ?? 0,
      hashLabel: historyHashLabel,
      client,
      informer: revisionInformer,
    });
    const { update, revisions, collisionCount } = history;
    const current = revisions.find((each) => each.metadata.name === set.status?.currentRevision) ?? update;
    const view = (revision: typeof update) => ({ name: revision.metadata.name, template: templateOf(revision) });
    const nowMs = clock.now();
    const plan = decide({
      set,
      pods: claimed,
      revisions: { current: view(current), update: view(update) },
      collisionCount,
      claim: (name) => claims.get(namespace, name),
      honoursMaxUnavailable,
      nowMs,
    });
    const rim = { set, client, recorder, expectations, claims };
    const failure = await carryOut(rim, plan);
    if (differs(set, plan)) await resource.updateStatus({ ...set, status: compactStatus(plan.status, kept) });
    const used = new Set([current.metadata.name, update.metadata.name, ...claimed.map(revisionOf)]);
    const unused = revisions.filter((each) => !used.has(each.metadata.name));
    await truncateHistory(client, unused, set.spec?.revisionHistoryLimit ?? 10);
    if (failure !== undefined) throw failure;
    return nextAvailabilityMs(claimed, set.spec?.minReadySeconds ?? 0, nowMs);
  };
  await runLoop(context, { queue, informers: [sets, podInformer, claims, revisionInformer], reconcile });
}

/** Written also when zero. */
const kept = ["replicas", "availableReplicas", "collisionCount"] as const;
const counters = ["replicas", "currentReplicas", "readyReplicas", "updatedReplicas", "availableReplicas"] as const;

function differs(set: StatefulSet, { status }: Plan): boolean {
  const before = set.status;
  return (
    (status.observedGeneration ?? 0) > (before?.observedGeneration ?? 0) ||
    status.currentRevision !== before?.currentRevision ||
    status.updateRevision !== before?.updateRevision ||
    status.collisionCount !== (before?.collisionCount ?? 0) ||
    counters.some((field) => (status[field] ?? 0) !== (before?.[field] ?? 0))
  );
}

interface Rim {
  readonly set: StatefulSet;
  readonly client: Client;
  readonly recorder: EventRecorder;
  readonly expectations: Expectations;
  readonly claims: Informer<Claim>;
}

/** The first failure; what comes after it waits for the next time. */
async function carryOut(rim: Rim, plan: Plan): Promise<unknown> {
  for (const phase of plan.phases) {
    if (plan.ordered) {
      for (const action of phase) {
        try {
          await act(rim, action);
        } catch (error) {
          return error;
        }
      }
      continue;
    }
    const { error } = await slowStart(phase.length, (index) => act(rim, phase[index]!));
    if (error !== undefined) return error;
  }
  return undefined;
}

async function act(rim: Rim, action: Action): Promise<void> {
  const { client, set, expectations } = rim;
  const resource = client.of(pods);
  const key = objectKey(set);
  const { name } = action.pod.metadata;
  switch (action.do) {
    case "create":
      return await tellPod(rim, { verb: "Create", name }, async () => {
        await createClaims(rim, action.pod);
        const created = await resource.create(action.pod);
        expectations.created(key, created);
        await ownClaims(rim, created);
      });
    case "delete":
      return await tellPod(rim, { verb: "Delete", name }, async () => {
        const preconditions = { uid: action.pod.metadata.uid! };
        await resource.delete(action.pod.metadata, { preconditions }).catch(ignoreNotFound);
        expectations.deleted(key, action.pod);
      });
    case "repair": {
      const repair = !identityMatches(set, action.pod) || !storageMatches(set, action.pod);
      if (!repair) return await ownClaims(rim, action.pod);
      return await tellPod(rim, { verb: "Update", name }, async () => {
        if (!storageMatches(set, action.pod)) await createClaims(rim, action.pod);
        await ownClaims(rim, action.pod);
        expectations.changed(key, await resource.update(repairedPod(set, action.pod)));
      });
    }
    case "createClaims":
      await createClaims(rim, action.pod);
      return await ownClaims(rim, action.pod);
    case "ownClaims":
      return await ownClaims(rim, action.pod);
  }
}

async function tellPod(
  { recorder, set }: Rim,
  what: { verb: "Create" | "Delete" | "Update"; name: string },
  task: () => Promise<void>,
): Promise<void> {
  const subject = `${what.verb} Pod ${what.name} in StatefulSet ${set.metadata.name}`;
  try {
    await task();
  } catch (error) {
    if (!(what.verb === "Create" && isAlreadyExists(error))) {
      const message = `${subject} failed error: ${errorText(error)}`;
      recorder.event(set, { type: "Warning", reason: `Failed${what.verb}`, message });
    }
    throw error;
  }
  recorder.event(set, { type: "Normal", reason: `Successful${what.verb}`, message: `${subject} successful` });
}

async function createClaims(
  { set, client, recorder, claims }: Rim,
  pod: { metadata: { name: string } },
): Promise<void> {
  const failures: string[] = [];
  for (const wanted of claimsFor(set, ordinalOf(pod))) {
    const { name } = wanted.metadata;
    const existing = claims.get(set.metadata.namespace ?? "", name);
    if (existing?.metadata.deletionTimestamp !== undefined) failures.push(`pvc ${name} is being deleted`);
    if (existing !== undefined) continue;
    const subject = `Create Claim ${name}`;
    const where = `Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
    try {
      await client.of(persistentVolumeClaims).create(wanted);
      recorder.event(set, { type: "Normal", reason: "SuccessfulCreate", message: `${subject} ${where} success` });
    } catch (error) {
      if (isAlreadyExists(error)) continue; // made before, the cache does not show it yet
      failures.push(`failed to create PVC ${name}: ${errorText(error)}`);
      const message = `${subject} for ${where} failed error: ${errorText(error)}`;
      recorder.event(set, { type: "Warning", reason: "FailedCreate", message });
    }
  }
  if (failures.length > 0) throw new Error(failures.length === 1 ? failures[0] : `[${failures.join(", ")}]`);
}

/** Owner references of the claims as the retention policy wants them. */
async function ownClaims({ set, client, recorder, claims }: Rim, pod: Pod): Promise<void> {
  for (const { metadata } of claimsFor(set, ordinalOf(pod))) {
    const existing = claims.get(set.metadata.namespace ?? "", metadata.name);
    if (existing === undefined) continue;
    if (hasUnexpectedController(existing, set, pod))
      recorder.event(set, { type: "Warning", reason: "ConflictingController", message: conflictText(metadata.name) });
    if (!isOwnerUpToDate(existing, set, pod))
      await client.of(persistentVolumeClaims).update(withOwners(existing, set, pod));
  }
}
