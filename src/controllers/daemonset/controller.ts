// DaemonSets: carries out what decide.ts decides. Upstream: pkg/controller/daemon.
import { controllerRevisions, daemonSets, nodes, pods } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import { deepEqual, isNotFound, labelSelectorMatcher, objectKey } from "../../machinery/index.ts";
import {
  addControllerIndex,
  all,
  type ControllerContext,
  claim,
  compactStatus,
  controlledBy,
  createExpectations,
  createPodControl,
  isNamespaceTerminating,
  newQueue,
  nextAvailabilityMs,
  orphansIn,
  type PodControl,
  revisionHashLabel,
  runLoop,
  slowStart,
  syncHistory,
  truncateHistory,
  watch,
  watchPodsOf,
} from "../lib/index.ts";
import { decide, type Observed, type Plan, statusOf } from "./decide.ts";
import { type DaemonSet, templateFor } from "./template.ts";

const burst = 250;
const recheckMs = 10_000;

/** Written also when zero. */
const kept = ["currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"] as const;

export async function runDaemonSets(context: ControllerContext): Promise<void> {
  const { client, clock } = context;
  const queue = newQueue(context, "daemonset");
  const recorder = context.recorder("daemonset-controller");
  const resource = client.of(daemonSets);
  const sets = watch(context, daemonSets, {
    add: (set) => queue.add(objectKey(set)),
    update: (_, set) => queue.add(objectKey(set)),
    delete: (set) => queue.add(objectKey(set)),
  });
  const selectorOf = (set: DaemonSet) => labelSelectorMatcher(set.spec.selector);
  const podInformer = watchPodsOf(context, { owners: sets, selector: selectorOf, enqueue: queue.add });
  const wakeAll = (): void => {
    for (const set of sets.list()) queue.add(objectKey(set));
  };
  const nodeInformer = watch(context, nodes, {
    add: wakeAll,
    update(before, node) {
      const same =
        deepEqual(before.metadata.labels, node.metadata.labels) && deepEqual(before.spec?.taints, node.spec?.taints);
      if (!same) wakeAll();
    },
    delete: wakeAll,
  });
  const revisionInformer = watch(context, controllerRevisions);
  addControllerIndex(revisionInformer);
  const expectations = createExpectations(clock, podInformer);
  const podControl = createPodControl({ client, recorder, expectations, keyOf: objectKey });
  const backoff = createFailureBackoff(clock);

  const reconcile = async (key: string): Promise<number | undefined> => {
    const set = sets.byKey(key);
    if (set === undefined) {
      expectations.forget(key);
      return undefined;
    }
    const selector = selectorOf(set);
    if (selector.everything) {
      const message = "This daemon set is selecting all pods. A non-empty selector is required.";
      recorder.event(set, { type: "Warning", reason: "SelectingAll", message });
      return undefined;
    }
    if (set.metadata.deletionTimestamp !== undefined) return undefined;
    const history = await syncHistory({
      owner: set,
      owners: resource,
      selector,
      template: set.spec.template,
      collisionCount: set.status?.collisionCount ?? 0,
      hashLabel: revisionHashLabel,
      client,
      informer: revisionInformer,
    });
    const hash = history.update.metadata.labels?.[revisionHashLabel] ?? "";
    const settled = expectations.satisfied(key);
    const observe = async (): Promise<Observed> => ({
      set,
      nodes: nodeInformer.list(),
      pods: await claim({
        owner: set,
        selector,
        candidates: [
          ...controlledBy(podInformer, set.metadata.uid),
          ...orphansIn(podInformer, set.metadata.namespace ?? ""),
        ],
        owners: resource,
        resource: client.of(pods),
      }),
      hash,
      backoffMs: (nodeName) => backoff.leftMs(`${set.metadata.uid}/${set.metadata.generation}/${nodeName}`),
      nowMs: clock.now(),
    });
    const observed = await observe();
    const plan = settled ? decide(observed) : undefined;
    let failure: unknown;
    if (plan !== undefined) {
      for (const { pod, nodeName } of plan.ended) {
        const failed = pod.status?.phase === "Failed";
        if (failed) backoff.failed(`${set.metadata.uid}/${set.metadata.generation}/${nodeName}`);
        const subject = `daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${nodeName}`;
        recorder.event(
          set,
          failed
            ? { type: "Warning", reason: "FailedDaemonPod", message: `Found failed ${subject}, will try to kill it` }
            : {
                type: "Normal",
                reason: "SucceededDaemonPod",
                message: `Found succeeded ${subject}, will try to delete it`,
              },
        );
      }
      failure = await carryOut({ set, plan, hash, podControl });
      if (failure === undefined) await cleanUp();
    }
    await writeStatus(observed, history.collisionCount);
    if (failure !== undefined) throw failure;
    const waits = [
      nextAvailabilityMs(observed.pods, set.spec.minReadySeconds ?? 0, observed.nowMs),
      plan?.againMs,
      settled ? undefined : recheckMs,
    ].filter((ms) => ms !== undefined);
    return waits.length > 0 ? Math.min(...waits) : undefined;

    async function cleanUp(): Promise<void> {
      const live = new Set(observed.pods.map((pod) => pod.metadata.labels?.[revisionHashLabel]));
      const old = history.revisions.filter((each) => each.metadata.name !== history.update.metadata.name);
      const unused = old.filter((each) => !live.has(each.metadata.labels?.[revisionHashLabel]));
      const limit = set!.spec.revisionHistoryLimit ?? 10;
      await truncateHistory(client, unused, limit - (old.length - unused.length));
    }
    async function writeStatus(view: Observed, collisionCount: number): Promise<void> {
      const { status: before, metadata } = view.set;
      const observedGeneration = settled ? (metadata.generation ?? 0) : (before?.observedGeneration ?? 0);
      const status = {
        ...before,
        ...statusOf(view),
        ...(observedGeneration > 0 ? { observedGeneration } : {}),
        ...(collisionCount > 0 ? { collisionCount } : {}),
      };
      const blank = { updatedNumberScheduled: 0, numberAvailable: 0, numberUnavailable: 0 };
      if (!deepEqual({ ...blank, ...before }, status))
        await resource.updateStatus({ ...view.set, status: compactStatus(status, kept) });
    }
  };
  await runLoop(context, {
    queue,
    workers: 2,
    informers: [sets, podInformer, nodeInformer, revisionInformer],
    reconcile,
  });
}

