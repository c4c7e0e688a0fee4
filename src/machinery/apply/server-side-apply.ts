// Server-side apply: merges a configuration into the live object, removes what its manager no longer applies, finds conflicts
// with other managers. Upstream: sigs.k8s.io/structured-merge-diff merge Updater.Apply, apimachinery pkg/util/managedfields.
import { identical } from "../equal.ts";
import { badRequest, StatusError } from "../errors.ts";
import { quoteGo } from "../go-text.ts";
import { formatApiVersion, type GroupVersionKind, type KubeObject, type ManagedFieldsEntry } from "../object.ts";
import { plainError } from "../patch/strategic-lists.ts";
import type { Schema, Schemas } from "../schema.ts";
import {
  emptyFieldSet,
  type FieldSet,
  FieldSetError,
  fieldPaths,
  intersectFields,
  isEmptyFieldSet,
  showPath,
  subtractFields,
  subtractFieldTrees,
  unionFields,
} from "./field-set.ts";
import {
  formatManagers,
  type Manager,
  type Managers,
  managedFieldsAfterUpdate,
  managerIdentity,
  parseManagers,
  takeFields,
  withoutReset,
  withoutUnowned,
  zeroObject,
} from "./managed-fields.ts";
import { type CompareTypes, compareTyped, fieldSetOf } from "./typed.ts";
import { mergeTyped, removeFields, typeErrors, withNamedFields } from "./typed-merge.ts";

export interface ServerSideApply {
  /** The stored object; undefined when apply creates it. */
  readonly live: KubeObject | undefined;
  /** The configuration as sent, without defaults. */
  readonly applied: Record<string, unknown>;
  readonly gvk: GroupVersionKind;
  readonly manager: string;
  readonly subresource: string;
  readonly force: boolean;
  readonly time: string;
  readonly schema: Schema;
  readonly schemas: Schemas;
  readonly resetFields?: FieldSet;
}

export interface Applied {
  /** Merged object without managedFields; defaults and decoding are still to be applied. Equal to live when nothing changed. */
  readonly object: Record<string, unknown>;
  readonly changed: boolean;
  readonly managedFields: ManagedFieldsEntry[] | undefined;
}

/** Throws StatusError: 409 with one cause per conflict, 400 and 500 with upstream's texts. */
export function applyServerSide(request: ServerSideApply): Applied {
  const { applied, schema, schemas } = request;
  const types: CompareTypes = { schema, schemas };
  checkConfiguration(request);
  const live =
    request.live === undefined ? (zeroObject(request) as Record<string, unknown>) : withoutManagers(request.live);
  const managers = startingManagers(request);
  const identity = managerIdentity({ ...request, operation: "Apply", apiVersion: "" });
  const last = managers.get(identity)?.set;
  try {
    const owned = subtractFieldTrees(fieldSetOf(applied, schema, schemas), request.resetFields ?? emptyFieldSet);
    const withMine = new Map(managers).set(identity, { ...ownEntry(request), set: owned });
    let merged = mergeTyped(live, applied, types);
    merged = prune(merged, { last, managers: withMine, types });
    const comparison = withoutReset(compareTyped(live, merged, types), request.resetFields);
    if (!request.force) refuseConflicts(withMine, identity, unionFields(comparison.modified, comparison.added));
    const kept = new Map(takeFields(withMine, comparison, identity));
    const changed = !identical(live, merged);
    finishOwnEntry(kept, identity, { before: managers.get(identity), time: changed ? request.time : undefined });
    return {
      object: (changed ? merged : live) as Record<string, unknown>,
      changed,
      managedFields: formatManagers(kept),
    };
  } catch (error) {
    if (error instanceof FieldSetError) throw plainError(`failed to create typed live object: ${error.message}`);
    throw error;
  }
}

const ownEntry = (request: ServerSideApply): Omit<Manager, "set"> => ({
  manager: request.manager,
  operation: "Apply",
  apiVersion: formatApiVersion(request.gvk),
  subresource: request.subresource,
  time: undefined,
});

/** Nobody owns what the server decides; an unchanged object keeps the entry's old time. */
function finishOwnEntry(
  managers: Map<string, Manager>,
  identity: string,
  { before, time }: { before: Manager | undefined; time: string | undefined },
): void {
  const mine = managers.get(identity);
  if (mine === undefined) return;
  const set = withoutUnowned(mine.set);
  if (isEmptyFieldSet(set)) managers.delete(identity);
  else managers.set(identity, { ...mine, set, time: time ?? before?.time });
}

