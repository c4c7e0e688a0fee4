// The commonest write of all: a manager that owns an object alone gives other values to fields that it owns, as each node does with its
// lease every ten seconds. Nothing changes hands, so no sets are made, compared and written again.
//
// Contract: what `ownedAsBefore` answers is what the algebra of field-set.ts would come to; undefined leaves it to that. For kinds whose
// schema is the same for good: of others, sets are to be reconciled with what it has become.
import { identical, isObject } from "../equal.ts";
import type { KubeObject, ManagedFieldsEntry } from "../object.ts";
import type { FieldSet } from "./field-set.ts";

/** A write as managed-fields.ts has it. */
export interface OwnersWrite {
  readonly before: KubeObject | undefined;
  readonly after: KubeObject;
  readonly manager: string;
  readonly subresource: string;
  readonly time: string;
  readonly resetFields?: FieldSet;
}

type Members = Readonly<Record<string, unknown>>;

export function ownedAsBefore(update: OwnersWrite): ManagedFieldsEntry[] | undefined {
  const { before, after, resetFields } = update;
  const entry = onlyEntry(update);
  if (entry === undefined || before === undefined || !sameMetadata(before, after)) return undefined;
  const owned = entry.fieldsV1 ?? {};
  const { metadata: _, ...was } = before as unknown as Members;
  const { metadata: __, ...is } = after as unknown as Members;
  for (const element of resetFields?.children.keys() ?? []) {
    const name = element.slice("f:".length);
    if (!identical(was[name], is[name])) return undefined;
  }
  const change = changeWithin(was, is, owned);
  if (change === "other") return undefined;
  return [change === "none" ? entry : { ...entry, time: update.time }];
}

/** That of the writer, where there is no other and the client sent no other. */
function onlyEntry({ before, after, manager, subresource }: OwnersWrite): ManagedFieldsEntry | undefined {
  const stored = before?.metadata.managedFields;
  const entry = stored?.[0];
  if (entry === undefined || stored!.length > 1) return undefined;
  const isWriters =
    manager !== "" &&
    entry.manager === manager &&
    entry.operation === "Update" &&
    entry.apiVersion === after.apiVersion &&
    before!.apiVersion === after.apiVersion &&
    (entry.subresource ?? "") === subresource &&
    entry.fieldsType === "FieldsV1" &&
    Boolean(entry.time);
  if (!isWriters) return undefined;
  const sent = subresource === "" ? after.metadata.managedFields : undefined;
  return sent === undefined || sent === null || identical(sent, stored) ? entry : undefined;
}

/** All but what is nobody's and another in each write. */
function sameMetadata(before: KubeObject, after: KubeObject): boolean {
  const { resourceVersion: _, managedFields: __, ...was } = before.metadata;
  const { resourceVersion: ___, managedFields: ____, ...is } = after.metadata;
  return identical(was, is);
}

type Change = "none" | "owned" | "other";

/** `owned`: the manager's fields, in their stored form, that are about these members. */
function changeWithin(before: Members, after: Members, owned: Members): Change {
  const names = Object.keys(after);
  if (names.length !== Object.keys(before).length) return "other";
  let change: Change = "none";
  for (const name of names) {
    const [was, is] = [before[name], after[name]];
    if (was === is && was !== undefined) continue;
    const found = changeOf(was, is, owned[`f:${name}`]);
    if (found === "other") return "other";
    if (found === "owned") change = "owned";
  }
  return change;
}

function changeOf(was: unknown, is: unknown, owned: unknown): Change {
  const own = isObject(owned) ? owned : undefined;
  if (isObject(was) && isObject(is)) return changeWithin(was, is, own ?? {});
  if (was !== undefined && identical(was, is)) return "none";
  return isPlain(was) && isPlain(is) && own !== undefined && Object.keys(own).length === 0 ? "owned" : "other";
}

/** One value that is there in every way of writing it: what is empty may also be left out. */
const isPlain = (value: unknown): boolean =>
  (typeof value === "string" && value !== "") || (typeof value === "number" && value !== 0) || value === true;
