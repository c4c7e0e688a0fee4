// Ends pods that hold a device which got a NoExecute taint, from its driver or by a DeviceTaintRule, when their tolerations are
// over; tells in a rule's status how far that is. Upstream: pkg/controller/devicetainteviction (KEP-5055). Rules count with the
// feature DRADeviceTaintRules.
import {
  type DeviceTaintRule,
  deviceTaintRules,
  type Pod,
  pods,
  resourceClaims,
  resourceSlices,
} from "../../api/index.ts";
import { Counter, Histogram } from "../../base/index.ts";
import type { Lister } from "../../client/index.ts";
import { deepEqual, formatTime, isNotFound, type KubeObject, objectKey } from "../../machinery/index.ts";
import {
  type ClaimUsers,
  type ControllerContext,
  claimUsers,
  disruptionTarget,
  featureEnabled,
  isPodGroup,
  newQueue,
  podGroupNameOf,
  runLoop,
  watch,
} from "../lib/index.ts";
import {
  allocatedDevices,
  type Devices,
  podEviction,
  poolKey,
  publishedDevices,
  type ResourceClaim,
  type ResourceSlice,
  ruleCondition,
  ruleMatches,
} from "./decide.ts";

const controllerName = "device-taint-eviction-controller";
/** The least time between two updates of a rule's status while pods leave. */
const statusPeriodMs = 10_000;
const byPool = "devicePool";
const byGroup = "podGroupOfPod";
const [podPrefix, rulePrefix] = ["pod ", "rule "];
const conditionType = "EvictionInProgress";

interface World {
  readonly context: ControllerContext;
  readonly queue: ReturnType<typeof newQueue>;
  readonly users: ClaimUsers;
  readonly pods: Lister<Pod>;
  readonly claims: Lister<ResourceClaim>;
  readonly slices: Lister<ResourceSlice>;
  /** Undefined without the feature. */
  readonly rules: Lister<DeviceTaintRule> | undefined;
  /** Uids of the pods whose end is planned. */
  readonly planned: Map<string, string>;
  /** Uids of pods that are evicted, until they are gone. */
  readonly evicted: Set<string>;
  /** Pods evicted because of a rule, by its uid. */
  readonly evictedBy: Map<string, number>;
  readonly counted: (latencyMs: number) => void;
}

export async function runDeviceTaintEviction(context: ControllerContext): Promise<void> {
  if (!featureEnabled(context, "DRADeviceTaints")) return;
  const queue = newQueue(context, "device_taint_eviction");
  const pod = context.informers.informer(pods);
  const claims = context.informers.informer(resourceClaims);
  const slices = context.informers.informer(resourceSlices);
  const withRules = featureEnabled(context, "DRADeviceTaintRules");
  const rules = withRules ? context.informers.informer(deviceTaintRules) : undefined;
  claims.addIndex(byPool, (claim) => [
    ...new Set(allocatedDevices(claim).map((each) => poolKey(each.driver, each.pool))),
  ]);
  slices.addIndex(byPool, ({ spec }) => [poolKey(spec.driver, spec.pool.name)]);
  const users = claimUsers(context);
  if (users.podGroups)
    pod.addIndex(byGroup, (each) => {
      const name = podGroupNameOf(each);
      return name === undefined ? [] : [`${each.metadata.namespace}/${name}`];
    });
  const world: World = {
    ...{ context, queue, users, pods: pod, claims, slices, rules, counted: countersOf(context) },
    ...{ planned: new Map(), evicted: new Set(), evictedBy: new Map() },
  };
  followPods(world);
  followClaims(world);
  if (withRules) followRules(world);
  await runLoop(context, {
    queue,
    informers: [pod, claims, slices, ...(rules === undefined ? [] : [rules])],
    workers: 10,
    reconcile: (key) =>
      key.startsWith(podPrefix)
        ? syncPod(world, key.slice(podPrefix.length))
        : syncRule(world, key.slice(rulePrefix.length)),
  });
}

function followPods({ context, queue, planned, evicted }: World): void {
  const wake = (pod: Pod): void => {
    if ((pod.spec?.resourceClaims ?? []).length > 0) queue.add(podPrefix + objectKey(pod));
  };
  watch(context, pods, {
    add: wake,
    update: (before, pod) => {
      if (
        before.spec?.nodeName !== pod.spec?.nodeName ||
        !deepEqual(before.status?.resourceClaimStatuses, pod.status?.resourceClaimStatuses)
      )
        wake(pod);
    },
    delete: (pod) => {
      planned.delete(objectKey(pod));
      evicted.delete(pod.metadata.uid ?? "");
    },
  });
}

