// All objects of one stored kind, the recent changes, and the watchers that follow them.
//
// Contract: changes arrive in revision order and each is applied and handed to every matching watcher in one go, so an
// observer or watcher never sees a state between. A watcher that does not keep up is ended; nobody waits for it.
import { type KindDefinition, storagePrefix } from "../../api/index.ts";
import type { KubeObject } from "../../machinery/index.ts";
import { CachedObject } from "./cached-object.ts";
import { EventRing } from "./event-ring.ts";
import { type NodeIndex, nodeIndexOf } from "./node-index.ts";
import type { ObjectObserver } from "./observer.ts";
import { OrderedObjects } from "./ordered.ts";
import {
  type CacheEvent,
  requiredField,
  type Selection,
  SharedFrames,
  type Watcher,
  watcherBucket,
} from "./watcher.ts";

export interface ObjectPage {
  readonly items: readonly CachedObject[];
  /** How many are behind the last one. */
  readonly left: number;
}

const nothing: ReadonlyMap<string, CachedObject> = new Map();
/** Pages that are remembered until the next change. */
const mostPages = 64;

export class KindCache {
  readonly kind: KindDefinition;
  readonly prefix: string;
  readonly #objects = new Map<string, CachedObject>();
  readonly #ordered = new OrderedObjects();
  readonly #pages = new Map<string, ObjectPage>();
  /** Made when somebody first asks for the objects of one node. */
  #byNode: NodeIndex | undefined;
  readonly #ring: EventRing;
  readonly #now: () => number;
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #observers = new Set<ObjectObserver<KubeObject>>();
  /** What observers know of while everything is loaded anew. */
  #cleared: ReadonlyMap<string, CachedObject> = nothing;
  #received = 0;
  #lastChange = 0;
  /** Changes up to this revision are in what was loaded. */
  #loadedAt = 0;
  /** Changes that came while a kind added later was being loaded. */
  #held: { readonly type: "put" | "delete"; readonly object: CachedObject }[] | undefined;

  constructor(kind: KindDefinition, now: () => number) {
    this.#now = now;
    this.kind = kind;
    this.prefix = storagePrefix(kind);
    this.#ring = new EventRing(now);
  }

