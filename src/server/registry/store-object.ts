// Objects into the store and what comes back. Store errors become Status errors here.
import { storageKey } from "../../api/index.ts";
import {
  asObject,
  decodeValue,
  deepFreeze,
  encodeForStore,
  encodeJson,
  identical,
  type KubeObject,
  type StatusError,
  sizeWithResourceVersion,
  withResourceVersion,
} from "../../machinery/index.ts";
import type { CommitResult } from "../../store/index.ts";
import type { ServedResource } from "../catalog.ts";
import type { ServerCore } from "../context.ts";
import { CachedObject } from "../watchcache/index.ts";
import { suspectBytes, tooLarge } from "./stored-size.ts";

const eventTtlSeconds = 3600;

/** The object in the form of its storage version. */
const shownForm = ({ rules, custom }: ServedResource, object: KubeObject): KubeObject =>
  custom !== undefined
    ? custom.toStored(object)
    : rules.convert === undefined
      ? object
      : rules.convert.toStored(object);

/** What goes out for a cached object as long as nothing but a custom kind's version or schema makes a difference. */
export const shown = ({ custom }: ServedResource, cached: CachedObject): CachedObject =>
  custom === undefined ? cached : custom.served(cached);

/** With the resourceVersion that the client sent, which nothing replaces in a dry run. */
const encodeShown = ({ kind, apiVersion, metadata, ...rest }: KubeObject): Uint8Array =>
  encodeJson({ kind, apiVersion, metadata, ...rest });

/** Awaited before objects are shown: another process may have to convert them. */
export async function convertShown(
  { custom }: ServedResource,
  cached: readonly (CachedObject | undefined)[],
): Promise<void> {
  if (custom?.convert !== undefined) await custom.convert(cached.filter((each) => each !== undefined));
}

const encodeStored = (resource: ServedResource, object: KubeObject): Uint8Array =>
  encodeForStore(shownForm(resource, object));

/** The object as the served version shows it. Mutable only when it was converted; treat it as frozen. */
export function servedForm(resource: ServedResource, cached: CachedObject): KubeObject {
  const convert = resource.rules.convert;
  return convert === undefined ? shown(resource, cached).object : deepFreeze(convert.fromStored(cached.object));
}

const ttlOf = (core: ServerCore, resource: ServedResource): { ttlSeconds?: number } =>
  resource.stored.kind === "Event" ? { ttlSeconds: core.eventTtlSeconds ?? eventTtlSeconds } : {};

export interface WriteRequest {
  readonly resource: ServedResource;
  readonly object: KubeObject;
  readonly dryRun: boolean;
  /** Managed fields are what the request is about (server-side apply). */
  readonly keepsManagers?: boolean;
  /** What a create is to store of the object, when that is known: `storedForm` has given both. */
  readonly stored?: Uint8Array;
}

/** 0 revision in `bytes` of a dry run: nothing was stored, so there is no resourceVersion. */
export function asCached(
  resource: ServedResource,
  object: KubeObject,
  at: { readonly revision: number; readonly stored?: Uint8Array; readonly form?: KubeObject },
): CachedObject {
  const stored = at.stored ?? encodeStored(resource, object);
  const key = storageKey(resource.stored, object.metadata.namespace ?? "", object.metadata.name);
  const encoded = at.revision === 0 ? { bytes: stored } : { stored };
  const cached = new CachedObject(resource.stored, { key, revision: at.revision, ...encoded });
  if (at.revision === 0 || resource.rules.convert !== undefined) return cached;
  if (resource.custom === undefined) cached.lend(object);
  else if (at.form !== undefined) cached.lend(at.form);
  return cached;
}

export interface Storable {
  readonly object: KubeObject;
  readonly stored: Uint8Array;
  /** What `stored` was written of, where that is not the object itself: a custom resource. */
  readonly form?: KubeObject;
}

function storable(resource: ServedResource, draft: KubeObject, converted: KubeObject | undefined): Storable {
  if (converted !== undefined) return { object: draft, stored: encodeForStore(converted), form: converted };
  if (resource.custom !== undefined) {
    const form = resource.custom.toStored(draft);
    return { object: draft, stored: encodeForStore(form), form };
  }
  const bytes = encodeStored(resource, draft);
  const object = withoutEmptyLists(resource, draft, bytes);
  return { object, stored: object === draft ? bytes : encodeStored(resource, object) };
}

/** What is stored of an object that no custom definition describes, and the object as it then is. */
export const storedForm = (resource: ServedResource, object: KubeObject): Storable =>
  storable(resource, object, undefined);

/**
 * What is too large is stored without its managed fields, which are what may be missing; an applier's are not. Throws what upstream
 * tells of etcd's refusal when it is too large even so.
 */
async function fitting(
  request: WriteRequest & { readonly key: string; readonly isUpdate: boolean },
): Promise<Storable> {
  const { resource, object, key, isUpdate } = request;
  const fits = async (draft: KubeObject): Promise<{ error: StatusError | undefined; value: Storable }> => {
    const converted = resource.custom === undefined ? undefined : await resource.custom.convertToStored?.(draft);
    const value = storable(resource, draft, converted);
    if (request.dryRun || value.stored.length < suspectBytes) return { error: undefined, value };
    const { resourceVersion: _, ...metadata } = value.object.metadata;
    const inStore = converted ?? shownForm(resource, { ...value.object, metadata } as KubeObject);
    return { error: await tooLarge(resource, { key, json: value.stored, object: inStore, isUpdate }), value };
  };
  const whole = await fits(object);
  if (whole.error === undefined) return whole.value;
  if (request.keepsManagers === true || object.metadata.managedFields === undefined) throw whole.error;
  const { managedFields: _, ...metadata } = object.metadata;
  const { error, value } = await fits({ ...object, metadata });
  if (error !== undefined) throw error;
  return value;
}

