// Field ownership: what create, update and patch write into metadata.managedFields. Upstream: k8s.io/apimachinery
// pkg/util/managedfields, sigs.k8s.io/structured-merge-diff merge.
import { readerOf } from "../codec/decode-plan.ts";
import { JsonSyntaxError } from "../codec/json-text.ts";
import type { KubeObject, ManagedFieldsEntry } from "../object.ts";
import type { Schema, Schemas } from "../schema.ts";
import { createdForm, createdForms } from "./created-fields.ts";
import {
  compareText,
  emptyFieldSet,
  type FieldSet,
  FieldSetError,
  fieldSetOfPaths,
  formatFieldsV1,
  intersectFields,
  isEmptyFieldSet,
  parseFieldsV1,
  subtractFields,
  subtractFieldTrees,
  unionFields,
  withinFields,
} from "./field-set.ts";
import { shareFields } from "./fields-text.ts";
import { reconcileFields } from "./reconcile-fields.ts";
import { ownedAsBefore } from "./same-owner.ts";
import { type CompareTypes, type Comparison, changedFields, compareTyped } from "./typed.ts";
import { joinedTypeErrors, typeErrors } from "./typed-merge.ts";

export interface ManagedFieldsUpdate {
  /** The object before; undefined on create. */
  readonly before: KubeObject | undefined;
  /** The object as the client means it, defaults filled in, before admission; its metadata.managedFields are what the client sent. */
  readonly after: KubeObject;
  readonly manager: string;
  readonly subresource: string;
  readonly time: string;
  readonly schema: Schema;
  readonly schemas: Schemas;
  /** Fields that this endpoint resets (status on the main resource, spec on /status): nobody comes to own them here. */
  readonly resetFields?: FieldSet;
  /** Other versions of the kind, for managers that wrote with them. Without it the kind has this version only. */
  readonly versions?: Versions;
  /** The kind's schema is the same for good: no set has to be reconciled with what it has become. */
  readonly fixedSchema?: boolean;
}

/** How a kind looks in another of its versions. */
export interface VersionView {
  readonly schema: Schema;
  /** What an endpoint resets is reset in the request's version alone, as of custom resources. */
  readonly resetsNothing?: true;
  /** The object, given in the request's version, in this one. */
  convert(object: Record<string, unknown>): Record<string, unknown>;
  /** And the way back. */
  convertBack(object: Record<string, unknown>): Record<string, unknown>;
}

/** By apiVersion; undefined for versions that the kind does not have (any more). */
export type Versions = (apiVersion: string) => VersionView | undefined;

/** One manager's entry, its set parsed. */
export interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
}

/** Managers by identity: an applier is the same whatever version it applies with. */
export type Managers = ReadonlyMap<string, Manager>;

export const managerIdentity = (manager: Omit<Manager, "set" | "time">): string =>
  JSON.stringify([
    manager.operation,
    manager.manager,
    manager.operation === "Apply" ? "" : manager.apiVersion,
    manager.subresource,
  ]);

const mostUpdateManagers = 10;
const bucketName = "ancient-changes";
const unknownManager = "unknown";

/** Fields that nobody owns: the server or the path decides them. */
const unowned = fieldSetOfPaths(
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ["metadata", "name"],
  ["metadata", "namespace"],
  ["metadata", "creationTimestamp"],
  ["metadata", "selfLink"],
  ["metadata", "uid"],
  ["metadata", "clusterName"],
  ["metadata", "generation"],
  ["metadata", "managedFields"],
  ["metadata", "resourceVersion"],
);
export const withoutUnowned = (set: FieldSet): FieldSet => subtractFields(set, unowned);

/** Fields of an object whose managers are tracked: with more, what they own would fill the store's 1.5 MiB beside the object. */
export const mostTracked = 60_000;

