// DaemonSets: carries out what decide.ts decides. Upstream: pkg/controller/daemon.
import { controllerRevisions, type core_v1, daemonSets, nodes, pods } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import type { Client, EventRecorder, Informer } from "../../client/index.ts";
import { deepEqual, ignoreNotFound, labelSelectorMatcher, objectKey } from "../../machinery/index.ts";
import {
  addControllerIndex,
  all,
  type ControllerContext,
  type ControllerRevision,
  claim,
  compactStatus,
  controlledBy,
  createExpectations,
  createPodControl,
  type Expectations,
  type History,
  intoQueue,
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
import { type DaemonSet, type Pod, templateFor } from "./template.ts";

const burst = 250;
const recheckMs = 10_000;

/** Written also when zero. */
const kept = ["currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"] as const;

export async function runDaemonSets(context: ControllerContext): Promise<void> {
  const { client, clock } = context;
  const queue = newQueue(context, "daemonset");
  const recorder = context.recorder("daemonset-controller");
  const sets = watch(context, daemonSets, intoQueue(queue));
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

  const rim: Rim = {
    client,
    clock,
    recorder,
    sets,
    pods: podInformer,
    nodes: nodeInformer,
    revisions: revisionInformer,
    expectations,
    podControl,
    backoff,
  };
  await runLoop(context, {
    queue,
    workers: 2,
    informers: [sets, podInformer, nodeInformer, revisionInformer],
    reconcile: (key) => reconcile(rim, key),
  });
}

const selectorOf = (set: DaemonSet) => labelSelectorMatcher(set.spec.selector);

interface Rim {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: EventRecorder;
  readonly sets: Informer<DaemonSet>;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<core_v1.Node>;
  readonly revisions: Informer<ControllerRevision>;
  readonly expectations: Expectations;
  readonly podControl: PodControl;
  readonly backoff: FailureBackoff;
}

async function reconcile(rim: Rim, key: string): Promise<number | undefined> {
  const set = rim.sets.byKey(key);
  if (set === undefined) {
    rim.expectations.forget(key);
    return undefined;
  }
  if (selectorOf(set).everything) {
    const message = "This daemon set is selecting all pods. A non-empty selector is required.";
    rim.recorder.event(set, { type: "Warning", reason: "SelectingAll", message });
    return undefined;
  }
  if (set.metadata.deletionTimestamp !== undefined) return undefined;
  const history = await syncHistory({
    owner: set,
    owners: rim.client.of(daemonSets),
    selector: selectorOf(set),
    template: set.spec.template,
    collisionCount: set.status?.collisionCount ?? 0,
    hashLabel: revisionHashLabel,
    client: rim.client,
    informer: rim.revisions,
  });
  const settled = rim.expectations.satisfied(key);
  const observed = await observe(rim, set, history.update.metadata.labels?.[revisionHashLabel] ?? "");
  const plan = settled ? decide(observed) : undefined;
  let failure: unknown;
  if (plan !== undefined) {
    tellEnded(rim, set, plan);
    failure = await carryOut({ set, plan, hash: observed.hash, podControl: rim.podControl });
    if (failure === undefined) await cleanUp(rim, observed, history);
  }
  await writeStatus(rim, observed, { settled, collisionCount: history.collisionCount });
  if (failure !== undefined) throw failure;
  const waits = [
    nextAvailabilityMs(observed.pods, set.spec.minReadySeconds ?? 0, observed.nowMs),
    plan?.againMs,
    settled ? undefined : recheckMs,
  ].filter((ms) => ms !== undefined);
  return waits.length > 0 ? Math.min(...waits) : undefined;
}

const backoffKey = (set: DaemonSet, nodeName: string): string =>
  `${set.metadata.uid}/${set.metadata.generation}/${nodeName}`;

async function observe(rim: Rim, set: DaemonSet, hash: string): Promise<Observed> {
  const claimed = await claim({
    owner: set,
    selector: selectorOf(set),
    candidates: [...controlledBy(rim.pods, set.metadata.uid), ...orphansIn(rim.pods, set.metadata.namespace ?? "")],
    owners: rim.client.of(daemonSets),
    resource: rim.client.of(pods),
  });
  return {
    set,
    nodes: rim.nodes.list(),
    pods: claimed,
    hash,
    backoffMs: (nodeName) => rim.backoff.leftMs(backoffKey(set, nodeName)),
    nowMs: rim.clock.now(),
  };
}

function tellEnded({ recorder, backoff }: Rim, set: DaemonSet, plan: Plan): void {
  for (const { pod, nodeName } of plan.ended) {
    const failed = pod.status?.phase === "Failed";
    if (failed) backoff.failed(backoffKey(set, nodeName));
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
}

/** Old revisions that no pod has, beyond the history limit. */
async function cleanUp({ client }: Rim, { set, pods: live }: Observed, history: History): Promise<void> {
  const used = new Set(live.map((pod) => pod.metadata.labels?.[revisionHashLabel]));
  const old = history.revisions.filter((each) => each.metadata.name !== history.update.metadata.name);
  const unused = old.filter((each) => !used.has(each.metadata.labels?.[revisionHashLabel]));
  await truncateHistory(client, unused, (set.spec.revisionHistoryLimit ?? 10) - (old.length - unused.length));
}

async function writeStatus(
  { client }: Rim,
  view: Observed,
  run: { settled: boolean; collisionCount: number },
): Promise<void> {
  const { status: before, metadata } = view.set;
  const observedGeneration = run.settled ? (metadata.generation ?? 0) : (before?.observedGeneration ?? 0);
  const { collisionCount } = run;
  const status = {
    ...before,
    ...statusOf(view),
    ...(observedGeneration > 0 ? { observedGeneration } : {}),
    ...(collisionCount > 0 ? { collisionCount } : {}),
  };
  const blank = { updatedNumberScheduled: 0, numberAvailable: 0, numberUnavailable: 0 };
  if (!deepEqual({ ...blank, ...before }, status))
    await client.of(daemonSets).updateStatus({ ...view.set, status: compactStatus(status, kept) });
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
      await podControl.delete(set, pod).catch(ignoreNotFound);
    });
  } catch (failure) {
    return error ?? failure;
  }
  return error;
}

interface FailureBackoff {
  leftMs(key: string): number;
  failed(key: string): void;
}

/** Failing daemons are replaced after 1 s, 2 s, 4 s … 15 min. */
function createFailureBackoff(clock: Clock): FailureBackoff {
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
