// DELETE and DELETECOLLECTION: preconditions, grace, finalizers, propagation.
// Upstream: registry/rest/delete.go, registry/generic/registry/store.go.
import {
  conflict,
  type DeleteOptions,
  deepClone,
  formatTime,
  ignoreNotFound,
  type KubeObject,
  notFound,
  parseTime,
  type Status,
} from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import { type RequestContext, warn } from "../context.ts";
import type { Answer } from "../core.ts";
import type { CachedObject } from "../watchcache/index.ts";
import { deleteOptions } from "./options.ts";
import { findCurrent } from "./read/get.ts";
import { listOptions, runList } from "./read/list.ts";
import { commitDelete, commitUpdate, convertShown, servedForm } from "./store-object.ts";

const orphanFinalizer = "orphan";
const foregroundFinalizer = "foregroundDeletion";

export interface Deletion {
  readonly object: CachedObject;
  /** Gone from the store; false: it waits for grace or finalizers. */
  readonly deleted: boolean;
  /** An earlier deletion is still under way and this one changed nothing. */
  readonly pending?: true;
}

export async function remove(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const options = deleteOptions(context);
  for (const text of resource.hooks?.deleteWarnings?.(options) ?? []) warn(context, text);
  const deletion = await deleteObject(context, resource, { name: context.info.name, options });
  return answerOf(resource, deletion, options);
}

function answerOf(resource: ServedResource, deletion: Deletion, options: Partial<DeleteOptions>): Answer {
  const { object, deleted, pending } = deletion;
  const returnsObject = resource.hooks?.returnsDeleted === true || (!deleted && pending !== true);
  // Only who asked for a cascade the old way is told that it is not over.
  const status = !deleted && options.orphanDependents === false ? 202 : 200;
  if (returnsObject) return { type: "object", status, resource, object };
  const { metadata } = object.object;
  const { group, resource: kind } = resource.groupResource;
  const value: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name: metadata.name, ...(group === "" ? {} : { group }), kind, uid: metadata.uid },
  };
  return { type: "value", status, value };
}

export interface DeleteRequest {
  readonly name: string;
  readonly options: Partial<DeleteOptions>;
  /** Admission sees no name then, as upstream's does not. */
  readonly ofCollection?: true;
}

export async function deleteObject(
  context: RequestContext,
  resource: ServedResource,
  request: DeleteRequest,
): Promise<Deletion> {
  const { core, info } = context;
  const dryRun = (request.options.dryRun?.length ?? 0) > 0;
  let current = await findCurrent(core, resource, { namespace: info.namespace, name: request.name });
  const options = { ...request.options };
  // A negative grace is one second, as upstream's BeforeDelete has it.
  if (options.gracePeriodSeconds !== undefined && options.gracePeriodSeconds < 0) options.gracePeriodSeconds = 1;
  const asksAs = request.ofCollection === true ? request.options : options;
  const admit = async (oldObject: KubeObject): Promise<void> => {
    const attributes = core.admission.attributes(context, resource, {
      operation: "DELETE",
      oldObject,
      options: { kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1", ...asksAs },
      dryRun,
      name: request.ofCollection === true ? "" : request.name,
    });
    await core.admission.admit(attributes);
    await core.admission.validate(attributes);
  };
  for (;;) {
    if (current === undefined) throw notFound(resource.groupResource, request.name);
    const old = servedForm(resource, current);
    checkPreconditions(resource, old, options);
    const attempt = await tryDelete(context, resource, { current, old, options, dryRun, admit });
    await convertShown(resource, ["deleted" in attempt ? attempt.object : attempt.current]);
    if ("deleted" in attempt) return attempt;
    current = attempt.current;
  }
}

function checkPreconditions(resource: ServedResource, old: KubeObject, options: Partial<DeleteOptions>): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { group, kind } = resource.kind;
  const fail = (why: string): Error => conflict({ group, resource: kind }, old.metadata.name, why);
  if (resource.hooks?.prepareDelete !== undefined) {
    checkNamespacePreconditions(resource, old, { uid, resourceVersion });
    return;
  }
  if (uid !== undefined && uid !== old.metadata.uid)
    throw fail(
      `the UID in the precondition (${uid}) does not match the UID in record (${old.metadata.uid}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
    throw fail(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${old.metadata.resourceVersion}). The object might have been modified`,
    );
}