/** The new metadata.managedFields of a non-apply write (operation Update). Undefined: none are tracked. */
export function managedFieldsAfterUpdate(update: ManagedFieldsUpdate): ManagedFieldsEntry[] | undefined {
  const same = update.fixedSchema === true ? ownedAsBefore(update) : undefined;
  if (same !== undefined) return same;
  // Beside those of the object the managers' own fields are looked at.
  return withinFields(update.before === undefined ? mostTracked : 2 * mostTracked, () => afterWrite(update));
}

function afterWrite(update: ManagedFieldsUpdate): ManagedFieldsEntry[] | undefined {
  if (update.before === undefined && update.after.metadata.managedFields === undefined) return afterCreate(update);
  const managers = startingPoint(update);
  if (managers.size === 0 && update.before !== undefined && update.before.metadata.uid) return undefined;
  try {
    return formatManagers(afterUpdate(managers, update));
  } catch (error) {
    // Upstream's UpdateNoErrors: an object that cannot be tracked loses its managed fields rather than the write.
    if (error instanceof FieldSetError) return undefined;
    throw error;
  }
}

/** Nobody owned anything: all that is set belongs to the creator. */
function afterCreate(update: ManagedFieldsUpdate): ManagedFieldsEntry[] | undefined {
  const forms = createdForms(update, () => zeroObject(update));
  const form = createdForm(forms, update.after);
  let fields: Record<string, unknown> | undefined;
  if (form?.known) fields = form.fields;
  else {
    try {
      const own = ownFields(changedFields(forms.zero, update.after, update), update);
      fields = isEmptyFieldSet(own) ? undefined : formatFieldsV1(own);
    } catch (error) {
      if (error instanceof FieldSetError) return undefined;
      throw error;
    }
    if (form !== undefined) {
      if (fields !== undefined) shareFields(fields);
      form.fields = fields;
      form.known = true;
    }
  }
  if (fields === undefined) return undefined;
  return [
    {
      manager: update.manager || unknownManager,
      operation: "Update",
      apiVersion: update.after.apiVersion,
      time: update.time,
      fieldsType: "FieldsV1",
      fieldsV1: fields,
      ...(update.subresource === "" ? {} : { subresource: update.subresource }),
    },
  ];
}

/** Of what a write changed, what somebody can own here. */
const ownFields = (changed: FieldSet, { resetFields }: Pick<ManagedFieldsUpdate, "resetFields">): FieldSet =>
  withoutUnowned(subtractFieldTrees(changed, resetFields ?? emptyFieldSet));

/** The managers before the operation: the client's list when it sent a usable one, else the stored one. */
function startingPoint({ before, after, subresource }: ManagedFieldsUpdate): Managers {
  const stored = before?.metadata.managedFields;
  const sent = subresource === "" ? after.metadata.managedFields : undefined;
  if (sent !== undefined && sent !== null && isReset(sent)) return new Map();
  const parsed = sent === undefined || sent === null ? undefined : parseManagers(sent);
  if (parsed !== undefined && parsed.size > 0) return parsed;
  return parseManagers(stored ?? []) ?? new Map();
}

/** An empty list, or one empty entry: how a client asks to forget all managers. */
function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  if (entries.length === 0) return true;
  return (
    entries.length === 1 &&
    Object.values(entries[0]!).every((value) => value === undefined || value === null || value === "")
  );
}

/** Undefined when an entry makes no sense. */
export function parseManagers(entries: readonly ManagedFieldsEntry[]): Managers | undefined {
  const managers = new Map<string, Manager>();
  for (const entry of entries) {
    const { operation, apiVersion, fieldsType } = entry;
    if ((operation !== "Apply" && operation !== "Update") || !apiVersion || fieldsType !== "FieldsV1") return undefined;
    const set = tryParse(entry.fieldsV1 ?? {});
    if (set === undefined) return undefined;
    const manager: Manager = {
      manager: entry.manager ?? "",
      operation,
      apiVersion,
      subresource: entry.subresource ?? "",
      time: entry.time ?? undefined,
      set,
    };
    managers.set(managerIdentity(manager), manager);
  }
  return managers;
}