function wakeUsers({ queue, users, pods: pod }: World, { metadata, status }: ResourceClaim): void {
  for (const consumer of status?.reservedFor ?? []) {
    const key = `${metadata.namespace}/${consumer.name}`;
    if (!consumer.apiGroup && consumer.resource === "pods") queue.add(podPrefix + key);
    if (users.podGroups && isPodGroup(consumer))
      for (const member of pod.byIndex(byGroup, key)) queue.add(podPrefix + objectKey(member));
  }
}

function followClaims(world: World): void {
  const { context, claims } = world;
  const wake = (claim: ResourceClaim): void => wakeUsers(world, claim);
  watch(context, resourceClaims, {
    add: wake,
    update: (before, claim) => {
      wake(before);
      wake(claim);
    },
    delete: wake,
  });
  const wakePool = ({ spec }: ResourceSlice): void => {
    for (const claim of claims.byIndex(byPool, poolKey(spec.driver, spec.pool.name))) wake(claim);
  };
  watch(context, resourceSlices, {
    add: wakePool,
    update: (before, slice) => {
      wakePool(before);
      wakePool(slice);
    },
    delete: wakePool,
  });
}

function followRules(world: World): void {
  const { context, queue, claims, evictedBy } = world;
  const wakeAll = (rule: DeviceTaintRule): void => {
    queue.add(rulePrefix + rule.metadata.name);
    for (const claim of claims.list()) if (claim.status?.allocation !== undefined) wakeUsers(world, claim);
  };
  watch(context, deviceTaintRules, {
    add: wakeAll,
    update: (before, rule) => {
      if (!deepEqual(before.spec, rule.spec)) wakeAll(rule);
    },
    delete: (rule) => {
      evictedBy.delete(rule.metadata.uid ?? "");
      wakeAll(rule);
    },
  });
}

const devicesOf = ({ slices, rules }: World, more: readonly DeviceTaintRule[] = []): Devices => ({
  slicesOf: (pool) => slices.byIndex(byPool, pool),
  rules: [...(rules?.list() ?? []).filter(({ spec }) => spec.taint.effect === "NoExecute"), ...more],
});

const evictionOf = (world: World, pod: Pod, devices: Devices) =>
  podEviction(pod, {
    ...devices,
    users: world.users,
    claimNamed: (name) => world.claims.get(pod.metadata.namespace ?? "", name),
  });

async function syncPod(world: World, key: string): Promise<number | undefined> {
  const { context, queue, planned, evicted, evictedBy } = world;
  const pod = world.pods.byKey(key);
  const uid = pod?.metadata.uid ?? "";
  if (pod === undefined || evicted.has(uid)) return undefined;
  const eviction = evictionOf(world, pod, devicesOf(world));
  if (eviction === undefined) {
    if (planned.delete(key)) tell(context, pod, "Cancelling deletion");
    return undefined;
  }
  planned.set(key, uid);
  const wakeRules = (): void => {
    for (const rule of world.rules?.list() ?? [])
      if (eviction.rules.has(rule.metadata.uid ?? "")) queue.addAfter(rulePrefix + rule.metadata.name, statusPeriodMs);
  };
  wakeRules();
  const leftMs = eviction.whenMs - context.clock.now();
  if (leftMs > 0) return leftMs;
  const isDone = await evict(context, pod);
  planned.delete(key);
  evicted.add(uid);
  if (!isDone) return undefined;
  world.counted(context.clock.now() - eviction.whenMs);
  for (const rule of eviction.rules) evictedBy.set(rule, (evictedBy.get(rule) ?? 0) + 1);
  wakeRules();
  return undefined;
}

/** False when there was nothing to end any more. */
async function evict(context: ControllerContext, pod: Pod): Promise<boolean> {
  const { client, clock } = context;
  const { uid = "" } = pod.metadata;
  try {
    const current = await client.of(pods).get(pod.metadata);
    if (current.metadata.uid !== uid) return false;
    if (current.metadata.deletionTimestamp !== undefined) return true;
    tell(context, pod, "Marking for deletion");
    const { generation: _, ...metadata } = current.metadata;
    const status = disruptionTarget({ ...current, metadata } as Pod, {
      reason: "DeletionByDeviceTaintManager",
      message: "Device Taint manager: deleting due to NoExecute taint",
      nowMs: clock.now(),
    });
    await client.of(pods).patch(metadata, { metadata: { uid }, status }, { type: "strategic", subresource: "status" });
    await client.of(pods).delete(metadata, { preconditions: { uid } });
    return true;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return false;
  }
}

