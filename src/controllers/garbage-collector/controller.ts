// Deletes what has lost its owners, holds owners that wait for their dependents, orphans where that was asked for, over every kind
// that discovery knows. Upstream: pkg/controller/garbagecollector.
import { events, eventsV1, kinds } from "../../api/index.ts";
import { childController, every, pause } from "../../base/index.ts";
import {
  createInformerFactory,
  type DynamicResource,
  type InformerFactory,
  kindOfResource,
  type ResourceClient,
} from "../../client/index.ts";
import { formatApiVersion, ignoreNotFound, type KubeObject, type OwnerReference } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop } from "../lib/index.ts";
import { decideFate, type OwnerState } from "./decide.ts";
import {
  foregroundFinalizer,
  type GraphChange,
  type GraphNode,
  type Misplaced,
  OwnerGraph,
  orphanFinalizer,
} from "./graph.ts";

const discoveryPeriodMs = 30_000;
const mostAbsent = 500;
/** A kind that cannot be listed, since its conversion fails say, does not keep all others from being collected. Upstream: initialSyncTimeout. */
const longestSyncMs = 30_000;

export async function runGarbageCollector(context: ControllerContext): Promise<void> {
  const collector = createCollector(context);
  await collector.discover();
  every(
    context.clock,
    discoveryPeriodMs,
    () => void collector.discover().catch((error: unknown) => context.log.warn("discovery failed", { error })),
    context.signal,
  );
  await untilSynced(context, collector.informers);
  const { deletions, orphans } = collector;
  await Promise.all([
    runLoop(context, { queue: deletions, informers: [], workers: 20, reconcile: collector.lookAt }),
    runLoop(context, { queue: orphans, informers: [], workers: 5, reconcile: collector.orphan }),
  ]);
}

async function untilSynced({ clock, signal, log }: ControllerContext, informers: readonly Synced[]): Promise<void> {
  const waiting = childController(signal);
  const all = Promise.all(informers.map((informer) => informer.whenSynced(waiting.signal))).then(
    () => true,
    () => false,
  );
  const late = pause(clock, longestSyncMs, waiting.signal).then(() => false);
  const synced = await Promise.race([all, late]);
  waiting.abort();
  waiting.detach();
  if (!synced && !signal.aborted) log.warn("not every kind could be listed; collecting without those");
}

type Synced = Pick<ReturnType<InformerFactory["informer"]>, "whenSynced">;

const builtIn: ReadonlySet<string> = new Set(kinds.map(({ group, resource }) => `${resource}.${group}`));

