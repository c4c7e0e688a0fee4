// What create and update do to a draft before it is stored: system fields, generation, managed fields, validation.
// Upstream: registry/rest/{create,update,meta}.go.
import { validateCreate, validatePartUpdate, validateStatusUpdate, validateUpdate } from "../../api/serve.ts";
import { uuid } from "../../base/index.ts";
import {
  badRequest,
  formatTime,
  hasEmpties,
  identical,
  invalid,
  type KubeObject,
  managedFieldsAfterUpdate,
  parseApiVersion,
} from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import { type RequestContext, ruleContext, warn } from "../context.ts";
import { resetFieldsOf } from "./patch/reset-fields.ts";
import { versionsOf } from "./patch/versions.ts";

type Loose = KubeObject & { spec?: unknown; status?: unknown };

/** The namespace of the path goes into the object; another one in the body is refused, and dropped where there is none. */
export function matchNamespace(context: RequestContext, resource: ServedResource, draft: KubeObject): void {
  const { metadata } = draft;
  const wanted = resource.kind.namespaced ? context.info.namespace : "";
  const sent = metadata.namespace ?? "";
  if (sent !== "" && wanted !== "" && sent !== wanted)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  if (wanted === "") delete metadata.namespace;
  else metadata.namespace = wanted;
}

/** What only the server says about an object is not taken from a create. */
export function wipeSystemFields({ metadata }: KubeObject): void {
  const wiped: Partial<KubeObject["metadata"]> & { selfLink?: string } = metadata;
  delete wiped.deletionTimestamp;
  delete wiped.deletionGracePeriodSeconds;
  delete wiped.selfLink;
  delete wiped.uid;
  delete wiped.creationTimestamp;
}

export function fillSystemFields(context: RequestContext, draft: KubeObject): void {
  const { metadata } = draft;
  metadata.uid = uuid(context.core.rng);
  metadata.creationTimestamp = formatTime(context.nowMs);
}

/** Owner references that name the same object twice are merged, with a warning. Patches say that they are looked at late. */
export function dedupeOwners(context: RequestContext, draft: KubeObject): void {
  const owners = draft.metadata.ownerReferences;
  if (owners === undefined || owners.length < 2) return;
  const late = context.request.method === "PATCH" ? " after mutating admission happens" : "";
  const seen = new Set<string>();
  const unique = owners.filter((owner) => {
    const key = JSON.stringify([
      owner.apiVersion,
      owner.kind,
      owner.name,
      owner.uid,
      owner.controller,
      owner.blockOwnerDeletion,
    ]);
    if (!seen.has(key)) return seen.add(key);
    warn(
      context,
      `.metadata.ownerReferences contains duplicate entries${late}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${owner.uid ?? ""}`,
    );
    return false;
  });
  if (unique.length !== owners.length) draft.metadata.ownerReferences = unique;
}

/** Before admission: what the client sent, defaulted, belongs to its manager. */
export function trackFields(
  context: RequestContext,
  resource: ServedResource,
  write: {
    readonly draft: KubeObject;
    readonly old: KubeObject | undefined;
    readonly manager: string;
    readonly subresource: string;
    /** managedFields as the client sent them: defaulting drops an empty list, which means "begin anew". */
    readonly sent?: KubeObject["metadata"]["managedFields"];
  },
): void {
  const { draft, old, manager, subresource } = write;
  const { schema, schemas } = resource;
  if (schema === undefined) return;
  // Metadata of custom resources goes through Go's type, which leaves an empty list out.
  const forgotten = resource.custom !== undefined && write.sent?.length === 0;
  if (forgotten) delete draft.metadata.managedFields;
  else if (write.sent !== undefined) draft.metadata.managedFields = write.sent;
  if (losesManagers(resource, draft, old)) {
    delete draft.metadata.managedFields;
    return;
  }
  const fields = managedFieldsAfterUpdate({
    before: old,
    after: draft,
    manager,
    subresource,
    time: formatTime(context.nowMs),
    schema,
    schemas,
    fixedSchema: resource.custom === undefined,
    ...resetFieldsOf(resource, subresource),
    ...versionsOf(context, resource),
  });
  if (fields === undefined || fields.length === 0) delete draft.metadata.managedFields;
  else draft.metadata.managedFields = fields;
}

/** A custom resource that another manager's version cannot hold: upstream gives up all managed fields. */
function losesManagers(
  { custom, apiVersion }: ServedResource,
  draft: KubeObject,
  old: KubeObject | undefined,
): boolean {
  if (custom === undefined || old === undefined) return false;
  const others = new Set(old.metadata.managedFields?.map((entry) => entry.apiVersion ?? ""));
  if (!others.has(apiVersion) && others.size === 0) return false;
  if ([...others].every((other) => other === apiVersion)) return false;
  return [...others, apiVersion].some((other) => !custom.comparable(draft, other) || !custom.comparable(old, other));
}

