// Counts anew what namespaces use of their quotas. Admission charges what comes; what goes, or was charged in vain, is set right here.
// Only kinds that some quota counts are watched. Upstream: pkg/controller/resourcequota.
import {
  type DeviceClass,
  deviceClasses,
  deviceCountsFor,
  isTerminatingScope,
  type KindDefinition,
  kinds,
  type Pod,
  quotaCountsFor,
  quotaUsageOf,
  type ResourceList,
  type ResourceQuota,
  resourceClaims,
  resourceQuotas,
} from "../../api/index.ts";
import { every, TimeoutError, timeoutSignal } from "../../base/index.ts";
import { type Informer, kindOfResource } from "../../client/index.ts";
import { deepEqual, formatGroupResource, ignoreNotFound, type KubeObject, objectKey } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { nextQuotaStatus, usageOfQuota } from "./decide.ts";

const resyncMs = 300_000;
/** Upstream looks for new kinds this often, and waits so long for their first lists. */
const discoveryMs = 30_000;
const countable = kinds.filter((kind) => kind.namespaced && kind.virtual !== true && kind.resource !== "events");

export async function runResourceQuotas(context: ControllerContext): Promise<void> {
  const { clock, signal } = context;
  const queue = newQueue(context, "resourcequota_primary");
  const quotas = watch(context, resourceQuotas, {
    add: (quota) => queue.add(objectKey(quota)),
    update: (before, quota) => {
      if (!deepEqual(before.spec, quota.spec)) queue.add(objectKey(quota));
    },
  });
  const wake = (kind: KindDefinition, namespace: string): void => {
    for (const quota of quotas.list(namespace))
      if (namesOf(quota).some((name) => quotaCountsFor(kind, name) || (isClaim(kind) && isExtended(name))))
        queue.add(objectKey(quota));
  };
  const watched = createWatched(context, wake);
  // What a class offers changes what claims use.
  const recount = (): void => {
    for (const quota of quotas.list()) if (namesOf(quota).some(isExtended)) queue.add(objectKey(quota));
  };
  let classInformer: Informer<DeviceClass> | undefined;
  /** Not waited for: clusters without device classes have quotas too, and each class that comes has them counted again. */
  const classesWatched = (): Informer<DeviceClass> =>
    (classInformer ??= watch(context, deviceClasses, { add: recount, update: recount, delete: recount }));

  every(
    clock,
    resyncMs,
    () => {
      for (const quota of quotas.list()) queue.add(objectKey(quota));
    },
    signal,
  );

  await runLoop(context, {
    queue,
    informers: [quotas],
    reconcile: async (key) => {
      const quota = quotas.byKey(key);
      if (quota === undefined) return undefined;
      const classes = namesOf(quota).some(isExtended) ? classesWatched().list() : [];
      const { found, missing } = await kindsFor(context, namesOf(quota), classes);
      const all = await Promise.all(
        found.map(async (kind) => ({ kind, objects: (await watched(kind))?.list(quota.metadata.namespace) })),
      );
      const counted = all.flatMap(({ kind, objects }) => (objects === undefined ? [] : [{ kind, objects }]));
      const unlisted = all.filter(({ objects }) => objects === undefined).map(({ kind }) => kind);
      const usage = usageOfQuota(quota, counted, { nowMs: clock.now(), classes });
      const status = nextQuotaStatus(quota, withoutNames(usage, unlisted, classes));
      if (status !== undefined) await write(context, { ...quota, status } as ResourceQuota);
      if (unlisted.length > 0) throw new Error(`not yet listed: ${unlisted.map(formatGroupResource).join(", ")}`);
      return missing ? discoveryMs : undefined;
    },
  });
}

const isClaim = ({ group, resource }: KindDefinition): boolean =>
  group === resourceClaims.group && resource === resourceClaims.resource;

/** Of a resource that devices may be offered as. */
const isExtended = (name: string): boolean => name.startsWith("requests.") && name.includes("/");