/** Kinds that handle deletion by themselves word it differently. */
function checkNamespacePreconditions(
  resource: ServedResource,
  old: KubeObject,
  wanted: { uid: string | undefined; resourceVersion: string | undefined },
): void {
  const { name, uid, resourceVersion } = old.metadata;
  if (wanted.uid !== undefined && wanted.uid !== uid)
    throw conflict(
      resource.groupResource,
      name,
      `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid}`,
    );
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion)
    throw conflict(
      resource.groupResource,
      name,
      `Precondition failed: ResourceVersion in precondition: ${wanted.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
    );
}

interface Attempt {
  readonly current: CachedObject;
  readonly old: KubeObject;
  /** Gets the grace that the object's kind decides on, for admission to see. */
  readonly options: MutableOptions;
  readonly dryRun: boolean;
  /** Asked before every write, about the object as it is then. */
  readonly admit: (old: KubeObject) => Promise<void>;
}

type MutableOptions = { -readonly [K in keyof DeleteOptions]?: DeleteOptions[K] };
type Attempted = Deletion | { readonly current: CachedObject | undefined };

async function tryDelete(context: RequestContext, resource: ServedResource, attempt: Attempt): Promise<Attempted> {
  const { core } = context;
  const { current, old, options, dryRun, admit } = attempt;
  const prepared = resource.hooks?.prepareDelete?.(old, context) ?? "proceed";
  if (prepared === "pending") return { object: current, deleted: false, pending: true };
  if (prepared !== "proceed") {
    await admit(old);
    const finalizers = gcFinalizers(resource, prepared, options);
    if (finalizers.length > 0) prepared.metadata.finalizers = finalizers;
    else delete prepared.metadata.finalizers;
    const outcome = await commitUpdate(core, { resource, object: prepared, current, dryRun });
    return outcome.type === "lost" ? { current: outcome.current } : { object: outcome.object, deleted: false };
  }
  const draft = deepClone(old);
  const grace = beginGrace(context, resource, { draft, options });
  if (grace === "pending") return { object: current, deleted: false, pending: true };
  const finalizers = gcFinalizers(resource, draft, options);
  const had = (old.metadata.finalizers ?? []).length > 0;
  const waits = finalizers.length > 0;
  const updates = waits || had || grace !== "none";
  if (updates) await admit(old);
  if (waits) draft.metadata.finalizers = finalizers;
  else delete draft.metadata.finalizers;
  if (waits && grace === "none") markDeleting(context, draft);
  // A graceful kind is written once more before it goes, so that watchers see a grace of zero.
  let last = current;
  if (waits || grace !== "none") {
    const outcome = await commitUpdate(core, { resource, object: draft, current, dryRun });
    if (outcome.type === "lost") return { current: outcome.current };
    if (waits || grace !== 0) return { object: outcome.object, deleted: false };
    last = outcome.object;
  }
  if (!(updates && dryRun)) await admit(last === current ? old : servedForm(resource, last));
  const outcome = await commitDelete(core, { resource, current: dryRun ? current : last, dryRun });
  if (outcome.type === "lost") return { current: outcome.current };
  if (!dryRun) await resource.hooks?.afterDelete?.(old);
  return { object: grace === "none" ? outcome.object : last, deleted: true };
}

/** Seconds of grace that begin now, "pending" when a deletion is under way, "none" for kinds without grace. */
function beginGrace(
  context: RequestContext,
  resource: ServedResource,
  { draft, options }: { draft: KubeObject; options: MutableOptions },
): number | "pending" | "none" {
  const { gracefulDeletion } = resource.rules;
  if (gracefulDeletion === undefined) return "none";
  const { metadata } = draft;
  const asked = options.gracePeriodSeconds;
  if (metadata.deletionTimestamp !== undefined) {
    const running = metadata.deletionGracePeriodSeconds ?? 0;
    if (running === 0) return "none";
    if (asked === undefined || asked >= running) return "pending";
    return shortenGrace(context, draft, asked);
  }
  const graceful = gracefulDeletion(draft, asked);
  if (graceful === undefined) return "none";
  const seconds = graceful.gracePeriodSeconds;
  options.gracePeriodSeconds = seconds;
  metadata.deletionTimestamp = formatTime(context.nowMs + seconds * 1000);
  metadata.deletionGracePeriodSeconds = seconds;
  if ((metadata.generation ?? 0) > 0) metadata.generation = metadata.generation! + 1;
  return seconds;
}

/** The end moves forward, but not into the past: a grace that is over already becomes one second. */
function shortenGrace(context: RequestContext, { metadata }: KubeObject, asked: number): number {
  const began = parseTime(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  let ends = began + asked * 1000;
  let seconds = asked;
  if (ends < context.nowMs) {
    ends = context.nowMs;
    if (asked !== 0) seconds = 1;
  }
  metadata.deletionTimestamp = formatTime(ends);
  metadata.deletionGracePeriodSeconds = seconds;
  return seconds;
}

function markDeleting(context: RequestContext, { metadata }: KubeObject): void {
  if (metadata.deletionTimestamp === undefined) {
    if ((metadata.generation ?? 0) > 0) metadata.generation = metadata.generation! + 1;
    metadata.deletionTimestamp = formatTime(context.nowMs);
  }
  metadata.deletionGracePeriodSeconds = 0;
}

/** The object's finalizers with the two of garbage collection as options, finalizers and the kind's default say. */
function gcFinalizers(resource: ServedResource, draft: KubeObject, options: Partial<DeleteOptions>): string[] {
  const before = draft.metadata.finalizers ?? [];
  const policy = propagation(resource, before, options);
  const kept = before.filter((each) => each !== orphanFinalizer && each !== foregroundFinalizer);
  if (policy === "Orphan") kept.push(orphanFinalizer);
  if (policy === "Foreground") kept.push(foregroundFinalizer);
  const same = kept.length === before.length && before.every((each) => kept.includes(each));
  return same ? before : kept;
}

function propagation(resource: ServedResource, finalizers: readonly string[], options: Partial<DeleteOptions>): string {
  if (resource.rules.defaultPropagation === "Unsupported") return "Background";
  if (options.orphanDependents !== undefined)
    // A namespace that leaves no orphans waits for its dependents.
    return options.orphanDependents ? "Orphan" : resource.hooks?.keepWhileFinalizing ? "Foreground" : "Background";
  if (options.propagationPolicy !== undefined) return options.propagationPolicy;
  const set = finalizers.find((each) => each === orphanFinalizer || each === foregroundFinalizer);
  if (set !== undefined) return set === orphanFinalizer ? "Orphan" : "Foreground";
  return resource.rules.defaultPropagation ?? "Background";
}

export async function removeCollection(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const selection = listOptions(context, resource);
  const options = deleteOptions(context);
  for (const text of resource.hooks?.deleteWarnings?.(options) ?? []) warn(context, text);
  const list = await runList(context, resource, selection);
  const slash = resource.kind.namespaced;
  for (const item of list.items) {
    const { name, namespace } = item.object.metadata;
    const at = { ...context, info: { ...context.info, name, namespace: slash ? (namespace ?? "") : "" } };
    await deleteObject(at, resource, { name, options, ofCollection: true }).catch(ignoreNotFound);
  }
  return { type: "list", resource, list };
}
