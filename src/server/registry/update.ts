// UPDATE, and the loop that every change of a stored object goes through. Upstream: handlers/update.go, Store.Update.
import { storageKey } from "../../api/index.ts";
import {
  badRequest,
  conflict,
  deepEqual,
  field,
  identical,
  invalid,
  type KubeObject,
  modifiedConflict,
  notFound,
  quoteGo,
  StatusError,
} from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import type { RequestContext } from "../context.ts";
import type { Answer } from "../core.ts";
import type { CachedObject } from "../watchcache/index.ts";
import { decodeBody, expectedOf } from "./body.ts";
import { createObject } from "./create.ts";
import { type WriteOptions, writeOptions } from "./options.ts";
import { dedupeOwners, matchNamespace, prepareUpdate, trackFields } from "./prepare.ts";
import { findCurrent } from "./read/get.ts";
import { asCached, commitDelete, commitUpdate, convertShown, servedForm, type UpdateOutcome } from "./store-object.ts";
import { checkWidth, mayBeWide } from "./stored-size.ts";

export async function update(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const { info } = context;
  const options = writeOptions(context, "UpdateOptions");
  const read = (): KubeObject => {
    const sent = decodeBody(context, expectedOf(resource, options.fieldValidation));
    checkName(context, resource, sent);
    return sent;
  };
  const body = read();
  // Told before anything is looked for.
  dedupeOwners(context, body);
  // A draft is changed on its way: who comes second because somebody else was faster needs a new one, which is rare.
  let draft: KubeObject | undefined = body;
  const written = await changeObject(context, resource, {
    name: info.name,
    subresource: info.subresource,
    options,
    change: () => {
      const next = draft ?? read();
      draft = undefined;
      return next;
    },
    uid: body.metadata.uid ?? "",
  });
  return { type: "object", status: written.created ? 201 : 200, resource, object: written.object };
}

/** Throws StatusError 400 where the body is about another object than the path. */
export function checkName(context: RequestContext, resource: ServedResource, body: KubeObject): void {
  const { name } = context.info;
  matchNamespace(context, resource, body);
  const sent = body.metadata.name ?? "";
  if (sent === "")
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (sent !== name) throw badRequest(`the name of the object (${sent}) does not match the name on the URL (${name})`);
}

export interface ChangeRequest {
  readonly name: string;
  /** "" or "status": whose rules apply. */
  readonly subresource: string;
  readonly options: WriteOptions;
  /** A fresh draft of what the object shall be. `old` is frozen. Called again when somebody else was faster. */
  readonly change: (old: KubeObject, isNew?: true) => KubeObject | Promise<KubeObject>;
  /** The object's uid must be this one; "" for any. */
  readonly uid?: string;
  /** Draft without resourceVersion goes over whatever is there, even for kinds that otherwise want one. */
  readonly unconditional?: boolean;
  /** `change` makes the draft from what is there: when somebody else was faster, it is made anew. */
  readonly remade?: true;
  /** Sets managedFields by itself (server-side apply, scale). */
  readonly tracksFields?: boolean;
  /** `change` sets a few fields and shares the rest with what is stored: there is nothing to default and nothing to measure. */
  readonly sharesOld?: true;
  /** Runs instead of the rules' preparation and validation (binding, finalize, eviction). */
  readonly prepare?: (draft: KubeObject, old: KubeObject) => void;
  /** Apply creates what is not there. `change` is then called with isNew and an empty object. */
  readonly createsMissing?: boolean;
  /** PATCH must not create what PUT would. */
  readonly neverCreates?: boolean;
  /** Admission sees another kind's view of the object (scale). */
  readonly admittedAs?: AdmittedAs;
}

/** What plugins, webhooks and policies are asked about instead of the object, and how what they changed comes back. */
export interface AdmittedAs {
  readonly bodyKind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly subresource: string;
  readonly show: (object: KubeObject) => KubeObject;
  /** Writes what admission made of the view. */
  readonly take: (draft: KubeObject, shown: KubeObject) => void;
}

export interface Changed {
  readonly object: CachedObject;
  readonly created: boolean;
}

export async function changeObject(
  context: RequestContext,
  resource: ServedResource,
  request: ChangeRequest,
): Promise<Changed> {
  const { core, info } = context;
  await resource.rules.ready?.();
  let current = await findCurrent(core, resource, { namespace: info.namespace, name: request.name });
  for (;;) {
    if (current === undefined) return { object: await createInstead(context, resource, request), created: true };
    const outcome = await tryChange(context, resource, { ...request, current });
    const next = outcome.type === "written" ? outcome.object : outcome.current;
    await convertShown(resource, [next]);
    if (outcome.type === "written") return { object: outcome.object, created: false };
    current = outcome.current;
  }
}