interface Work {
  readonly set: DaemonSet;
  readonly plan: Plan;
  readonly hash: string;
  readonly podControl: PodControl;
}

/** The first failure. */
async function carryOut({ set, plan, hash, podControl }: Work): Promise<unknown> {
  const create = plan.create.slice(0, burst);
  const { error } = await slowStart(create.length, async (index) => {
    try {
      await podControl.create(set, templateFor(set, hash, create[index]!));
    } catch (failure) {
      if (!isNamespaceTerminating(failure)) throw failure;
    }
  });
  try {
    await all(plan.delete.slice(0, burst), async (pod) => {
      try {
        await podControl.delete(set, pod);
      } catch (failure) {
        if (!isNotFound(failure)) throw failure;
      }
    });
  } catch (failure) {
    return error ?? failure;
  }
  return error;
}

/** Failing daemons are replaced after 1 s, 2 s, 4 s … 15 min. */
function createFailureBackoff(clock: Clock): { leftMs(key: string): number; failed(key: string): void } {
  const mostMs = 15 * 60_000;
  const records = new Map<string, { delayMs: number; atMs: number }>();
  return {
    leftMs(key) {
      const record = records.get(key);
      return record === undefined ? 0 : Math.max(0, record.atMs + record.delayMs - clock.monotonic());
    },
    failed(key) {
      const nowMs = clock.monotonic();
      for (const [other, record] of records) if (nowMs - record.atMs > 2 * mostMs) records.delete(other);
      const before = records.get(key);
      const delayMs = before === undefined ? 1000 : Math.min(before.delayMs * 2, mostMs);
      records.set(key, { delayMs, atMs: nowMs });
    },
  };
}
