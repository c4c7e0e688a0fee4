// Metadata of a template that an object will be made of: labels and annotations, nothing else.
// Upstream: ValidateTemplateObjectMeta in pkg/apis/core/validation.
import { field, type ObjectMeta, sentEmpty } from "../../../machinery/index.ts";
import { annotations, labels } from "../metadata.ts";
import { type Check, child } from "../validate.ts";

const allowed: ReadonlySet<string> = new Set(["labels", "annotations"]);

/** The field's name as upstream makes it of Go's. */
const shown = (name: string): string => (name === "uid" ? "uID" : name);

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== "" && value !== 0;

const order = [
  "name",
  "generateName",
  "namespace",
  "selfLink",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "labels",
  "annotations",
  "ownerReferences",
  "finalizers",
  "managedFields",
] as const;

/** With the fields in the order in which upstream prints them. */
export const inGoOrder = (meta: Partial<ObjectMeta> | undefined): Partial<ObjectMeta> | undefined =>
  meta && Object.fromEntries(order.filter((name) => name in meta).map((name) => [name, sortedMap(meta[name])]));

/** Go prints maps by their keys. */
const sortedMap = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const lists = ["ownerReferences", "finalizers", "managedFields"] as const;

export const templateMetadata: Check<Partial<ObjectMeta> | undefined> = (meta, at, found) => {
  annotations(meta?.annotations, child(at, "annotations"), found);
  labels(meta?.labels, child(at, "labels"), found);
  for (const [name, value] of Object.entries(meta ?? {}))
    if (!allowed.has(name) && isSet(value)) found.push(field.forbidden(child(at, shown(name)), "cannot be set"));
  for (const name of lists) if (sentEmpty(meta, name)) found.push(field.forbidden(child(at, name), "cannot be set"));
};
