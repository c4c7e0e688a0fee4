// Follows one resource of a server into a sink. Upstream: client-go tools/cache/reflector.go, KEP-3157 (watch-list).
//
// The first state comes as a stream of initial events ending in a bookmark; a server that refuses such streams is listed in
// pages and watched from there. A broken watch resumes at the last version seen; one too old (410) starts over.
import { type Clock, isAbort, type Logger, type Rng, sleep } from "../base/index.ts";
import { isExpired, type KubeObject, objectKey, StatusError } from "../machinery/index.ts";
import { createBackoff } from "./backoff.ts";
import type { ListOptions, ResourceClient, WatchOptions } from "./contract.ts";

export interface ReflectorSink<T> {
  replace(objects: ReadonlyMap<string, T>): void;
  upsert(object: T): void;
  remove(object: T): void;
  /** The sink now holds everything up to this version. */
  reached(resourceVersion: string): void;
}

export interface ReflectorOptions<T extends KubeObject> {
  readonly resource: ResourceClient<T>;
  readonly selection: Pick<ListOptions, "namespace" | "labelSelector" | "fieldSelector">;
  readonly sink: ReflectorSink<T>;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const pageSize = 500;

/** Where the reflector stands; the whole of its memory. */
interface Position {
  /** Version to resume from; undefined: everything must be read again. */
  resourceVersion: string | undefined;
  /** The server refused a stream of initial events. */
  listFirst: boolean;
}

/** Runs until the signal aborts. */
export async function runReflector<T extends KubeObject>(options: ReflectorOptions<T>): Promise<void> {
  const { clock, rng, signal, log } = options;
  const position: Position = { resourceVersion: undefined, listFirst: false };
  const delay = createBackoff({ clock, rng, firstMs: 800, mostMs: 30_000, jitter: 1, resetAfterMs: 120_000 });
  while (!signal.aborted) {
    const startedMs = clock.monotonic();
    try {
      await follow(options, position);
      if (signal.aborted) return;
      // A watch that ends of itself is resumed at once; one that ends as soon as it starts must not become a busy loop.
      if (clock.monotonic() - startedMs < 1000) await sleep(clock, delay(), signal);
    } catch (error) {
      if (isAbort(error, signal) || signal.aborted) return;
      if (isExpired(error)) position.resourceVersion = undefined;
      else if (refusesInitialEvents(error, position)) {
        position.listFirst = true;
        continue;
      }
      log.debug("watch failed, will retry", { resource: options.resource.kind.resource, error });
      try {
        await sleep(clock, delay(), signal);
      } catch (aborted) {
        if (signal.aborted) return;
        throw aborted;
      }
    }
  }
}

/** Old servers refuse the parameters, servers over an old etcd fail the stream; what is only busy or closed is tried again. */
const refusesInitialEvents = (error: unknown, position: Position): boolean =>
  position.resourceVersion === undefined &&
  !position.listFirst &&
  error instanceof StatusError &&
  ![401, 403, 404, 410, 429, 503, 504].includes(error.code);

async function follow<T extends KubeObject>(options: ReflectorOptions<T>, position: Position): Promise<void> {
  if (position.resourceVersion === undefined && position.listFirst) {
    const { objects, resourceVersion } = await listAll(options);
    options.sink.reached(resourceVersion);
    options.sink.replace(objects);
    position.resourceVersion = resourceVersion;
  }
  // While initial events come in they are gathered aside: the sink sees a whole state or none.
  let gathered = position.resourceVersion === undefined ? new Map<string, T>() : undefined;
  const start: Partial<WatchOptions> =
    gathered === undefined
      ? { resourceVersion: position.resourceVersion ?? "" }
      : { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };
  const events = options.resource.watch({
    ...options.selection,
    ...start,
    allowBookmarks: true,
    timeoutSeconds: Math.floor(300 * (1 + options.rng.next())),
    signal: options.signal,
  });
  for await (const event of events) {
    if (event.type === "BOOKMARK") {
      if (gathered !== undefined && !event.initialEventsEnd) continue;
      options.sink.reached(event.resourceVersion);
      if (gathered !== undefined) options.sink.replace(gathered);
      gathered = undefined;
      position.resourceVersion = event.resourceVersion;
    } else if (gathered !== undefined) {
      if (event.type === "DELETED") gathered.delete(objectKey(event.object));
      else gathered.set(objectKey(event.object), event.object);
    } else {
      const { resourceVersion } = event.object.metadata;
      if (resourceVersion !== undefined) options.sink.reached(resourceVersion);
      if (event.type === "DELETED") options.sink.remove(event.object);
      else options.sink.upsert(event.object);
      position.resourceVersion = resourceVersion ?? position.resourceVersion;
    }
  }
}

interface Listed<T> {
  readonly objects: ReadonlyMap<string, T>;
  readonly resourceVersion: string;
}

async function listAll<T extends KubeObject>(options: ReflectorOptions<T>): Promise<Listed<T>> {
  try {
    return await listPages(options, pageSize);
  } catch (error) {
    // The continue token grew too old between two pages: take all in one.
    if (isExpired(error)) return await listPages(options, undefined);
    throw error;
  }
}

async function listPages<T extends KubeObject>(
  options: ReflectorOptions<T>,
  limit: number | undefined,
): Promise<Listed<T>> {
  const objects = new Map<string, T>();
  let next: string | undefined;
  for (;;) {
    const page = await options.resource.list({
      ...options.selection,
      ...(limit !== undefined ? { limit } : {}),
      ...(next !== undefined ? { continue: next } : {}),
    });
    for (const item of page.items) objects.set(objectKey(item), item);
    next = page.metadata.continue;
    if (!next) return { objects, resourceVersion: page.metadata.resourceVersion ?? "" };
  }
}