function withoutManagers(object: KubeObject): Record<string, unknown> {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function checkConfiguration({ applied, gvk, schema, schemas }: ServerSideApply): void {
  const version = typeof applied["apiVersion"] === "string" ? applied["apiVersion"] : "";
  if (version !== formatApiVersion(gvk))
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${version}, expected: ${formatApiVersion(gvk)}`,
    );
  const metadata = applied["metadata"] as { name?: unknown; namespace?: unknown; managedFields?: unknown } | undefined;
  if (metadata?.managedFields !== undefined && metadata.managedFields !== null)
    throw badRequest("metadata.managedFields must be nil");
  const errors = typeErrors(applied, { schema, schemas });
  if (errors.length === 0) return;
  const text = errors.length === 1 ? errors[0] : `errors:\n${errors.map((error) => `  ${error}`).join("\n")}`;
  const names = `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;
  const group = gvk.group === "" ? `/${gvk.version}` : `${gvk.group}/${gvk.version}`;
  throw plainError(`failed to create typed patch object (${names}; ${group}, Kind=${gvk.kind}): ${text}`);
}

/** The live object's managers; what nobody is known to manage yet is owned by "before-first-apply". */
function startingManagers(request: ServerSideApply): Managers {
  const { live } = request;
  const managers = parseManagers(live?.metadata.managedFields ?? []);
  if (managers === undefined) throw plainError("failed to decode managed fields");
  if (managers.size > 0 || live === undefined) return managers;
  const { uid: _, ...metadata } = live.metadata;
  const entries = managedFieldsAfterUpdate({
    before: undefined,
    after: { ...live, metadata: metadata as KubeObject["metadata"] },
    manager: "before-first-apply",
    subresource: request.subresource,
    time: request.time,
    schema: request.schema,
    schemas: request.schemas,
    ...(request.resetFields === undefined ? {} : { resetFields: request.resetFields }),
  });
  return parseManagers(entries ?? []) ?? new Map();
}

interface Pruning {
  /** What the manager applied last time. */
  readonly last: FieldSet | undefined;
  readonly managers: Managers;
  readonly types: CompareTypes;
}

/** Takes out what the manager applied last time, does not apply now, and nobody else owns. */
function prune(merged: unknown, { last, managers, types }: Pruning): unknown {
  if (last === undefined || isEmptyFieldSet(last)) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(set, types.schema, types.schemas);
  const fieldsOf = (value: unknown): FieldSet => named(fieldSetOf(value, types.schema, types.schemas));
  const before = fieldsOf(merged);
  let pruned = removeFields(merged, named(last), types);
  let owned = emptyFieldSet;
  for (const manager of managers.values()) owned = unionFields(owned, manager.set);
  const gone = subtractFields(before, unionFields(fieldsOf(pruned), named(owned)));
  pruned = removeFields(merged, gone, types);
  const dangling = intersectFields(subtractFields(before, fieldsOf(pruned)), named(last));
  return removeFields(merged, dangling, types);
}

function refuseConflicts(managers: Managers, identity: string, changed: FieldSet): void {
  const conflicts: { manager: string; path: string }[] = [];
  for (const [other, manager] of managers) {
    if (other === identity) continue;
    for (const path of fieldPaths(intersectFields(manager.set, changed)))
      conflicts.push({ manager: showManager(manager), path: showPath(path) });
  }
  if (conflicts.length === 0) return;
  throw new StatusError({
    code: 409,
    reason: "Conflict",
    message: conflictText(conflicts),
    details: {
      causes: conflicts.map(({ manager, path }) => ({
        reason: "FieldManagerConflict",
        message: `conflict with ${manager}`,
        field: path,
      })),
    },
  });
}

function showManager(manager: Manager): string {
  const name =
    quoteGo(manager.manager) + (manager.subresource === "" ? "" : ` with subresource ${quoteGo(manager.subresource)}`);
  return manager.operation === "Update" ? `${name} using ${manager.apiVersion}` : name;
}

function conflictText(conflicts: readonly { manager: string; path: string }[]): string {
  if (conflicts.length === 1)
    return `Apply failed with 1 conflict: conflict with ${conflicts[0]!.manager}: ${conflicts[0]!.path}`;
  const lines: string[] = [];
  for (const manager of [...new Set(conflicts.map((each) => each.manager))].sort()) {
    lines.push(`conflicts with ${manager}:`);
    for (const each of conflicts) if (each.manager === manager) lines.push(`- ${each.path}`);
  }
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}