function createCollector(context: ControllerContext) {
  const graph = new OwnerGraph();
  const deletions = newQueue(context, "garbage_collector_attempt_to_delete");
  const orphans = newQueue(context, "garbage_collector_attempt_to_orphan");
  const resources = new Map<string, DynamicResource>();
  const watching = new Map<string, AbortController>();
  const informers: Synced[] = [];
  const recorder = context.recorder("garbage-collector-controller");
  /** Owners that were seen not to exist, by uid and what was asked for. */
  const absent = new Set<string>();

  const take = (change: GraphChange): void => {
    for (const node of change.lookAt) deletions.add(node.identity.uid);
    for (const node of change.orphan) orphans.add(node.identity.uid);
    for (const each of change.misplaced ?? []) warnOfNamespace(each);
  };
  const clientOf = (at: {
    apiVersion: string;
    kind: string;
  }): { client: ResourceClient<KubeObject>; namespaced: boolean } | undefined => {
    const resource = resources.get(`${at.apiVersion}/${at.kind}`);
    return resource === undefined
      ? undefined
      : { client: context.client.dynamic(resource), namespaced: resource.namespaced };
  };

  /** Follows the kinds that there are now, and forgets those that went. */
  async function discover(): Promise<void> {
    const found = (await context.client.discover()).filter(isCollected);
    const wanted = new Map(found.map((each) => [`${each.group}/${each.version}/${each.resource}`, each]));
    for (const [key, controller] of watching)
      if (!wanted.has(key)) {
        controller.abort();
        watching.delete(key);
      }
    // Of a kind that is not served any more nobody can say whether its objects exist.
    resources.clear();
    for (const [key, resource] of wanted) {
      for (const version of resource.versions ?? [resource.version])
        resources.set(`${formatApiVersion({ ...resource, version })}/${resource.kind}`, resource);
      if (!watching.has(key)) watching.set(key, follow(resource));
    }
  }

  /** A kind that may go again is watched by nobody else, and no longer than it is there. */
  function informersFor({ resource, group }: DynamicResource, signal: AbortSignal): InformerFactory {
    if (builtIn.has(`${resource}.${group}`)) return context.informers;
    const own = createInformerFactory({ ...context, signal });
    own.start();
    return own;
  }

  function follow(resource: DynamicResource): AbortController {
    const life = childController(context.signal);
    const informer = informersFor(resource, life.signal).informer(kindOfResource(resource));
    const kind = { apiVersion: formatApiVersion(resource), kind: resource.kind };
    const remove = informer.addHandler({
      add: (object) => take(graph.upsert(withKind(object, kind))),
      update: (before, after) => {
        // Another object of the same name: the earlier one is gone.
        if (before.metadata.uid !== after.metadata.uid) take(graph.remove(before.metadata.uid));
        take(graph.upsert(withKind(after, kind)));
      },
      delete: (object) => {
        remember(absent, object.metadata.uid);
        take(graph.remove(object.metadata.uid));
      },
    });
    life.signal.addEventListener("abort", remove, { once: true });
    informers.push(informer); // only those of the first discovery are waited for
    return life;
  }

  async function stateOf(owner: OwnerReference, dependent: KubeObject): Promise<OwnerState> {
    const namespace = dependent.metadata.namespace ?? "";
    const key = `${owner.uid} ${namespace} ${owner.apiVersion} ${owner.kind} ${owner.name}`;
    if (absent.has(owner.uid) || absent.has(key)) return "dangling";
    const target = clientOf(owner);
    if (target === undefined)
      throw new Error(
        `no kind ${owner.kind} in ${owner.apiVersion} is served: cannot tell whether owner ${owner.name} exists`,
      );
    // A cluster-scoped object cannot say which namespace its owner is in: upstream leaves it alone.
    if (target.namespaced && namespace === "") throw new InvalidOwner(owner);
    const found = await target.client.find({ name: owner.name, namespace: target.namespaced ? namespace : "" });
    if (found === undefined || found.metadata.uid !== owner.uid) {
      remember(absent, key);
      return "dangling";
    }
    const waits =
      found.metadata.deletionTimestamp !== undefined && found.metadata.finalizers?.includes(foregroundFinalizer);
    return waits ? "waiting" : "solid";
  }

  function warnOfNamespace({ dependent, owner }: Misplaced): void {
    const { namespace, apiVersion, kind, name, uid } = dependent;
    recorder.event({ apiVersion, kind, metadata: { namespace, name, uid } } as KubeObject, {
      type: "Warning",
      reason: "OwnerRefInvalidNamespace",
      message: `ownerRef [${owner.apiVersion}/${owner.kind}, namespace: ${namespace}, name: ${owner.name}, uid: ${owner.uid}] does not exist in namespace ${JSON.stringify(namespace)}`,
    });
  }

  async function lookAt(uid: string): Promise<void> {
    const node = graph.get(uid);
    if (node === undefined || (node.beingDeleted && !node.deletingDependents)) return;
    const { identity } = node;
    const target = clientOf(identity);
    if (target === undefined) throw new Error(`no kind ${identity.kind} in ${identity.apiVersion} is served`);
    if (target.namespaced && identity.namespace === "") return; // a cluster-scoped object named a namespaced owner
    const live = await target.client.find({
      name: identity.name,
      namespace: target.namespaced ? identity.namespace : "",
    });
    if (live === undefined || live.metadata.uid !== uid) {
      // Never was, or went before it was seen: its dependents have lost an owner.
      if (node.virtual || live === undefined) take(graph.remove(uid));
      return;
    }
    const object = withKind(live, identity);
    if (node.deletingDependents) return finishForeground(node, object, target.client);
    await settle(node, object, target.client);
  }

  async function settle(node: GraphNode, object: KubeObject, client: ResourceClient<KubeObject>): Promise<void> {
    const states = new Map<string, OwnerState>();
    try {
      for (const owner of object.metadata.ownerReferences ?? []) states.set(owner.uid, await stateOf(owner, object));
    } catch (error) {
      if (error instanceof InvalidOwner) return;
      throw error;
    }
    const dependents = [...node.dependents];
    const fate = decideFate({
      object,
      states,
      hasDependents: dependents.length > 0,
      dependentWaits: dependents.some((each) => each.deletingDependents),
    });
    const name = { namespace: object.metadata.namespace ?? "", name: object.metadata.name };
    switch (fate.do) {
      case "keep":
        return;
      case "release":
        return releaseOwners(object, fate.owners, client);
      case "delete": {
        if (fate.unblock) await unblock(object, client);
        const preconditions = {
          uid: object.metadata.uid,
          ...(fate.unblock ? {} : { resourceVersion: object.metadata.resourceVersion }),
        };
        // A conflict says that it changed: the next try looks again.
        await client.delete(name, { propagationPolicy: fate.policy, preconditions }).catch(ignoreNotFound);
      }
    }
  }

  /** An owner in the foreground goes when nothing that blocks it is left. */
  async function finishForeground(
    node: GraphNode,
    object: KubeObject,
    client: ResourceClient<KubeObject>,
  ): Promise<void> {
    const uid = node.identity.uid;
    const blocking = [...node.dependents].filter((dependent) =>
      dependent.owners.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true),
    );
    if (blocking.length === 0) return removeFinalizer(object, foregroundFinalizer, client);
    for (const dependent of blocking) if (!dependent.deletingDependents) deletions.add(dependent.identity.uid);
  }

  async function orphan(uid: string): Promise<void> {
    const node = graph.get(uid);
    if (node === undefined) return;
    await Promise.all(
      [...node.dependents].map(async ({ identity }) => {
        const target = clientOf(identity);
        const live = await target?.client.find({
          name: identity.name,
          namespace: target.namespaced ? identity.namespace : "",
        });
        if (target !== undefined && live?.metadata.uid === identity.uid)
          await releaseOwners(withKind(live, identity), [uid], target.client);
      }),
    );
    const target = clientOf(node.identity);
    const live = await target?.client.find({
      name: node.identity.name,
      namespace: target.namespaced ? node.identity.namespace : "",
    });
    if (target !== undefined && live?.metadata.uid === uid)
      await removeFinalizer(withKind(live, node.identity), orphanFinalizer, target.client);
  }

  return { discover, lookAt, orphan, deletions, orphans, informers };
}

