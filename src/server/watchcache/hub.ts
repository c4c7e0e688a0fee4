// The watch cache of the whole store: one watch on the store feeds a cache for each kind.
//
// Contract: `revision` is how far the caches have come; after `reached(r)` every cache holds at least the state of r. Events
// reach caches in revision order. When the store has dropped history that was not read yet, everything is loaded anew and
// all watchers end.
import { type KindDefinition, storagePrefix } from "../../api/index.ts";
import type { Clock, Logger, Timer } from "../../base/index.ts";
import { withResourceVersion } from "../../machinery/index.ts";
import {
  CompactedError,
  type Store,
  StoreClosedError,
  type StoreEntry,
  type StoreEventBatch,
} from "../../store/index.ts";
import { CachedObject } from "./cached-object.ts";
import { KindCache } from "./kind-cache.ts";

const pageSize = 2000;

export interface CacheHub {
  readonly revision: number;
  /** The cache of a kind; kinds that share stored objects share it. */
  cacheOf(kind: KindDefinition): KindCache;
  /** What was just written, so that the cache need not decode it again when the event comes. */
  offer(object: CachedObject): void;
  /** Adds a kind that was not there at the start. */
  add(kind: KindDefinition): Promise<KindCache>;
  /** A kind under another definition: the same objects, and whoever watches them ends. Added when it is not there. */
  put(kind: KindDefinition): Promise<void>;
  remove(kind: KindDefinition): void;
  /** Loads everything and begins to follow. */
  start(): Promise<void>;
  /** Resolves true when the caches have come to `revision`; false when `timeoutMs` has passed before. */
  reached(revision: number, timeoutMs?: number): Promise<boolean>;
  close(): Promise<void>;
}

interface Waiter {
  readonly revision: number;
  readonly resolve: (reached: boolean) => void;
  timer: Timer | undefined;
}

export function createCacheHub(options: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly kinds: readonly KindDefinition[];
}): CacheHub {
  const { store, clock, log } = options;
  const caches = new Map<string, KindCache>();
  /** The same by what is asked for: admission looks up several kinds for each write. */
  const byKind = new Map<KindDefinition, KindCache>();
  const waiters = new Set<Waiter>();
  /** By key: written, and the event is still on its way. */
  const offered = new Map<string, CachedObject>();
  const stop = new AbortController();
  let revision = 0;
  let following: Promise<void> = Promise.resolve();
  for (const kind of options.kinds) register(kind);

  function register(kind: KindDefinition): KindCache {
    const prefix = storagePrefix(kind);
    let cache = caches.get(prefix);
    if (cache === undefined) caches.set(prefix, (cache = new KindCache(kind, () => clock.monotonic())));
    return cache;
  }

  function found(kind: KindDefinition): KindCache {
    const cache = caches.get(storagePrefix(kind));
    if (cache === undefined) throw new Error(`${kind.resource}.${kind.group} is not a stored kind of this server`);
    byKind.set(kind, cache);
    return cache;
  }

  /** `/registry/pods/…` or `/registry/services/specs/…`. */
  function cacheFor(key: string): KindCache | undefined {
    const second = key.indexOf("/", 10);
    if (second < 0) return undefined;
    const cache = caches.get(key.slice(0, second + 1));
    if (cache !== undefined) return cache;
    const third = key.indexOf("/", second + 1);
    return third < 0 ? undefined : caches.get(key.slice(0, third + 1));
  }

  const cached = (cache: KindCache, entry: StoreEntry): CachedObject =>
    new CachedObject(cache.kind, {
      key: entry.key,
      revision: entry.modRevision,
      // At once: an engine's values may be parts of larger memory, which would be kept with each.
      bytes: withResourceVersion(entry.value, entry.modRevision),
    });

  function written({ key, modRevision }: StoreEntry): CachedObject | undefined {
    const object = offered.get(key);
    if (object === undefined || object.revision > modRevision) return undefined;
    offered.delete(key);
    return object.revision === modRevision ? object : undefined;
  }

  async function load(prefix: string): Promise<number> {
    let page = await store.range(prefix, { limit: pageSize });
    const at = page.revision;
    for (;;) {
      for (const entry of page.entries) {
        const cache = cacheFor(entry.key);
        cache?.load(cached(cache, entry));
      }
      const last = page.entries.at(-1);
      if (page.remaining === 0 || last === undefined) return at;
      page = await store.range(prefix, { limit: pageSize, after: last.key, revision: at });
    }
  }

  async function loadAll(): Promise<void> {
    offered.clear();
    const at = await load("/registry/");
    for (const cache of caches.values()) cache.loaded(at);
    advance(at);
  }

  function advance(to: number): void {
    if (to > revision) revision = to;
    for (const waiter of waiters) {
      if (waiter.revision > revision) continue;
      waiters.delete(waiter);
      waiter.timer?.cancel();
      waiter.resolve(true);
    }
  }

  function applyBatch(batch: StoreEventBatch): void {
    for (const event of batch.events) {
      const cache = cacheFor(event.key);
      if (cache !== undefined)
        cache.apply({ type: event.type, object: written(event.entry) ?? cached(cache, event.entry) });
    }
    advance(batch.revision);
  }

  async function follow(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        for await (const batch of store.watch("/", revision, stop.signal)) applyBatch(batch);
        return;
      } catch (error) {
        if (stop.signal.aborted || error instanceof StoreClosedError) return;
        if (!(error instanceof CompactedError)) throw error;
        log.warn("the store has dropped history that was not read yet; loading everything again", { revision });
        for (const cache of caches.values()) {
          cache.endWatchers();
          cache.clear();
        }
        await loadAll();
      }
    }
  }

  return {
    get revision() {
      return revision;
    },
    cacheOf: (kind) => byKind.get(kind) ?? found(kind),
    offer(object) {
      if (revision < object.revision) offered.set(object.key, object);
    },
    async add(kind) {
      const known = caches.get(storagePrefix(kind));
      if (known !== undefined) return known;
      const cache = register(kind);
      cache.hold();
      const at = await load(cache.prefix);
      cache.loaded(at);
      return cache;
    },
    async put(kind) {
      const known = caches.get(storagePrefix(kind));
      if (known === undefined) {
        await this.add(kind);
        return;
      }
      const next = known.as(kind);
      caches.set(next.prefix, next);
      byKind.clear();
      known.endWatchers();
    },
    remove(kind) {
      const cache = caches.get(storagePrefix(kind));
      cache?.endWatchers();
      caches.delete(storagePrefix(kind));
      byKind.clear();
    },
    async start() {
      await loadAll();
      following = follow().catch((error: unknown) => log.error("following the store failed", { error }));
    },
    reached(wanted, timeoutMs) {
      if (revision >= wanted) return Promise.resolve(true);
      return new Promise((resolve) => {
        const waiter: Waiter = { revision: wanted, resolve, timer: undefined };
        waiters.add(waiter);
        if (timeoutMs !== undefined)
          waiter.timer = clock.setTimeout(() => waiters.delete(waiter) && resolve(false), timeoutMs, {
            background: true,
          });
      });
    },
    async close() {
      for (const waiter of waiters) {
        waiter.timer?.cancel();
        waiter.resolve(false);
      }
      waiters.clear();
      for (const cache of caches.values()) cache.endWatchers();
      stop.abort(new StoreClosedError());
      await following;
    },
  };
}