async function createInstead(
  context: RequestContext,
  resource: ServedResource,
  request: ChangeRequest,
): Promise<CachedObject> {
  const { rules, groupResource } = resource;
  const byPut = rules.createOnUpdate === true && request.neverCreates !== true;
  if (!byPut && request.createsMissing !== true) throw notFound(groupResource, request.name);
  const blank = { apiVersion: resource.apiVersion, kind: resource.kind.kind, metadata: {} } as KubeObject;
  const draft = await request.change(blank, true);
  if (draft.metadata.uid && request.tracksFields !== true)
    throw preconditionFailed(resource, context, {
      dryRun: request.options.dryRun,
      why: `Precondition failed: UID in precondition: ${draft.metadata.uid}, UID in object meta: `,
    });
  revisionOf(draft);
  if (!request.options.dryRun) delete (draft.metadata as { resourceVersion?: string }).resourceVersion;
  return createObject(context, resource, {
    draft,
    options: request.options,
    fromUpdate: true,
    ...(request.tracksFields === true ? { tracksFields: true } : {}),
  });
}

function preconditionFailed(
  resource: ServedResource,
  { info }: RequestContext,
  { dryRun, why }: { readonly dryRun: boolean; readonly why: string },
): StatusError {
  const whole = storageKey(resource.stored, info.namespace, info.name);
  // A dry run does not come to the store, which puts its prefix before the key.
  const key = dryRun ? whole.slice("/registry".length) : whole;
  return conflict(
    resource.groupResource,
    info.name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
  );
}

async function tryChange(
  context: RequestContext,
  resource: ServedResource,
  request: ChangeRequest & { current: CachedObject },
): Promise<UpdateOutcome> {
  const { core } = context;
  const { options, current, subresource } = request;
  const { dryRun } = options;
  const old = servedForm(resource, current);
  if (request.uid && request.uid !== old.metadata.uid)
    throw preconditionFailed(resource, context, {
      dryRun,
      why: `Precondition failed: UID in precondition: ${request.uid}, UID in object meta: ${old.metadata.uid}`,
    });
  const draft = await request.change(old);
  const sent = draft.metadata.managedFields;
  if (request.sharesOld !== true) {
    await checkWidth(context, resource, draft);
    resource.rules.default?.(draft, core);
    if (mayBeWide(context, resource)) await checkWidth(context, resource, draft);
  }
  dedupeOwners(context, draft);
  if (request.tracksFields !== true)
    trackFields(context, resource, {
      draft,
      old,
      manager: options.fieldManager,
      subresource,
      ...(sent === undefined ? {} : { sent }),
    });
  const asked = admissionOf(context, resource, { ...request, draft, old });
  await asked.admit();
  matchNamespace(context, resource, draft);
  const sentRevision = revisionOf(draft);
  checkRevision(resource, request, { sent: sentRevision, old });
  draft.metadata.resourceVersion = old.metadata.resourceVersion;
  const reservation = await resource.hooks?.beginUpdate?.(draft, old, context, dryRun);
  let outcome: UpdateOutcome | undefined;
  try {
    if (resource.rules.examine !== undefined) await resource.rules.examine(draft, old);
    if (request.prepare !== undefined) request.prepare(draft, old);
    else prepareUpdate(context, resource, { draft, old, subresource, dryRun });
    keepOldTimestamps(draft, old);
    await asked.validate();
    outcome = shouldDelete(resource, draft, old)
      ? await deleteNow(core, { resource, draft, current, dryRun })
      : await commitUpdate(core, {
          resource,
          object: draft,
          current,
          dryRun,
          keepsManagers: request.tracksFields === true,
        });
    if (outcome.type === "lost" && sentRevision !== "" && sentRevision !== "0" && !isRetried(request)) {
      if (outcome.current !== undefined) throw modifiedConflict(resource.groupResource, request.name);
    }
    return outcome;
  } finally {
    if (outcome?.type === "written" && !dryRun) await reservation?.commit();
    else await reservation?.rollback();
  }
}

