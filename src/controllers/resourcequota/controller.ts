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
  type ResourceQuota,
  resourceClaims,
  resourceQuotas,
} from "../../api/index.ts";
import { every } from "../../base/index.ts";
import { type Informer, kindOfResource } from "../../client/index.ts";
import { deepEqual, ignoreNotFound, type KubeObject, objectKey } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { nextQuotaStatus, usageOfQuota } from "./decide.ts";

const resyncMs = 300_000;
/** Upstream looks for new kinds this often. */
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
      const counted = await Promise.all(
        found.map(async (kind) => {
          const informer = watched(kind);
          await informer.whenSynced(signal);
          return { kind, objects: informer.list(quota.metadata.namespace) };
        }),
      );
      const status = nextQuotaStatus(quota, usageOfQuota(quota, counted, { nowMs: clock.now(), classes }));
      if (status !== undefined) await write(context, { ...quota, status } as ResourceQuota);
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

/** Informers by kind, each with one handler that tells when something of it became free. */
function createWatched(
  context: ControllerContext,
  wake: (kind: KindDefinition, namespace: string) => void,
): (kind: KindDefinition) => Informer<KubeObject> {
  const known = new Map<string, Informer<KubeObject>>();
  return (kind) => {
    const key = `${kind.resource}.${kind.group}`;
    let informer = known.get(key);
    if (informer === undefined) {
      const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? "";
      informer = watch(context, kind as unknown as KindDefinition<KubeObject>, {
        update: (before, object) => {
          if (frees(kind, { before, object, nowMs: context.clock.now() })) wake(kind, namespaceOf(object));
        },
        delete: (object) => wake(kind, namespaceOf(object)),
      });
      known.set(key, informer);
    }
    return informer;
  };
}

/** Whether a change of an object can change what is used. Only three kinds use more than one of their number. */
function frees(kind: KindDefinition, change: { before: KubeObject; object: KubeObject; nowMs: number }): boolean {
  if (kind.group !== "" || !["pods", "services", "persistentvolumeclaims"].includes(kind.resource)) return false;
  const { before, object, nowMs } = change;
  if (
    kind.resource === "pods" &&
    isTerminatingScope(before as unknown as Pod) !== isTerminatingScope(object as unknown as Pod)
  )
    return true;
  return !deepEqual(quotaUsageOf(kind, before, nowMs), quotaUsageOf(kind, object, nowMs));
}
