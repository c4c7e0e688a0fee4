// The shapes that all objects and lists of the API have.
import type { ListMeta, ObjectMeta } from "../../facts/types/meta.v1.ts";

export type {
  Condition,
  DeleteOptions,
  IntOrString,
  LabelSelector,
  LabelSelectorRequirement,
  ListMeta,
  ManagedFieldsEntry,
  ObjectMeta,
  OwnerReference,
  Preconditions,
  Quantity,
  Status,
  StatusCause,
  StatusDetails,
} from "../../facts/types/meta.v1.ts";

/** What every API object is. Objects that came out of the store, an informer or a response are frozen or treated as such. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

/** What a decoder made and checked: apiVersion, kind and metadata are there. The same value. */
export const asObject = (fields: object): KubeObject => fields as KubeObject;

/** The fields of an object by their names, for rules that know no type. The same value. */
export const asFields = (object: object): Record<string, unknown> => object as Record<string, unknown>;

export interface KubeList<T extends KubeObject = KubeObject> {
  apiVersion: string;
  kind: string;
  metadata: ListMeta;
  items: T[];
}

/** An object about to be created: the server fills the rest. */
export type NewObject<T extends KubeObject> = Omit<T, "metadata" | "status"> & {
  metadata: Partial<T["metadata"]>;
  status?: Partial<T extends { status?: infer S } ? S : never>;
};

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}
export interface GroupVersionKind extends GroupVersion {
  readonly kind: string;
}
export interface GroupVersionResource extends GroupVersion {
  readonly resource: string;
}
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** `apps/v1` → {group: "apps", version: "v1"}; `v1` → {group: "", version: "v1"}. */
export function parseApiVersion(apiVersion: string): GroupVersion {
  const slash = apiVersion.indexOf("/");
  return slash < 0
    ? { group: "", version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export const formatApiVersion = (gv: GroupVersion): string =>
  gv.group === "" ? gv.version : `${gv.group}/${gv.version}`;

/** `deployments.apps`, and `pods` for the core group: how upstream names a resource in messages. */
export const formatGroupResource = (gr: GroupResource): string =>
  gr.group === "" ? gr.resource : `${gr.resource}.${gr.group}`;

/** `namespace/name`, or `name` for cluster-scoped objects: the key of informers and work queues. */
export const objectKey = (object: { metadata: { namespace?: string; name: string } }): string =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : object.metadata.name;

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf("/");
  return slash < 0 ? { namespace: "", name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The owner reference with `controller: true`, if any. */
export const controllerOf = (object: {
  metadata: { ownerReferences?: ObjectMeta["ownerReferences"] };
}): NonNullable<ObjectMeta["ownerReferences"]>[number] | undefined =>
  object.metadata.ownerReferences?.find((each) => each.controller === true);