/** Undefined when the name is taken. */
export async function commitCreate(core: ServerCore, request: WriteRequest): Promise<CachedObject | undefined> {
  const { resource } = request;
  const { namespace = "", name } = request.object.metadata;
  const key = storageKey(resource.stored, namespace, name);
  const { object, stored, form }: Storable =
    request.stored === undefined
      ? await fitting({ ...request, key, isUpdate: false })
      : { object: request.object, stored: request.stored };
  if (request.dryRun) {
    if (core.hub.cacheOf(resource.stored).get(key) !== undefined) return undefined;
    const converted = await resource.custom?.convertToStored?.(object);
    return asCached(resource, object, { revision: 0, stored: encodeShown(converted ?? shownForm(resource, object)) });
  }
  const result = await core.store.commit([
    { type: "put", key, value: stored, expectRevision: 0, ...ttlOf(core, resource) },
  ]);
  if (!result.ok) return undefined;
  const created = asCached(resource, object, { revision: result.revision, stored, ...(form && { form }) });
  core.hub.offer(created);
  return created;
}

export type UpdateOutcome =
  | { readonly type: "written"; readonly object: CachedObject }
  /** Somebody was faster; what is there now. */
  | { readonly type: "lost"; readonly current: CachedObject | undefined };

/** Writes over `current`; identical content is not written and keeps its resourceVersion, unless the store keeps it in an old form. */
export async function commitUpdate(
  core: ServerCore,
  request: WriteRequest & { readonly current: CachedObject },
): Promise<UpdateOutcome> {
  const { resource, current } = request;
  const { object, stored, form } = await fitting({ ...request, key: current.key, isUpdate: true });
  const inOldForm = core.store.outdated?.(current.key) === true;
  if (!inOldForm && sizeWithResourceVersion(stored, current.revision) === current.size) {
    const same = withResourceVersion(stored, current.revision);
    const unchanged = equalBytes(same, current.bytes) || saysTheSame(form ?? shownForm(resource, object), current);
    if (unchanged && (request.dryRun || !(await isIncomplete(core, resource, current))))
      return { type: "written", object: current };
  }
  if (request.dryRun) {
    const { key, revision } = current;
    return { type: "written", object: new CachedObject(resource.stored, { key, revision, stored }) };
  }
  const result = await core.store.commit([
    { type: "put", key: current.key, value: stored, expectRevision: current.revision, ...ttlOf(core, resource) },
  ]);
  if (!result.ok) return { type: "lost", current: currentOf(resource, result) };
  const written = asCached(resource, object, { revision: result.revision, stored, ...(form && { form }) });
  core.hub.offer(written);
  return { type: "written", object: written };
}

/** Nobody has written since the creation, which stored less than what is shown. */
async function isIncomplete(core: ServerCore, { hooks }: ServedResource, current: CachedObject): Promise<boolean> {
  if (hooks?.storedIncomplete?.(current.object) !== true) return false;
  return (await core.store.get(current.key))?.createRevision === current.revision;
}

export async function commitDelete(
  core: ServerCore,
  request: { readonly resource: ServedResource; readonly current: CachedObject; readonly dryRun: boolean },
): Promise<UpdateOutcome> {
  const { resource, current } = request;
  if (request.dryRun) return { type: "written", object: current };
  const result = await core.store.commit([{ type: "delete", key: current.key, expectRevision: current.revision }]);
  if (result.ok) return { type: "written", object: current.atRevision(result.revision) };
  return { type: "lost", current: currentOf(resource, result) };
}

function currentOf(resource: ServedResource, result: Extract<CommitResult, { ok: false }>): CachedObject | undefined {
  const entry = result.current;
  if (entry === undefined) return undefined;
  const bytes = withResourceVersion(entry.value, entry.modRevision);
  return new CachedObject(resource.stored, { key: entry.key, revision: entry.modRevision, bytes });
}

/** The same members in another order, as a client sent them, are the same object. */
function saysTheSame(stored: KubeObject, current: CachedObject): boolean {
  const metadata = { ...stored.metadata, resourceVersion: current.object.metadata.resourceVersion };
  return identical({ ...stored, metadata }, current.object);
}

/** Upstream's storage format cannot tell an empty list from none: where lists are always written, it comes back as null. */
function withoutEmptyLists(resource: ServedResource, object: KubeObject, stored: Uint8Array): KubeObject {
  const { schema, schemas } = resource;
  if (schema === undefined || !holdsEmptyList(stored)) return object;
  return asObject(decodeValue(object, { schema, schemas, fieldValidation: "Ignore", asStored: true }).object);
}

function holdsEmptyList(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(0x5b); at >= 0; at = bytes.indexOf(0x5b, at + 1)) if (bytes[at + 1] === 0x5d) return true;
  return false;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
