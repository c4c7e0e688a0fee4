// Reflector, informer, lister. Upstream: client-go tools/cache.
//
// Contract: after `synced`, the cache equals the server's state at some revision and follows it. Handlers of one informer see
// every change of a key in order, one at a time, synchronously; a change may be skipped only when a later one of the
// same key takes its place (a relist). Objects are shared and frozen: nobody changes them. They come without managed fields, as
// upstream's controllers and scheduler strip them; a server that is sent an object without them keeps those that it has.
import type { KindDefinition } from "../api/index.ts";
import { type Clock, type Logger, onAbort, type Rng, share } from "../base/index.ts";
import type { KubeObject } from "../machinery/index.ts";
import { createCache, type Handler, type Lister } from "./cache.ts";
import type { Client } from "./contract.ts";
import { runReflector } from "./reflector.ts";

export type { Handler, Lister };

export interface Informer<T extends KubeObject> extends Lister<T> {
  readonly kind: KindDefinition<T>;
  /** Call before or after start; objects already there are announced with initial = true. Returns how to remove it. */
  addHandler(handler: Handler<T>): () => void;
  /** Idempotent for an equal name; must be added before the factory starts. */
  addIndex(name: string, values: (object: T) => readonly string[]): void;
  readonly synced: boolean;
  /** The cache holds everything up to this version; empty before the first list. Fakes may leave it out. */
  readonly resourceVersion?: string;
  /** Resolves when the first list is in the cache; rejects when the signal aborts first. */
  whenSynced(signal?: AbortSignal): Promise<void>;
}

export interface InformerSelection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface InformerFactory {
  /** One informer for each kind and selection, however often it is asked for. */
  informer<T extends KubeObject>(kind: KindDefinition<T>, selection?: InformerSelection): Informer<T>;
  /** Starts every informer asked for so far; those asked for later start at once. Ends with the factory's signal. */
  start(): void;
  whenSynced(): Promise<void>;
}

export interface InformerFactoryOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Informers over one client, one for each kind and selection. Every watch ends with `options.signal`. */
export function createInformerFactory(options: InformerFactoryOptions): InformerFactory {
  const informers = new Map<string, Startable>();
  let started = false;
  return {
    informer<T extends KubeObject>(kind: KindDefinition<T>, selection: InformerSelection = {}): Informer<T> {
      const key = [
        kind.group,
        kind.version,
        kind.resource,
        selection.namespace ?? "",
        selection.labelSelector ?? "",
        selection.fieldSelector ?? "",
      ].join("|");
      let found = informers.get(key);
      if (found === undefined) {
        found = createInformer(kind, selection, options);
        informers.set(key, found);
        if (started) found.start();
      }
      return found.informer as Informer<T>;
    },
    start() {
      started = true;
      for (const each of informers.values()) each.start();
    },
    async whenSynced() {
      await Promise.all([...informers.values()].map((each) => each.informer.whenSynced(options.signal)));
    },
  };
}

interface Startable {
  /** Kept without its type: the key names the kind. */
  readonly informer: Pick<Informer<KubeObject>, "whenSynced">;
  start(): void;
}

function createInformer<T extends KubeObject>(
  kind: KindDefinition<T>,
  selection: InformerSelection,
  options: InformerFactoryOptions,
): Startable {
  const { clock, rng, signal } = options;
  const log = options.log.child(`informer/${kind.resource}`);
  const cache = createCache<T>((error) => log.error("an informer's handler failed", { error }));
  const firstList = Promise.withResolvers<void>();
  let synced = false;
  let started = false;
  let version = "";
  const informer: Informer<T> = {
    kind,
    get: cache.get,
    byKey: cache.byKey,
    list: cache.list,
    byIndex: cache.byIndex,
    valuesOf: cache.valuesOf,
    addHandler: cache.addHandler,
    addIndex: cache.addIndex,
    get synced() {
      return synced;
    },
    get resourceVersion() {
      return version;
    },
    whenSynced: (until = signal) => orAbort(firstList.promise, until),
  };
  const replace = (objects: ReadonlyMap<string, T>): void => {
    cache.replace(new Map(Array.from(objects, ([key, object]) => [key, withoutManagedFields(object)])));
    synced = true;
    firstList.resolve();
  };
  return {
    informer: informer as Pick<Informer<KubeObject>, "whenSynced">,
    start() {
      if (started) return;
      started = true;
      const reached = (resourceVersion: string): void => {
        version = resourceVersion;
      };
      const sink = {
        replace,
        upsert: (object: T) => cache.upsert(withoutManagedFields(object)),
        remove: (object: T) => cache.remove(withoutManagedFields(object)),
        reached,
      };
      runReflector({ resource: options.client.of(kind), selection, sink, clock, rng, log, signal }).catch((error) =>
        log.error("an informer ended for good", { error }),
      );
    },
  };
}

/** What informers hold of an object that is handed to several of them: one for all. */
const held = new WeakMap<KubeObject, KubeObject>();

/**
 * The managed fields of a pod are half of the memory that it takes when decoded, in small objects that the garbage collector goes through;
 * most of the rest it has in common with others of its template.
 */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata.managedFields === undefined) return object;
  const known = held.get(object);
  if (known !== undefined) return known as T;
  const { managedFields: _, ...metadata } = object.metadata;
  const slim: T = share({ ...object, metadata });
  held.set(object, slim);
  return slim;
}

/** Waits for `promise`, or rejects with the signal's reason when that aborts first. */
function orAbort(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: waiting, resolve, reject } = Promise.withResolvers<void>();
  const detach = onAbort(signal, () => reject(signal.reason));
  promise.then(() => {
    detach();
    resolve();
  }, reject);
  return waiting;
}