function tryParse(fields: Record<string, unknown>): FieldSet | undefined {
  try {
    return parseFieldsV1(fields);
  } catch (error) {
    if (error instanceof FieldSetError || error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

/** In upstream's order: operation, time, manager, version, subresource. */
export function formatManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  const order = (a: Manager, b: Manager): number =>
    compareText(a.operation, b.operation) ||
    compareText(a.time ?? "", b.time ?? "") ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource);
  return [...managers.values()].sort(order).map((each) => ({
    ...(each.manager === "" ? {} : { manager: each.manager }),
    operation: each.operation,
    apiVersion: each.apiVersion,
    ...(each.time === undefined ? {} : { time: each.time }),
    fieldsType: "FieldsV1",
    fieldsV1: formatFieldsV1(each.set),
    ...(each.subresource === "" ? {} : { subresource: each.subresource }),
  }));
}

function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: metadata as KubeObject["metadata"] };
}

/** The object that a create starts from: what the Go type is when nothing is set. */
export function zeroObject(types: { schema: Schema; schemas: Schemas }): unknown {
  return readerOf(types.schema, types.schemas).zero() ?? {};
}

function afterUpdate(before: Managers, update: ManagedFieldsUpdate): Managers {
  const live = (update.before === undefined ? zeroObject(update) : withoutManagedFields(update.before)) as Objects;
  const after = withoutManagedFields(update.after) as unknown as Objects;
  const { apiVersion } = update.after;
  const { changed, others: result } =
    before.size === 0
      ? { changed: changedFields(live, after, update), others: new Map<string, Manager>() }
      : changesAndOthers(before, { live, after }, update);
  const own = ownFields(changed, update);
  if (!isEmptyFieldSet(own)) {
    const entry = {
      manager: update.manager || unknownManager,
      operation: "Update" as const,
      apiVersion,
      subresource: update.subresource,
    };
    const identity = managerIdentity(entry);
    const set = unionFields(own, result.get(identity)?.set ?? emptyFieldSet);
    result.set(identity, { ...entry, time: update.time, set });
  }
  return capUpdateManagers(result);
}

/** What the write changed, and the managers before it without what they lose by that. */
function changesAndOthers(
  before: Managers,
  { live, after }: { live: Objects; after: Objects },
  update: ManagedFieldsUpdate,
): { changed: FieldSet; others: Map<string, Manager> } {
  const { apiVersion } = update.after;
  const compared = compareTyped(live, after, update);
  const comparisons = comparer({ ...update, apiVersion }, { before: live, after, compared });
  const managers = reconciled(before, { ...update, apiVersion, live });
  return {
    changed: unionFields(compared.modified, compared.added),
    others: new Map(takeFields(managers, comparisons)),
  };
}

type Objects = Record<string, unknown>;

/** Differences as seen in a version; undefined when the kind does not have it. */
export type Comparisons = (apiVersion: string) => Comparison | undefined;

export interface VersionedRequest {
  readonly apiVersion: string;
  readonly schemas: Schemas;
  readonly schema: Schema;
  readonly versions?: Versions;
  readonly resetFields?: FieldSet;
}

/** What a version's schema does not hold. Upstream's converter has every object typed. */
export class VersionError extends FieldSetError {}

/** The object itself. Throws VersionError, its message after `what`. */
export function inVersion<T>(converted: T, types: CompareTypes, what: string): T {
  const errors = typeErrors(converted, types);
  if (errors.length > 0) throw new VersionError(`${what}${joinedTypeErrors(errors)}`);
  return converted;
}