const recorders = new WeakMap<ControllerContext, ReturnType<ControllerContext["recorder"]>>();

function tell(context: ControllerContext, { metadata }: Pod, message: string): void {
  let recorder = recorders.get(context);
  if (recorder === undefined) recorders.set(context, (recorder = context.recorder(controllerName)));
  const { namespace = "", name, uid } = metadata;
  const about = { apiVersion: "v1", kind: "Pod", metadata: { namespace, name, uid } as KubeObject["metadata"] };
  recorder.event(about, { type: "Normal", reason: "DeviceTaintManagerEviction", message });
}

async function syncRule(world: World, name: string): Promise<number | undefined> {
  const { context, evictedBy } = world;
  const rule = world.rules?.get("", name);
  if (rule === undefined) return undefined;
  const nowMs = context.clock.now();
  const before = rule.status?.conditions?.find(({ type }) => type === conditionType);
  if (before !== undefined && before.observedGeneration === rule.metadata.generation) {
    const sinceMs = nowMs - Date.parse(before.lastTransitionTime);
    if (sinceMs < statusPeriodMs) return statusPeriodMs - sinceMs;
  }
  const evicted = evictedBy.get(rule.metadata.uid ?? "") ?? 0;
  const condition = ruleCondition(rule, { ...effectOf(world, rule), evicted });
  if (before !== undefined && deepEqual({ ...condition, lastTransitionTime: before.lastTransitionTime }, before))
    return undefined;
  const { uid } = rule.metadata;
  await context.client.of(deviceTaintRules).patch(
    { name },
    {
      apiVersion: rule.apiVersion,
      kind: rule.kind,
      metadata: { name, uid },
      status: { conditions: [{ ...condition, lastTransitionTime: formatTime(nowMs) }] },
    },
    { type: "apply", subresource: "status", fieldManager: controllerName, force: true },
  );
  return undefined;
}

/** Of a rule without effect: what it would do. */
function effectOf(world: World, rule: DeviceTaintRule) {
  const none = { pods: 0, namespaces: 0, publishedDevices: 0, allocatedDevices: 0 };
  const { effect } = rule.spec.taint;
  if (effect !== "NoExecute" && effect !== "None") return none;
  const tried = { ...rule, spec: { ...rule.spec, taint: { ...rule.spec.taint, effect: "NoExecute" as const } } };
  const devices: Devices = effect === "NoExecute" ? devicesOf(world) : { ...devicesOf(world), rules: [tried] };
  const leaving = world.pods
    .list()
    .filter(
      (pod) =>
        pod.metadata.deletionTimestamp === undefined &&
        (pod.spec?.resourceClaims ?? []).length > 0 &&
        evictionOf(world, pod, devices)?.rules.has(rule.metadata.uid ?? ""),
    );
  const found = {
    pods: leaving.length,
    namespaces: new Set(leaving.map(({ metadata }) => metadata.namespace)).size,
  };
  return effect === "NoExecute" ? { ...none, ...found } : { ...found, ...selectedBy(world, rule) };
}

function selectedBy({ slices, claims }: World, rule: DeviceTaintRule) {
  const pools = Map.groupBy(slices.list(), ({ spec }) => poolKey(spec.driver, spec.pool.name));
  const published = [...pools.values()].flatMap((each) => {
    const { driver, pool } = each[0]!.spec;
    return publishedDevices(each).filter(({ name }) => ruleMatches(rule, { driver, pool: pool.name, device: name }));
  });
  const allocated = claims.list().flatMap(allocatedDevices);
  return {
    publishedDevices: published.length,
    allocatedDevices: allocated.filter((each) => ruleMatches(rule, each)).length,
  };
}

const latencyBounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240];

function countersOf({ metrics }: ControllerContext): World["counted"] {
  const deletions = new Counter({
    name: "device_taint_eviction_controller_pod_deletions_total",
    help: "Total number of Pods deleted by DeviceTaintEvictionController since its start.",
    stability: "ALPHA",
  });
  const latency = new Histogram(
    {
      name: "device_taint_eviction_controller_pod_deletion_duration_seconds",
      help: "Latency, in seconds, between the time when a device taint effect has been activated and a Pod's deletion via DeviceTaintEvictionController.",
      stability: "ALPHA",
    },
    latencyBounds,
  );
  deletions.inc({}, 0);
  for (const metric of [deletions, latency])
    if (!metrics.all.some(({ name }) => name === metric.name)) metrics.register(metric);
  return (latencyMs) => {
    deletions.inc();
    latency.observe(latencyMs / 1000);
  };
}