  get size(): number {
    return this.#objects.size;
  }
  /** Revision of the newest change that the cache knows of: an older state than this can not be answered from here. */
  get lastChange(): number {
    return this.#lastChange;
  }
  /** Watches may resume from this revision and later ones. */
  get resumableFrom(): number {
    return this.#ring.resumableFrom;
  }
  get watcherCount(): number {
    let count = 0;
    for (const bucket of this.#watchers.values()) count += bucket.size;
    return count;
  }

  /** How many changes have come from the store. */
  get received(): number {
    return this.#received;
  }

  get(key: string): CachedObject | undefined {
    return this.#objects.get(key);
  }

  /** In key order. */
  scan(prefix: string, from: string): Generator<CachedObject, void, void> {
    return this.#ordered.from(from, prefix);
  }

  /**
   * All that the selection may take, in key order. One name or one node are looked up: kubelets by the thousand each ask for
   * theirs, and going over everything for each would be their number squared.
   */
  candidates(selection: Selection): Iterable<CachedObject> {
    const { scope, namespace } = selection;
    const name = requiredField(selection, "metadata.name");
    if (name !== undefined && (namespace !== "" || !this.kind.namespaced)) {
      const found = this.#objects.get(scope + name);
      return found === undefined ? [] : [found];
    }
    const node = requiredField(selection, "spec.nodeName");
    if (node === undefined || this.kind.selectableFields?.["spec.nodeName"] === undefined) return this.scan(scope, "");
    this.#byNode ??= nodeIndexOf(this.#objects.values());
    return this.#byNode.keys(node).map((key) => this.#objects.get(key)!);
  }

  /** The objects that begin at `from`, `limit` at most (0: all). As long as nothing changes, the same list each time. */
  page(prefix: string, from: string, limit: number): ObjectPage {
    const name = `${limit} ${prefix}\u0000${from}`;
    const known = this.#pages.get(name);
    if (known !== undefined) return known;
    const items: CachedObject[] = [];
    for (const object of this.#ordered.from(from, prefix)) {
      if (limit > 0 && items.length === limit) break;
      items.push(object);
    }
    const last = items.at(-1);
    const left = limit === 0 || last === undefined ? 0 : this.#ordered.countAfter(last.key, prefix);
    const page = { items, left };
    if (this.#pages.size >= mostPages) this.#pages.clear();
    this.#pages.set(name, page);
    return page;
  }

  countAfter(prefix: string, after: string): number {
    return this.#ordered.countAfter(after, prefix);
  }

  observe(observer: ObjectObserver<KubeObject>): () => void {
    for (const cached of this.#objects.values()) observer.upsert(cached.object, undefined);
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  addWatcher(watcher: Watcher): void {
    const name = watcherBucket(watcher);
    const bucket = this.#watchers.get(name);
    if (bucket === undefined) this.#watchers.set(name, new Set([watcher]));
    else bucket.add(watcher);
  }

  removeWatcher(watcher: Watcher): void {
    const name = watcherBucket(watcher);
    const bucket = this.#watchers.get(name);
    bucket?.delete(watcher);
    if (bucket?.size === 0) this.#watchers.delete(name);
  }

  /** Every change after `revision`, oldest first. The caller has compared with `resumableFrom`. */
  eventsSince(revision: number): readonly CacheEvent[] {
    return this.#ring.since(revision);
  }

  /** Changes are held back until `loaded`. */
  hold(): void {
    this.#held = [];
  }

  /** A cache of the same objects under another definition. Observers go with it, watchers do not. */
  as(kind: KindDefinition): KindCache {
    const next = new KindCache(kind, this.#now);
    for (const { key, revision, bytes } of this.#objects.values())
      next.load(new CachedObject(kind, { key, revision, bytes }));
    next.#ring.reset(Math.max(this.#lastChange, this.#loadedAt));
    next.#lastChange = this.#lastChange;
    next.#loadedAt = this.#loadedAt;
    for (const observer of this.#observers) next.#observers.add(observer);
    return next;
  }

  /** First fill, before anybody watches. */
  load(object: CachedObject): void {
    this.#pages.clear();
    this.#byNode = undefined;
    this.#objects.set(object.key, object);
    this.#ordered.set(object);
    if (object.revision > this.#lastChange) this.#lastChange = object.revision;
  }

  /** The state loaded so far is that of `revision`. */
  loaded(revision: number): void {
    this.#ring.reset(revision);
    this.#lastChange = Math.max(this.#lastChange, revision);
    this.#loadedAt = revision;
    this.#announceLoaded();
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const change of held) this.apply(change);
  }

  /** Who subscribed before is told what the load brought, as if each change had been seen. */
  #announceLoaded(): void {
    const before = this.#cleared;
    this.#cleared = nothing;
    for (const observer of this.#observers) {
      for (const [key, gone] of before) if (!this.#objects.has(key)) observer.remove(gone.object);
      for (const [key, now] of this.#objects) {
        const known = before.get(key);
        if (known?.revision !== now.revision) observer.upsert(now.object, known?.object);
      }
    }
  }

  apply(change: { readonly type: "put" | "delete"; readonly object: CachedObject }): void {
    const { type, object } = change;
    if (this.#held !== undefined) {
      this.#held.push(change);
      return;
    }
    if (object.revision <= this.#loadedAt) return;
    this.#received++;
    const previous = this.#objects.get(object.key);
    if (this.#pages.size > 0) this.#pages.clear();
    if (type === "put") {
      this.#objects.set(object.key, object);
      this.#ordered.set(object);
      this.#byNode?.set(object, previous);
    } else {
      if (previous !== undefined) this.#byNode?.delete(previous);
      this.#objects.delete(object.key);
      this.#ordered.delete(object.key);
    }
    this.#lastChange = object.revision;
    const event: CacheEvent = { type, object, previous };
    this.#ring.push(event);
    for (const observer of this.#observers) {
      if (type === "put") observer.upsert(object.glimpse, previous?.object);
      else observer.remove(object.object);
    }
    if (this.#watchers.size > 0) this.#dispatch(event);
    object.settle();
  }

  /** What watchers hold is no longer what follows: they end, and their clients resume or list again. */
  endWatchers(): void {
    for (const bucket of [...this.#watchers.values()]) for (const watcher of [...bucket]) watcher.end();
  }

  clear(): void {
    this.#cleared = new Map(this.#objects);
    this.#pages.clear();
    this.#byNode = undefined;
    this.#objects.clear();
    this.#ordered.clear();
  }

  #dispatch(event: CacheEvent): void {
    const shared = new SharedFrames(event);
    for (const name of bucketsOf(this.kind, this.prefix, event)) {
      const bucket = this.#watchers.get(name);
      if (bucket !== undefined) for (const watcher of bucket) watcher.deliver(shared);
    }
  }
}

/** Buckets whose watchers may care for the event; see watcherBucket. */
function bucketsOf(kind: KindDefinition, prefix: string, event: CacheEvent): string[] {
  const rest = event.object.key.slice(prefix.length);
  const slash = rest.indexOf("/");
  const buckets = ["", `name:${rest}`];
  if (slash >= 0) buckets.push(`namespace:${rest.slice(0, slash)}`, `name:*/${rest.slice(slash + 1)}`);
  if (kind.selectableFields?.["spec.nodeName"] !== undefined) {
    const node = event.object.fields["spec.nodeName"] ?? "";
    const before = event.previous?.fields["spec.nodeName"] ?? node;
    buckets.push(`node:${node}`);
    if (before !== node) buckets.push(`node:${before}`);
  }
  return buckets;
}
