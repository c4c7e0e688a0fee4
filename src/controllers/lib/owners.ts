// Who controls an object: references, the index of controlled objects, adoption and release.
// Upstream: pkg/controller/controller_ref_manager.go.
import type { Informer, ResourceClient } from "../../client/index.ts";
import {
  controllerOf,
  isInvalid,
  isNotFound,
  type KubeObject,
  type LabelMatcher,
  type OwnerReference,
} from "../../machinery/index.ts";

export const controllerReference = (owner: KubeObject): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid ?? "",
  controller: true,
  blockOwnerDeletion: true,
});

export const isControlledBy = (object: KubeObject, owner: KubeObject): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid;

const byController = "controllerUid";
const orphansOf = (namespace: string): string => `orphan/${namespace}`;

/** Call before `controlledBy`. One index serves every controller that asks for it. */
export function addControllerIndex<T extends KubeObject>(informer: Informer<T>): void {
  informer.addIndex(byController, (object) => {
    const owner = controllerOf(object);
    return [owner === undefined ? orphansOf(object.metadata.namespace ?? "") : owner.uid];
  });
}

export const controlledBy = <T extends KubeObject>(informer: Informer<T>, uid: string | undefined): readonly T[] =>
  uid === undefined ? [] : informer.byIndex(byController, uid);

export const orphansIn = <T extends KubeObject>(informer: Informer<T>, namespace: string): readonly T[] =>
  informer.byIndex(byController, orphansOf(namespace));

/** The object of `informer` that a reference means, if it is still the same one. */
export function resolveOwner<T extends KubeObject>(
  informer: Informer<T>,
  reference: OwnerReference | undefined,
  namespace: string,
): T | undefined {
  if (reference === undefined || reference.kind !== informer.kind.kind) return undefined;
  const owner = informer.get(namespace, reference.name);
  return owner?.metadata.uid === reference.uid ? owner : undefined;
}

export interface ClaimOptions<O extends KubeObject, T extends KubeObject> {
  readonly owner: O;
  readonly selector: LabelMatcher;
  /** The owner's objects and the orphans of its namespace. */
  readonly candidates: readonly T[];
  /** Further condition besides the selector. */
  readonly accepts?: (object: T) => boolean;
  readonly owners: ResourceClient<O>;
  readonly resource: ResourceClient<T>;
  /** Finalizers that adoption adds and release removes. */
  readonly finalizers?: readonly string[];
}

/**
 * The candidates that belong to the owner: its own that match; orphans that match are adopted, its own that do not match any
 * more are released. An owner that is being deleted claims nothing new.
 */
export async function claim<O extends KubeObject, T extends KubeObject>(options: ClaimOptions<O, T>): Promise<T[]> {
  const { owner, selector } = options;
  const matches = (object: T): boolean =>
    selector.matches(object.metadata.labels) && (options.accepts?.(object) ?? true);
  const claimed: T[] = [];
  let mayAdopt: Promise<void> | undefined;
  for (const object of options.candidates) {
    const controller = controllerOf(object);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches(object)) claimed.push(object);
      else if (owner.metadata.deletionTimestamp === undefined) await release(options, object);
      continue;
    }
    if (owner.metadata.deletionTimestamp !== undefined || object.metadata.deletionTimestamp !== undefined) continue;
    if (object.metadata.namespace !== owner.metadata.namespace || !matches(object)) continue;
    mayAdopt ??= checkOwner(options);
    await mayAdopt;
    if (await adopt(options, object)) claimed.push(object);
  }
  return claimed;
}

/** The cache may be late: nothing is adopted for an owner that is gone, replaced or going. */
async function checkOwner<O extends KubeObject, T extends KubeObject>(options: ClaimOptions<O, T>): Promise<void> {
  const { owner, owners } = options;
  const { kind } = owners.kind;
  const fresh = await owners.get(owner.metadata);
  const name = `${owner.metadata.namespace}/${owner.metadata.name}`;
  if (fresh.metadata.uid !== owner.metadata.uid)
    throw new Error(`original ${kind} ${name} is gone: got uid ${fresh.metadata.uid}, wanted ${owner.metadata.uid}`);
  if (fresh.metadata.deletionTimestamp !== undefined)
    throw new Error(`${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
}

async function adopt<O extends KubeObject, T extends KubeObject>(
  options: ClaimOptions<O, T>,
  object: T,
): Promise<boolean> {
  const { owner, finalizers } = options;
  const patch = {
    metadata: {
      ownerReferences: [controllerReference(owner)],
      uid: object.metadata.uid,
      ...(finalizers !== undefined ? { finalizers } : {}),
    },
  };
  try {
    await options.resource.patch(object.metadata, patch, { type: "strategic" });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function release<O extends KubeObject, T extends KubeObject>(
  options: ClaimOptions<O, T>,
  object: T,
): Promise<void> {
  const { owner, finalizers } = options;
  const patch = {
    metadata: {
      uid: object.metadata.uid,
      ownerReferences: [{ $patch: "delete", uid: owner.metadata.uid }],
      ...(finalizers !== undefined ? { "$deleteFromPrimitiveList/finalizers": finalizers } : {}),
    },
  };
  try {
    await options.resource.patch(object.metadata, patch, { type: "strategic" });
  } catch (error) {
    // Gone, or replaced by another object of its name, or not ours any more.
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  }
}