export function prepareCreate(
  context: RequestContext,
  resource: ServedResource,
  write: { draft: KubeObject; dryRun: boolean },
): void {
  const { rules } = resource;
  const { draft } = write;
  const rule = ruleContext(context, write.dryRun);
  const { status } = rules;
  if (status !== undefined && !status.keptOnCreate && !status.writtenOnCreate) clearStatus(resource, draft);
  if (rules.generation !== undefined) draft.metadata.generation = 1;
  rules.prepareCreate?.(draft, rule);
  const found = validateCreate(resource, draft, rule);
  if (found.length > 0) throw invalid(internalKind(resource, draft), draft.metadata.name ?? "", found);
  for (const text of rules.warnings?.(draft, undefined) ?? []) warn(context, text);
}

/** What validation errors call the kind: they know the type behind all served versions. */
const internalKind = ({ kind, rules, custom }: ServedResource, draft: KubeObject): { group: string; kind: string } =>
  // Without a Go type the data alone says what it is.
  custom === undefined
    ? { group: rules.internalGroup ?? kind.group, kind: kind.kind }
    : { group: parseApiVersion(draft.apiVersion).group, kind: draft.kind };

/** Status is not taken from create; kinds that always show one start with it empty. */
function clearStatus(resource: ServedResource, draft: Loose): void {
  if (draft.status === undefined) return;
  delete draft.status;
  resource.rules.default?.(draft);
}

export interface UpdateWrite {
  readonly draft: KubeObject;
  readonly old: KubeObject;
  readonly subresource: string;
  readonly dryRun: boolean;
}

export function prepareUpdate(context: RequestContext, resource: ServedResource, write: UpdateWrite): void {
  const { draft, old, subresource } = write;
  const { rules } = resource;
  const rule = ruleContext(context, write.dryRun);
  const part = rules.parts?.[subresource];
  setOrDelete(draft.metadata, "generation", old.metadata.generation);
  if (subresource === "status") {
    keepAllButStatus(draft, old);
    rules.status?.prepareUpdate?.(draft, old, rule);
  } else if (part !== undefined) {
    part.prepareUpdate(draft, old, rule);
    bumpGeneration(resource, draft, old);
  } else {
    if (rules.status !== undefined) setOrDelete(draft as Loose, "status", (old as Loose).status);
    rules.prepareUpdate?.(draft, old, rule);
    bumpGeneration(resource, draft, old);
  }
  keepSystemFields(draft, old);
  // Upstream's storage drops it, which a dry run does not reach.
  if (!write.dryRun) delete (draft.metadata as { selfLink?: string }).selfLink;
  const validate =
    subresource === "status"
      ? validateStatusUpdate
      : part === undefined
        ? validateUpdate
        : validatePartUpdate(subresource);
  const found = validate(resource, { object: draft, old }, rule);
  if (found.length > 0) throw invalid(internalKind(resource, draft), draft.metadata.name ?? "", found);
  if (subresource === "") for (const text of rules.warnings?.(draft, old) ?? []) warn(context, text);
}

function setOrDelete<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value === undefined) delete target[key];
  else target[key] = value;
}

/** A status update changes status, and of the metadata what every kind's strategy lets through. */
function keepAllButStatus(draft: Loose, old: Loose): void {
  const mine = draft as unknown as Record<string, unknown>;
  const before = old as unknown as Record<string, unknown>;
  for (const key of new Set([...Object.keys(mine), ...Object.keys(before)])) {
    if (key === "status" || key === "metadata") continue;
    if (before[key] === undefined) delete mine[key];
    else mine[key] = before[key];
  }
}

function bumpGeneration(resource: ServedResource, draft: Loose, old: Loose): void {
  const { generation } = resource.rules;
  if (generation === undefined) return;
  const watched = typeof generation === "function" ? generation : (object: Loose): unknown => object.spec;
  const sent = watched(draft);
  if (identical(sent, watched(old)) && !(generation === "exact" && hasEmpties(sent))) return;
  draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

function keepSystemFields({ metadata }: KubeObject, { metadata: before }: KubeObject): void {
  metadata.uid ||= before.uid;
  if (before.creationTimestamp) metadata.creationTimestamp = before.creationTimestamp;
  if (before.deletionTimestamp) metadata.deletionTimestamp = before.deletionTimestamp;
  if (before.deletionGracePeriodSeconds !== undefined)
    metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
}