const namesOf = (quota: ResourceQuota): readonly string[] => Object.keys(quota.spec?.hard ?? {});

async function write(context: ControllerContext, quota: ResourceQuota): Promise<void> {
  await context.client.of(resourceQuotas).updateStatus(quota).catch(ignoreNotFound);
}

/** The kinds whose objects use one of the names; `missing` when a `count/…` names one that is not served now. */
async function kindsFor(
  context: ControllerContext,
  names: readonly string[],
  classes: readonly DeviceClass[],
): Promise<{ found: readonly KindDefinition[]; missing: boolean }> {
  const ofDevices = names.some((name) => deviceCountsFor(name, classes));
  const found = countable.filter(
    (kind) => names.some((name) => quotaCountsFor(kind, name)) || (ofDevices && isClaim(kind)),
  );
  const unknown = names.filter(
    (name) => name.startsWith("count/") && !found.some((kind) => quotaCountsFor(kind, name)),
  );
  if (unknown.length === 0) return { found, missing: false };
  const served = (await context.client.discover())
    .filter(
      (each) =>
        each.namespaced && ["list", "watch", "create", "delete"].every((verb) => each.verbs.includes(verb as never)),
    )
    .map(kindOfResource);
  const more = served.filter((kind) => unknown.some((name) => quotaCountsFor(kind, name)));
  return { found: [...found, ...more], missing: more.length < unknown.length };
}

/** A name is told whole or not at all: what one of its kinds uses is not known. */
function withoutNames(
  usage: Readonly<ResourceList>,
  unlisted: readonly KindDefinition[],
  classes: readonly DeviceClass[],
): ResourceList {
  const unknown = (name: string): boolean =>
    unlisted.some((kind) => quotaCountsFor(kind, name) || (isClaim(kind) && deviceCountsFor(name, classes)));
  return Object.fromEntries(Object.entries(usage).filter(([name]) => !unknown(name)));
}

interface Watched {
  readonly informer: Informer<KubeObject>;
  readonly sinceMs: number;
}

/**
 * Informers by kind, each with one handler that tells when something of it became free; undefined when the kind could not be listed yet.
 * That is waited for as long as upstream's monitors are, so that one kind without an answer does not keep all quotas waiting.
 */
function createWatched(
  context: ControllerContext,
  wake: (kind: KindDefinition, namespace: string) => void,
): (kind: KindDefinition) => Promise<Informer<KubeObject> | undefined> {
  const { clock, signal } = context;
  const known = new Map<string, Watched>();
  const begin = (kind: KindDefinition): Watched => {
    const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? "";
    const informer = watch(context, kind, {
      update: (before, object) => {
        if (frees(kind, { before, object, nowMs: clock.now() })) wake(kind, namespaceOf(object));
      },
      delete: (object) => wake(kind, namespaceOf(object)),
    });
    return { informer, sinceMs: clock.now() };
  };
  return async (kind) => {
    const key = formatGroupResource(kind);
    const { informer, sinceMs } = known.get(key) ?? begin(kind);
    if (!known.has(key)) known.set(key, { informer, sinceMs });
    using patience = timeoutSignal(clock, Math.max(0, sinceMs + discoveryMs - clock.now()), signal);
    try {
      await informer.whenSynced(patience);
      return informer;
    } catch (error) {
      if (error instanceof TimeoutError) return undefined;
      throw error;
    }
  };
}

/** Whether a change of an object can change what is used. Only three kinds use more than one of their number. */
function frees(kind: KindDefinition, change: { before: KubeObject; object: KubeObject; nowMs: number }): boolean {
  if (kind.group !== "" || !["pods", "services", "persistentvolumeclaims"].includes(kind.resource)) return false;
  const { before, object, nowMs } = change;
  if (kind.resource === "pods" && isTerminatingScope(before as Pod) !== isTerminatingScope(object as Pod)) return true;
  return !deepEqual(quotaUsageOf(kind, before, nowMs), quotaUsageOf(kind, object, nowMs));
}