/** A namespaced owner named by a cluster-scoped object: nothing can be said about it. */
class InvalidOwner extends Error {
  override readonly name = "InvalidOwner";
  constructor(owner: OwnerReference) {
    super(`cluster-scoped objects cannot have the namespaced owner ${owner.kind} ${owner.name}`);
  }
}

const ignored = [events, eventsV1];

const isCollected = (resource: DynamicResource): boolean =>
  ["delete", "list", "watch"].every((verb) => resource.verbs.includes(verb as "delete")) &&
  !ignored.some((kind) => kind.group === resource.group && kind.resource === resource.resource);

/** Items of lists carry no kind; the graph needs it. */
const withKind = (object: KubeObject, kind: { apiVersion: string; kind: string }): KubeObject =>
  object.kind ? object : { ...object, apiVersion: kind.apiVersion, kind: kind.kind };

function remember(set: Set<string>, key: string): void {
  if (set.size >= mostAbsent) set.delete(set.values().next().value!);
  set.add(key);
}

/** Merge patches guarded by uid and resourceVersion: a changed object is looked at again. */
async function patchMeta(object: KubeObject, metadata: object, client: ResourceClient<KubeObject>): Promise<void> {
  const name = { namespace: object.metadata.namespace ?? "", name: object.metadata.name };
  const guard = { uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion };
  await client.patch(name, { metadata: { ...guard, ...metadata } }, { type: "merge" }).catch(ignoreNotFound);
}

const releaseOwners = (
  object: KubeObject,
  uids: readonly string[],
  client: ResourceClient<KubeObject>,
): Promise<void> =>
  patchMeta(
    object,
    { ownerReferences: object.metadata.ownerReferences?.filter((owner) => !uids.includes(owner.uid)) ?? [] },
    client,
  );

const removeFinalizer = (object: KubeObject, finalizer: string, client: ResourceClient<KubeObject>): Promise<void> =>
  patchMeta(object, { finalizers: (object.metadata.finalizers ?? []).filter((each) => each !== finalizer) }, client);

const unblock = (object: KubeObject, client: ResourceClient<KubeObject>): Promise<void> =>
  patchMeta(
    object,
    {
      ownerReferences: object.metadata.ownerReferences?.map((owner) => ({ ...owner, blockOwnerDeletion: false })) ?? [],
    },
    client,
  );
