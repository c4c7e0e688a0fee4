// The watchers of one engine. An engine announces each commit once; a watcher first replays history up to some revision,
// then takes what was announced behind it. Announcing never waits: a watcher is a list that its consumer swaps out.

import { onAbort } from "../base/index.ts";
import type { StoreEvent, StoreEventBatch } from "./contract.ts";

/** A part of history, oldest first, and how far it reaches. */
export interface ReplayPage extends StoreEventBatch {
  /** Everything announced from now on is newer than `revision`, or repeats what replay has shown. */
  readonly last: boolean;
}

export interface WatchOptions {
  readonly prefix: string;
  readonly fromRevision: number;
  readonly signal: AbortSignal;
  /** Commits behind `revision` that touch the prefix. Throws CompactedError when they are gone. */
  replay(revision: number): Promise<ReplayPage> | ReplayPage;
}

interface Watcher {
  events: StoreEvent[];
  wake: (() => void) | undefined;
  ended: boolean;
}

export class WatchHub {
  readonly #byPrefix = new Map<string, Set<Watcher>>();
  /** Prefixes that do not end at a slash, so that a key's folders do not find them. */
  readonly #oddPrefixes = new Set<string>();
  #closed = false;
  #error: Error | undefined;

  /** True when somebody watches the key: its events are worth making. */
  wants(key: string): boolean {
    if (this.#byPrefix.size === 0) return false;
    for (const prefix of this.#oddPrefixes) if (key.startsWith(prefix)) return true;
    for (let slash = key.indexOf("/"); slash >= 0; slash = key.indexOf("/", slash + 1))
      if (this.#byPrefix.has(key.slice(0, slash + 1))) return true;
    return false;
  }

  /** Queues events, in revision order, to everybody who watches their keys. */
  announce(events: readonly StoreEvent[]): void {
    if (this.#byPrefix.size === 0) return;
    const odd = this.#oddPrefixes.size > 0 ? [...this.#oddPrefixes] : undefined;
    for (let index = 0; index < events.length; index++) {
      const event = events[index]!;
      if (odd !== undefined) for (const prefix of odd) if (event.key.startsWith(prefix)) this.#push(prefix, event);
      for (let slash = event.key.indexOf("/"); slash >= 0; slash = event.key.indexOf("/", slash + 1))
        this.#push(event.key.slice(0, slash + 1), event);
    }
  }

  /** Ends when the signal aborts or the hub closes; throws what `replay` throws. */
  async *watch(options: WatchOptions): AsyncGenerator<StoreEventBatch, void, void> {
    const { prefix, fromRevision, signal } = options;
    const watcher = this.#add(prefix);
    const detach = onAbort(signal, () => end(watcher));
    try {
      let revision = fromRevision;
      for (let last = false; !last; ) {
        if (signal.aborted) return;
        const page = await options.replay(revision);
        if (signal.aborted) return;
        if (page.events.length > 0) yield { revision: page.revision, events: page.events };
        revision = Math.max(revision, page.revision);
        last = page.last;
      }
      for (;;) {
        while (watcher.events.length === 0) {
          if (this.#error !== undefined) throw this.#error;
          if (watcher.ended) return;
          await new Promise<void>((resolve) => {
            watcher.wake = resolve;
          });
        }
        if (signal.aborted) return;
        const batch = take(watcher, revision);
        if (batch === undefined) continue;
        revision = batch.revision;
        yield batch;
      }
    } finally {
      detach();
      this.#remove(prefix, watcher);
    }
  }

  /** Watchers see what was announced before, then end, or throw the error when there is one. */
  close(error?: Error): void {
    this.#closed = true;
    this.#error = error;
    for (const watchers of this.#byPrefix.values()) watchers.forEach(end);
  }

  #push(prefix: string, event: StoreEvent): void {
    const watchers = this.#byPrefix.get(prefix);
    if (watchers === undefined) return;
    for (const watcher of watchers) {
      if (watcher.ended) continue;
      watcher.events.push(event);
      wake(watcher);
    }
  }

  #add(prefix: string): Watcher {
    const watcher: Watcher = { events: [], wake: undefined, ended: this.#closed };
    const watchers = this.#byPrefix.get(prefix);
    if (watchers === undefined) this.#byPrefix.set(prefix, new Set([watcher]));
    else watchers.add(watcher);
    if (!prefix.endsWith("/")) this.#oddPrefixes.add(prefix);
    return watcher;
  }

  #remove(prefix: string, watcher: Watcher): void {
    const watchers = this.#byPrefix.get(prefix);
    watchers?.delete(watcher);
    if (watchers === undefined || watchers.size > 0) return;
    this.#byPrefix.delete(prefix);
    this.#oddPrefixes.delete(prefix);
  }
}

function end(watcher: Watcher): void {
  watcher.ended = true;
  wake(watcher);
}

function wake(watcher: Watcher): void {
  const resolve = watcher.wake;
  watcher.wake = undefined;
  resolve?.();
}

/** Everything queued behind `revision` as one batch. */
function take(watcher: Watcher, revision: number): StoreEventBatch | undefined {
  let events = watcher.events;
  watcher.events = [];
  if (events[0]!.entry.modRevision <= revision) events = events.filter((event) => event.entry.modRevision > revision);
  const newest = events.at(-1);
  return newest && { revision: newest.entry.modRevision, events };
}