/** The two rounds of admission, about the object or about its view. */
function admissionOf(
  context: RequestContext,
  resource: ServedResource,
  request: ChangeRequest & { readonly draft: KubeObject; readonly old: KubeObject },
): { admit(): Promise<void>; validate(): Promise<void> } {
  const { admission } = context.core;
  const { draft, old, options, admittedAs } = request;
  const input = { operation: "UPDATE", options: options.raw, dryRun: options.dryRun } as const;
  if (admittedAs === undefined) {
    const attributes = admission.attributes(context, resource, { ...input, object: draft, oldObject: old });
    return { admit: () => admission.admit(attributes), validate: () => admission.validate(attributes) };
  }
  const { bodyKind, subresource, show, take } = admittedAs;
  const of = (object: KubeObject) =>
    admission.attributes(context, resource, { ...input, object, oldObject: show(old), bodyKind, subresource });
  return {
    async admit() {
      const shown = show(draft);
      await admission.admit(of(shown));
      take(draft, shown);
    },
    validate: () => admission.validate(of(show(draft))),
  };
}

/** A patch is made anew from what is there; a PUT with a resourceVersion was made from what it names. */
const isRetried = (request: ChangeRequest): boolean => request.unconditional === true || request.remade === true;

/** What the draft says it was made from, "" for nothing. Throws for what is no number. */
function revisionOf({ metadata }: KubeObject): string {
  const sent = metadata.resourceVersion ?? "";
  const isNumber = /^\d*$/.test(sent);
  if (isNumber && (sent.length < 20 || BigInt(sent) < 2n ** 64n)) return sent === "" ? sent : String(BigInt(sent));
  const why = isNumber ? "value out of range" : "invalid syntax";
  throw new StatusError({ code: 500, message: `strconv.ParseUint: parsing ${quoteGo(sent)}: ${why}` });
}

function checkRevision(
  resource: ServedResource,
  request: ChangeRequest,
  { sent, old }: { sent: string; old: KubeObject },
): void {
  if (sent === "" || sent === "0") {
    if (resource.rules.unconditionalUpdate !== false || request.unconditional === true) return;
    const { group, resource: kind } = resource.groupResource;
    throw invalid({ group, kind }, request.name, [
      field.invalid("metadata.resourceVersion", 0, "must be specified for an update"),
    ]);
  }
  if (sent !== old.metadata.resourceVersion) throw modifiedConflict(resource.groupResource, request.name);
}

/** A write that would change nothing but the times of managed fields changes nothing. */
function keepOldTimestamps(draft: KubeObject, old: KubeObject): void {
  const { managedFields } = draft.metadata;
  if (managedFields === undefined || old.metadata.managedFields === undefined) return;
  if (managedFields === old.metadata.managedFields) return;
  const timeless = ({ metadata }: KubeObject): unknown =>
    metadata.managedFields?.map((entry) => ({ ...entry, time: undefined }));
  const withoutManagers = (object: KubeObject): unknown => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: undefined, managedFields: undefined },
  });
  // Empty maps are the leaves of field sets: they are told apart from none there, and nowhere else.
  if (identical(timeless(draft), timeless(old)) && deepEqual(withoutManagers(draft), withoutManagers(old)))
    draft.metadata.managedFields = old.metadata.managedFields;
}

/** The last finalizer of an object that waits for deletion is gone. Upstream: ShouldDeleteDuringUpdate. */
function shouldDelete(resource: ServedResource, draft: KubeObject, old: KubeObject): boolean {
  const { metadata } = draft;
  if ((metadata.finalizers?.length ?? 0) > 0 || metadata.deletionTimestamp === undefined) return false;
  if ((metadata.deletionGracePeriodSeconds ?? 0) !== 0 || (old.metadata.deletionGracePeriodSeconds ?? 0) !== 0)
    return false;
  if (resource.hooks?.keepWhileFinalizing?.(draft)) return false;
  // Without a deletion before this write there is nothing that waits.
  return old.metadata.deletionTimestamp !== undefined;
}

async function deleteNow(
  core: RequestContext["core"],
  request: { resource: ServedResource; draft: KubeObject; current: CachedObject; dryRun: boolean },
): Promise<UpdateOutcome> {
  const { resource, draft, current, dryRun } = request;
  const outcome = await commitDelete(core, { resource, current, dryRun });
  if (outcome.type === "lost") return outcome;
  if (!dryRun) await resource.hooks?.afterDelete?.(draft);
  return { type: "written", object: asCached(resource, draft, { revision: current.revision }) };
}
