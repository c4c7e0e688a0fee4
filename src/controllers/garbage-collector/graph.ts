// Who owns whom, over every kind: the garbage collector's picture of the cluster. Pure bookkeeping; what follows from a
// change is returned as keys to look at. Upstream: pkg/controller/garbagecollector/{graph,graph_builder}.go.
import type { KubeObject, OwnerReference } from "../../machinery/index.ts";

export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  /** "" for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface GraphNode {
  identity: Identity;
  owners: readonly OwnerReference[];
  readonly dependents: Set<GraphNode>;
  /** deletionTimestamp is set. */
  beingDeleted: boolean;
  /** …with the finalizer foregroundDeletion: waits for its dependents. */
  deletingDependents: boolean;
  /** Known only from owner references; whether it exists has not been seen. */
  virtual: boolean;
}

export const foregroundFinalizer = "foregroundDeletion";
export const orphanFinalizer = "orphan";

/** Nodes whose fate has to be looked at, and those whose dependents are to be orphaned. */
export interface GraphChange {
  readonly lookAt: readonly GraphNode[];
  readonly orphan: readonly GraphNode[];
  /** References whose owner was seen to be in another namespace than the object that names it. */
  readonly misplaced?: readonly Misplaced[];
}

export interface Misplaced {
  readonly dependent: Identity;
  readonly owner: OwnerReference;
}

export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  get size(): number {
    return this.#nodes.size;
  }

  upsert(object: KubeObject): GraphChange {
    const { metadata } = object;
    const identity: Identity = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      namespace: metadata.namespace ?? "",
      name: metadata.name,
      uid: metadata.uid,
    };
    const owners = metadata.ownerReferences ?? [];
    const finalizers = metadata.finalizers ?? [];
    const beingDeleted = metadata.deletionTimestamp !== undefined;
    const deletingDependents = beingDeleted && finalizers.includes(foregroundFinalizer);
    const lookAt = new Set<GraphNode>();
    const known = this.#nodes.get(metadata.uid);
    const node: GraphNode = known ?? {
      identity,
      owners: [],
      dependents: new Set(),
      beingDeleted: false,
      deletingDependents: false,
      virtual: false,
    };
    if (known === undefined) this.#nodes.set(metadata.uid, node);
    const startsForeground = deletingDependents && !node.deletingDependents;
    const appears = node.virtual;
    node.identity = identity;
    node.virtual = false;
    const added = owners.filter(({ uid }) => !node.owners.some((each) => each.uid === uid));
    for (const each of this.#relink(node, owners)) lookAt.add(each);
    // Who named it before it was seen may have meant another.
    if (appears) for (const each of misnaming(node)) lookAt.add(each);
    const misplaced = added.filter((owner) => this.#isElsewhere(owner, node)).slice(0, 1);
    node.beingDeleted = beingDeleted;
    node.deletingDependents = deletingDependents;
    if (startsForeground) {
      for (const dependent of node.dependents) lookAt.add(dependent);
      lookAt.add(node);
    }
    const orphans = beingDeleted && finalizers.includes(orphanFinalizer);
    return {
      lookAt: [...lookAt],
      orphan: orphans ? [node] : [],
      misplaced: [
        ...misplaced.map((owner) => ({ dependent: identity, owner })),
        ...(appears ? this.#misplacedDependents(node) : []),
      ],
    };
  }

  /** The object is gone. */
  remove(uid: string): GraphChange {
    const node = this.#nodes.get(uid);
    if (node === undefined) return { lookAt: [], orphan: [] };
    const lookAt = new Set<GraphNode>(node.dependents);
    this.#nodes.delete(uid);
    for (const reference of node.owners) {
      const owner = this.#nodes.get(reference.uid);
      if (owner === undefined) continue;
      owner.dependents.delete(node);
      if (owner.deletingDependents) lookAt.add(owner);
      this.#forgetUnused(owner);
    }
    return { lookAt: [...lookAt], orphan: [] };
  }

  /** Takes over new owner references. Yields what must be looked at because of it. */
  #relink(node: GraphNode, owners: readonly OwnerReference[]): GraphNode[] {
    const lookAt: GraphNode[] = [];
    const wanted = new Set(owners.map((owner) => owner.uid));
    for (const reference of node.owners) {
      const owner = this.#nodes.get(reference.uid);
      if (owner === undefined) continue;
      const now = owners.find((each) => each.uid === reference.uid);
      if (!wanted.has(reference.uid)) owner.dependents.delete(node);
      // A reference that no longer blocks may let its owner go.
      if (
        owner.deletingDependents &&
        (now === undefined || (reference.blockOwnerDeletion === true && now.blockOwnerDeletion !== true))
      )
        lookAt.push(owner);
      if (now === undefined) this.#forgetUnused(owner);
    }
    const before = new Set(node.owners.map((owner) => owner.uid));
    for (const reference of owners) {
      let owner = this.#nodes.get(reference.uid);
      if (owner === undefined) {
        owner = virtualOwner(reference, node.identity.namespace);
        this.#nodes.set(reference.uid, owner);
        lookAt.push(owner);
      }
      const isNew = !owner.dependents.has(node);
      owner.dependents.add(node);
      if (isNew && (!before.has(reference.uid) || node.owners.length === 0) && mismatch(reference, owner, node))
        lookAt.push(node);
      if (isNew && owner.beingDeleted && owner.deletingDependents) lookAt.push(node);
    }
    node.owners = owners;
    return lookAt;
  }

  /** The owner was seen, and in another namespace. */
  #isElsewhere(reference: OwnerReference, dependent: GraphNode): boolean {
    const owner = this.#nodes.get(reference.uid);
    if (owner === undefined || owner.virtual || owner.identity.namespace === "") return false;
    return owner.identity.namespace !== dependent.identity.namespace;
  }

  /** Of an owner that was only known by name until now. */
  #misplacedDependents(node: GraphNode): Misplaced[] {
    return [...node.dependents].flatMap((dependent) =>
      dependent.owners
        .filter((owner) => owner.uid === node.identity.uid && this.#isElsewhere(owner, dependent))
        .map((owner) => ({ dependent: dependent.identity, owner })),
    );
  }

  /** A virtual node lives as long as somebody refers to it. */
  #forgetUnused(node: GraphNode): void {
    if (node.virtual && node.dependents.size === 0) this.#nodes.delete(node.identity.uid);
  }
}

const virtualOwner = (reference: OwnerReference, namespace: string): GraphNode => ({
  identity: {
    apiVersion: reference.apiVersion,
    kind: reference.kind,
    namespace,
    name: reference.name,
    uid: reference.uid,
  },
  owners: [],
  dependents: new Set(),
  beingDeleted: false,
  deletingDependents: false,
  virtual: true,
});

/** Dependents that do not call it what it is. */
const misnaming = (owner: GraphNode): GraphNode[] =>
  [...owner.dependents].filter((dependent) =>
    dependent.owners.some((reference) => reference.uid === owner.identity.uid && mismatch(reference, owner, dependent)),
  );

/** A reference that names its owner otherwise than the owner is: of another namespace, kind or name. */
const mismatch = (reference: OwnerReference, owner: GraphNode, dependent: GraphNode): boolean =>
  owner.identity.kind !== reference.kind ||
  owner.identity.name !== reference.name ||
  (owner.identity.namespace !== "" && owner.identity.namespace !== dependent.identity.namespace);
