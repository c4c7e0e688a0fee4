// Reflector, informer, lister. Upstream: client-go tools/cache.
//
// Contract: after `synced`, the cache equals the server's state at some revision and follows it. Handlers of one informer see
// every change of a key in order, one at a time, synchronously; a change may be skipped only when a later one of the
// same key takes its place (a relist). Objects are shared and frozen: nobody changes them.
import type { KindDefinition } from "../api/index.ts";
import type { Clock, Logger, Rng } from "../base/index.ts";
import type { KubeObject } from "../machinery/index.ts";
import type { Client } from "./client.ts";

export interface Handler<T> {
  add?(object: T, initial: boolean): void;
  update?(before: T, after: T): void;
  /** The last known state. */
  delete?(object: T): void;
}

export interface Lister<T> {
  get(namespace: string, name: string): T | undefined;
  byKey(key: string): T | undefined;
  /** All, or one namespace's. O(result). */
  list(namespace?: string): readonly T[];
  /** Objects under one value of an index that was added with `addIndex`. */
  byIndex(index: string, value: string): readonly T[];
}

export interface Informer<T extends KubeObject> extends Lister<T> {
  readonly kind: KindDefinition<T>;
  /** Call before or after start; objects already there are announced with initial = true. Returns how to remove it. */
  addHandler(handler: Handler<T>): () => void;
  /** Idempotent for an equal name; must be added before the factory starts. */
  addIndex(name: string, values: (object: T) => readonly string[]): void;
  readonly synced: boolean;
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

export function createInformerFactory(_options: InformerFactoryOptions): InformerFactory {
  throw new Error("being written");
}
