// CREATE. Upstream: apiserver's handlers/create.go, registry/generic/registry/store.go Create.
import {
  alreadyExists,
  badRequest,
  forbidden,
  generateName,
  type KubeObject,
  StatusError,
} from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import type { RequestContext } from "../context.ts";
import type { Answer } from "../core.ts";
import type { CachedObject } from "../watchcache/index.ts";
import { decodeBody, expectedOf } from "./body.ts";
import { createOptions, type WriteOptions } from "./options.ts";
import {
  dedupeOwners,
  fillSystemFields,
  matchNamespace,
  prepareCreate,
  trackFields,
  wipeSystemFields,
} from "./prepare.ts";
import { findCurrent, plainFailure, waitForCurrent } from "./read/get.ts";
import { commitCreate, convertShown } from "./store-object.ts";
import { checkWidth, mayBeWide } from "./stored-size.ts";

/** Upstream: maxNameGenerationCreateAttempts. */
const mostNameAttempts = 8;

export async function create(context: RequestContext, resource: ServedResource): Promise<Answer> {
  const options = createOptions(context);
  const draft = decodeBody(context, expectedOf(resource, options.fieldValidation));
  const object = await createObject(context, resource, { draft, options });
  return { type: "object", status: 201, resource, object };
}

export interface CreateRequest {
  /** Consumed. */
  readonly draft: KubeObject;
  readonly options: WriteOptions;
  /** managedFields are in the draft already (server-side apply). */
  readonly tracksFields?: boolean;
  /** An update or a patch found nothing there: upstream takes what it says of its deletion, then. */
  readonly fromUpdate?: true;
}

export async function createObject(
  context: RequestContext,
  resource: ServedResource,
  request: CreateRequest,
): Promise<CachedObject> {
  const { draft, options } = request;
  const { core } = context;
  // Nothing is awaited that is not there: each wait is a turn of the queue, and garbage.
  const notReady = resource.rules.ready?.();
  if (notReady !== undefined) await notReady;
  if (mayBeWide(context, resource)) await checkWidth(context, resource, draft);
  if (resource.kind.namespaced && context.info.namespace === "")
    throw badRequest("an empty namespace may not be set during creation");
  if (resource.custom?.terminating === true)
    throw forbidden(
      resource.groupResource,
      draft.metadata.name ?? "",
      "create not allowed while custom resource definition is terminating",
    );
  matchNamespace(context, resource, draft);
  const sentRevision = draft.metadata.resourceVersion ?? "";
  delete (draft.metadata as { resourceVersion?: string }).resourceVersion;
  if (request.fromUpdate !== true) wipeSystemFields(draft);
  const sent = draft.metadata.managedFields;
  resource.rules.default?.(draft, core);
  // Defaults fill items that the client left empty.
  if (mayBeWide(context, resource)) await checkWidth(context, resource, draft);
  dedupeOwners(context, draft);
  if (request.tracksFields !== true)
    trackFields(context, resource, {
      draft,
      old: undefined,
      manager: options.fieldManager,
      subresource: "",
      ...(sent === undefined ? {} : { sent }),
    });
  const attributes = core.admission.attributes(context, resource, {
    operation: "CREATE",
    object: draft,
    options: options.raw,
    dryRun: options.dryRun,
  });
  await core.admission.admit(attributes);
  matchNamespace(context, resource, draft);
  resource.rules.default?.(draft, core);
  const { generateName: prefix } = draft.metadata;
  const generated = !draft.metadata.name && prefix !== undefined && prefix !== "";
  // Upstream tries generated names on copies: labels that defaults made one with the template's are two then.
  if (generated && draft.metadata.labels !== undefined) draft.metadata.labels = { ...draft.metadata.labels };
  fillSystemFields(context, draft);
  for (let attempt = 1; ; attempt++) {
    if (generated)
      draft.metadata.name = resource.rules.generatesNoNames === true ? prefix : generateName(prefix, core.rng);
    const created = await tryCreate(context, resource, { ...request, sentRevision });
    if (created !== undefined) {
      if (resource.custom !== undefined) await convertShown(resource, [created]);
      return created;
    }
    if (!generated && prefix) throw nameTaken(resource, draft.metadata.name);
    if (!generated) throw await taken(context, resource, draft.metadata.name);
    if (attempt === mostNameAttempts) throw nameTaken(resource, prefix);
  }
}

async function tryCreate(
  context: RequestContext,
  resource: ServedResource,
  request: CreateRequest & { readonly sentRevision: string },
): Promise<CachedObject | undefined> {
  const { draft, options } = request;
  const { core } = context;
  // What creates by its status allocates nothing: upstream's status storage has no such hooks.
  const hooks = context.info.subresource === "status" ? undefined : resource.hooks;
  const begun = hooks?.beginCreate?.(draft, context, options.dryRun);
  const reservation = begun === undefined ? undefined : await begun;
  let created: CachedObject | undefined;
  try {
    if (resource.rules.examine !== undefined) await resource.rules.examine(draft, undefined);
    prepareCreate(context, resource, { draft, dryRun: options.dryRun });
    const attributes = core.admission.attributes(context, resource, {
      operation: "CREATE",
      object: draft,
      options: options.raw,
      dryRun: options.dryRun,
    });
    await core.admission.validate(attributes);
    // Text that is no revision is passed over, as upstream's storage does; a dry run does not come so far.
    if (!options.dryRun && /^\d+$/.test(request.sentRevision) && Number(request.sentRevision) !== 0)
      throw plainFailure("resourceVersion should not be set on objects to be created");
    if (options.dryRun) await waitForCurrent(core);
    resource.rules.prepareStored?.(draft);
    const object = options.dryRun ? withSentRevision(draft, request.sentRevision) : draft;
    const keepsManagers = request.tracksFields === true;
    created = await commitCreate(core, { resource, object, dryRun: options.dryRun, keepsManagers });
    return created;
  } finally {
    if (created === undefined || options.dryRun) await reservation?.rollback();
    else await reservation?.commit();
  }
}

/** Nothing was stored that could replace the resourceVersion that the client sent: a dry run shows it. */
const withSentRevision = (draft: KubeObject, resourceVersion: string): KubeObject =>
  resourceVersion === "" ? draft : { ...draft, metadata: { ...draft.metadata, resourceVersion } };

/** A name whose object is on its way out is told apart. */
async function taken(context: RequestContext, resource: ServedResource, name: string): Promise<StatusError> {
  const error = alreadyExists(resource.groupResource, name);
  const existing = await findCurrent(context.core, resource, { namespace: context.info.namespace, name });
  if (existing?.object.metadata.deletionTimestamp === undefined) return error;
  return new StatusError({
    ...error.status,
    message: `object is being deleted: ${error.message}`,
  } as ConstructorParameters<typeof StatusError>[0]);
}

const nameTaken = (resource: ServedResource, prefix: string): StatusError => {
  const taken = alreadyExists(resource.groupResource, prefix);
  return new StatusError({
    ...taken.status,
    message: `${taken.status.message}, the server was not able to generate a unique name for the object`,
    details: { ...taken.status.details, retryAfterSeconds: 1 },
  } as ConstructorParameters<typeof StatusError>[0]);
};
