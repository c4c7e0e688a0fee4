// Field ownership of /scale: its one field is the parent's replicas. Upstream: apimachinery managedfields/scalehandler.go.
import type { ManagedFieldsEntry } from "../object.ts";
import {
  emptyFieldSet,
  type FieldSet,
  fieldSetOfPaths,
  hasField,
  isEmptyFieldSet,
  subtractFields,
  unionFields,
} from "./field-set.ts";
import { formatManagers, type Manager, type Managers, parseManagers } from "./managed-fields.ts";

/** Where a version of the parent keeps its replicas, as field names; undefined for versions that the kind does not have. */
export type ReplicasPaths = (apiVersion: string) => readonly string[] | undefined;

const scaleVersion = "autoscaling/v1";
const replicas = fieldSetOfPaths(["spec", "replicas"]);
const replicasElements = ["f:spec", "f:replicas"];

const elementsOf = (path: readonly string[]): string[] => path.map((name) => `f:${name}`);

/** The parent's entries as the Scale shows them: who owns the replicas. */
export function scaleEntries(
  parent: readonly ManagedFieldsEntry[],
  paths: ReplicasPaths,
): ManagedFieldsEntry[] | undefined {
  const shown = new Map<string, Manager>();
  for (const [identity, manager] of parseManagers(parent) ?? []) {
    const path = paths(manager.apiVersion);
    if (path !== undefined && hasField(manager.set, elementsOf(path)))
      shown.set(identity, { ...manager, apiVersion: scaleVersion, set: replicas });
  }
  return formatManagers(shown);
}

/** The parent's entries after a write to the Scale. */
export function parentEntries(
  parent: readonly ManagedFieldsEntry[],
  scale: readonly ManagedFieldsEntry[],
  { paths, apiVersion }: { readonly paths: ReplicasPaths; readonly apiVersion: string },
): ManagedFieldsEntry[] | undefined {
  const before: Managers = parseManagers(parent) ?? new Map();
  const owners = new Map(parseManagers(scale) ?? []);
  const result = new Map<string, Manager>();
  for (const [identity, manager] of before) {
    const path = paths(manager.apiVersion);
    if (path === undefined) continue;
    if (!hasField(manager.set, elementsOf(path)) || owners.has(identity)) {
      result.set(identity, manager);
      if (hasField(manager.set, elementsOf(path))) owners.delete(identity);
      continue;
    }
    const set = subtractFields(manager.set, fieldSetOfPaths(path));
    if (!isEmptyFieldSet(set)) result.set(identity, { ...manager, set });
  }
  const path = paths(apiVersion);
  const owned: FieldSet = path === undefined ? emptyFieldSet : unionFields(emptyFieldSet, fieldSetOfPaths(path));
  for (const [identity, manager] of owners)
    if (hasField(manager.set, replicasElements))
      result.set(identity, { ...manager, apiVersion, set: owned, time: before.get(identity)?.time });
  return formatManagers(result);
}