export function comparer(
  request: VersionedRequest,
  { before, after, compared }: { before: Objects; after: Objects; compared: Comparison },
): Comparisons {
  const known = new Map<string, Comparison>([[request.apiVersion, withoutReset(compared, request.resetFields)]]);
  return (apiVersion) => {
    const done = known.get(apiVersion);
    if (done !== undefined) return done;
    const view = request.versions?.(apiVersion);
    if (view === undefined) return undefined;
    const types = { schema: view.schema, schemas: request.schemas };
    const old = inVersion(view.convert(before), types, "failed to convert old object: ");
    const now = inVersion(view.convert(after), types, "failed to convert new object: ");
    const here = withoutReset(
      compareTyped(old, now, types),
      view.resetsNothing === true ? undefined : request.resetFields,
    );
    known.set(apiVersion, here);
    return here;
  };
}

/**
 * Sets that name parts of what is one piece now own the piece. Throws VersionError for an object that a manager's version does
 * not hold. Upstream: reconcileManagedFieldsWithSchemaChanges.
 */
export function reconciled(managers: Managers, request: VersionedRequest & { readonly live: Objects }): Managers {
  const result = new Map<string, Manager>();
  const schemaOf = (apiVersion: string): Schema | undefined => {
    if (apiVersion === request.apiVersion) return request.schema;
    const view = request.versions?.(apiVersion);
    if (view === undefined) return undefined;
    inVersion(view.convert(request.live), { schema: view.schema, schemas: request.schemas }, "");
    return view.schema;
  };
  for (const [identity, manager] of managers) {
    const schema = schemaOf(manager.apiVersion);
    if (schema === undefined) continue;
    const set = reconcileFields(manager.set, schema, request.schemas);
    result.set(identity, set === manager.set ? manager : { ...manager, set });
  }
  return result;
}

/** A comparison without fields that the endpoint resets. */
function withoutReset(comparison: Comparison, resetFields: FieldSet | undefined): Comparison {
  if (resetFields === undefined) return comparison;
  return {
    added: subtractFieldTrees(comparison.added, resetFields),
    removed: subtractFieldTrees(comparison.removed, resetFields),
    modified: subtractFieldTrees(comparison.modified, resetFields),
  };
}

/** Everyone loses what changed or went away; who owns nothing any more, or wrote with a version that is gone, is gone. */
export function takeFields(managers: Managers, comparisons: Comparisons, except?: string): Managers {
  const kept = new Map<string, Manager>();
  for (const [identity, manager] of managers) {
    let { set } = manager;
    if (identity !== except) {
      const comparison = comparisons(manager.apiVersion);
      if (comparison === undefined) continue;
      const changed = unionFields(comparison.modified, comparison.added);
      set = subtractFields(subtractFields(set, intersectFields(set, changed)), comparison.removed);
    }
    if (!isEmptyFieldSet(set)) kept.set(identity, set === manager.set ? manager : { ...manager, set });
  }
  return kept;
}

/** Above ten update managers, the oldest of one version are merged into one entry. */
function capUpdateManagers(managers: Map<string, Manager>): Managers {
  const updaters = [...managers].filter(([, manager]) => manager.operation === "Update");
  let count = updaters.length;
  if (count <= mostUpdateManagers) return managers;
  updaters.sort(([a, left], [b, right]) => compareText(left.time ?? "", right.time ?? "") || compareText(a, b));
  const firstOfVersion = new Map<string, string>();
  for (const [identity, manager] of updaters) {
    if (count <= mostUpdateManagers) break;
    const first = firstOfVersion.get(manager.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(manager.apiVersion, identity);
      continue;
    }
    const bucket = {
      manager: bucketName,
      operation: "Update" as const,
      apiVersion: manager.apiVersion,
      subresource: "",
    };
    const bucketIdentity = managerIdentity(bucket);
    const held = managers.get(bucketIdentity) ?? managers.get(first)!;
    if (!managers.has(bucketIdentity)) managers.delete(first);
    managers.set(bucketIdentity, { ...bucket, time: manager.time, set: unionFields(manager.set, held.set) });
    if (identity !== bucketIdentity) managers.delete(identity);
    count--;
  }
  return managers;
}
