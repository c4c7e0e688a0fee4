// One watch: which events it sees as what, and the bounded queue between the cache and the client.
import type { Clock, Timer } from "../../base/index.ts";
import type {
  FieldMatcher,
  KubeObject,
  LabelMatcher,
  WatchEventType,
  WatchFollower,
  WatchFrame,
  WatchSource,
} from "../../machinery/index.ts";
import type { CachedObject } from "./cached-object.ts";

/** A change as the ring keeps it. For deletes `object` is the last state, at the revision of the delete. */
export interface CacheEvent {
  readonly type: "put" | "delete";
  readonly object: CachedObject;
  readonly previous: CachedObject | undefined;
}

export interface Selection {
  /** Store key prefix: one namespace or everything. */
  readonly scope: string;
  readonly namespace: string;
  readonly labels: LabelMatcher;
  readonly fields: FieldMatcher;
  /** Part of all objects, by the hash of what they are called. */
  readonly shard?: Shard;
}

export interface Shard {
  /** As it is told with the list. */
  readonly text: string;
  matches(object: KubeObject): boolean;
}

export function selects(selection: Selection, object: CachedObject): boolean {
  return (
    object.key.startsWith(selection.scope) &&
    (selection.labels.everything || selection.labels.matches(object.labels)) &&
    (selection.fields.everything || selection.fields.matches(object.fields)) &&
    (selection.shard === undefined || selection.shard.matches(object.glimpse))
  );
}

/** Makes frames. Watchers of equal form share one framer, so a frame is made once for all of them. */
export interface Framer {
  /** `previous`, for private forms of changes: the object before. */
  frame(type: WatchEventType, object: CachedObject, previous?: CachedObject): WatchFrame;
  bookmark(revision: number, initialEventsEnd: boolean): WatchFrame;
  /** Of forms whose frames depend on the watcher (a Table's first event carries the columns): nothing is shared. */
  readonly private?: true;
}

/** The frames of one event while it is handed out. */
export class SharedFrames {
  readonly event: CacheEvent;
  readonly #made = new Map<Framer, Map<WatchEventType, WatchFrame>>();
  /** Most watchers see what the one before has seen. */
  #last: { readonly framer: Framer; readonly frame: WatchFrame } | undefined;
  #deleted: CachedObject | undefined;

  constructor(event: CacheEvent) {
    this.event = event;
  }

  of(framer: Framer, type: WatchEventType): WatchFrame {
    const last = this.#last;
    if (last !== undefined && last.framer === framer && last.frame.type === type) return last.frame;
    if (framer.private === true) return framer.frame(type, this.#objectFor(type), this.event.previous);
    let frames = this.#made.get(framer);
    if (frames === undefined) this.#made.set(framer, (frames = new Map()));
    let frame = frames.get(type);
    if (frame === undefined) frames.set(type, (frame = framer.frame(type, this.#objectFor(type))));
    this.#last = { framer, frame };
    return frame;
  }

  /** A watcher that loses sight of an object is shown its last visible state, at the revision of the change. */
  #objectFor(type: WatchEventType): CachedObject {
    const { event } = this;
    if (type !== "DELETED" || event.type === "delete" || event.previous === undefined) return event.object;
    this.#deleted ??= event.previous.atRevision(event.object.revision);
    return this.#deleted;
  }
}

/** How the event looks through the selection; undefined: not at all. */
function visibleAs(selection: Selection, event: CacheEvent): "ADDED" | "MODIFIED" | "DELETED" | undefined {
  const before = event.previous !== undefined && selects(selection, event.previous);
  if (event.type === "delete")
    return before || (event.previous === undefined && selects(selection, event.object)) ? "DELETED" : undefined;
  const now = selects(selection, event.object);
  if (now) return before ? "MODIFIED" : "ADDED";
  return before ? "DELETED" : undefined;
}

/** The value that a field must have, where the selection names one. */
export const requiredField = ({ fields }: Selection, field: string): string | undefined =>
  fields.requirements.find((each) => each.field === field && each.operator === "=")?.value;

/**
 * Watchers of one name, one node or one namespace are found by it; all others are asked about every event. Kubelets by the
 * thousand each watch their own pods: an event must not ask them all.
 */
export function watcherBucket(watcher: Watcher): string {
  const { selection } = watcher;
  const { namespace } = selection;
  const name = requiredField(selection, "metadata.name");
  if (name !== undefined && name !== "") {
    if (namespace !== "") return `name:${namespace}/${name}`;
    return watcher.namespaced ? `name:*/${name}` : `name:${name}`;
  }
  const node = requiredField(selection, "spec.nodeName");
  if (node !== undefined && watcher.indexedByNode) return `node:${node}`;
  return namespace === "" ? "" : `namespace:${namespace}`;
}

/** Frames that may wait for a slow client; one more ends the watch. */
const longestQueue = 8192;
/** The same in bytes; what is larger by itself goes into an empty queue. */
const mostQueuedBytes = 64 * 1024 * 1024;
/** What is handed out at a time to who iterates: others have their turn in between. */
const mostHanded = 512;
const mostHandedBytes = 1024 * 1024;

/** A change whose frame is for this watcher alone: made when it is handed out, until then nothing is kept but what the cache has. */
interface Unframed {
  readonly type: WatchEventType;
  readonly shared: SharedFrames;
}
const isUnframed = (item: WatchFrame | Unframed): item is Unframed => "shared" in item;

export interface WatcherOptions {
  readonly selection: Selection;
  readonly framer: Framer;
  readonly namespaced: boolean;
  readonly indexedByNode: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** The watch ends by itself after this time. */
  readonly timeoutMs: number;
  /** 0: no bookmarks. Otherwise the time between two. */
  readonly bookmarkMs: number;
  /** Objects to announce first, and the revision they are of. */
  readonly initial: readonly CachedObject[];
  readonly replay: readonly CacheEvent[];
  readonly revision: number;
  /** Mark the end of the initial objects with an annotated bookmark. */
  readonly markInitialEnd: boolean;
  readonly currentRevision: () => number;
  readonly onEnd: (watcher: Watcher) => void;
}

export class Watcher implements AsyncIterableIterator<readonly WatchFrame[]>, WatchSource {
  readonly selection: Selection;
  readonly namespaced: boolean;
  readonly indexedByNode: boolean;
  readonly #options: Omit<WatcherOptions, "initial" | "replay">;
  /** Let go once it is handed out: a watch lasts longer than what it began with. */
  #initial: readonly CachedObject[];
  #queue: (WatchFrame | Unframed)[] = [];
  /** The first that has not been handed out. */
  #first = 0;
  #queuedBytes = 0;
  #initialAt = 0;
  /** The end of the initial objects is still to be told. */
  #marks: boolean;
  #ended = false;
  #follower: WatchFollower | undefined;
  /** The follower has everything that came and takes more: nothing is queued. */
  #open = false;
  #woken = false;
  /** Who waits for the next frames. */
  #wake: ((result: IteratorResult<readonly WatchFrame[], undefined>) => void) | undefined;
  readonly #timers: Timer[] = [];
  readonly #onAbort = (): void => this.stop();

  constructor(options: WatcherOptions) {
    const { initial, replay, ...lasting } = options;
    this.#options = lasting;
    this.#initial = initial;
    this.selection = options.selection;
    this.namespaced = options.namespaced;
    this.indexedByNode = options.indexedByNode;
    this.#marks = options.markInitialEnd;
    this.#replay(replay);
    this.#timers.push(options.clock.setTimeout(() => this.end(), options.timeoutMs, { background: true }));
    if (options.bookmarkMs > 0) this.#armBookmark();
    if (options.signal?.aborted) this.stop();
    else options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  deliver(shared: SharedFrames): void {
    if (this.#ended) return;
    const type = visibleAs(this.selection, shared.event);
    if (type === undefined) return;
    if (this.#open) this.#pass(shared, type);
    else this.#push(this.#queued(shared, type));
  }

  #queued(shared: SharedFrames, type: WatchEventType): WatchFrame | Unframed {
    const { framer } = this.#options;
    return framer.private === true ? { type, shared } : shared.of(framer, type);
  }

  /** What is queued is still delivered. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const timer of this.#timers) timer.cancel();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#options.onEnd(this);
    if (this.#follower === undefined) this.#notify();
    else if (this.#open || this.#isEmpty()) this.#tellEnd();
  }

  /** The consumer is gone: nothing more is delivered. */
  stop(): void {
    this.#queue = [];
    this.#first = 0;
    this.#queuedBytes = 0;
    this.#initial = [];
    this.#initialAt = 0;
    this.#marks = false;
    this.end();
  }

  follow(follower: WatchFollower): () => void {
    this.#follower = follower;
    this.#pour();
    return () => this.#pour();
  }

  /** Hands on what there is, as long as it is taken. */
  #pour(): void {
    const follower = this.#follower;
    if (follower === undefined) return;
    try {
      this.#open = false;
      for (let frame = this.#next(); frame !== undefined; frame = this.#next()) if (!follower.take(frame)) return;
    } catch (error) {
      this.#break(error);
      return;
    }
    if (this.#ended) this.#tellEnd();
    else this.#open = true;
  }

  #pass(shared: SharedFrames, type: WatchEventType): void {
    try {
      this.#open = this.#follower?.take(shared.of(this.#options.framer, type)) === true;
    } catch (error) {
      this.#break(error);
    }
  }

  /** A frame that cannot be made or written is the end of this watch, not of the others. */
  #break(error: unknown): void {
    this.#open = false;
    this.#tellEnd(error);
    this.stop();
  }

  #tellEnd(error?: unknown): void {
    const follower = this.#follower;
    this.#follower = undefined;
    this.#open = false;
    follower?.ended(error);
  }

  /** One call at a time. */
  next(): Promise<IteratorResult<readonly WatchFrame[], undefined>> {
    const frames = this.#take();
    if (frames !== undefined) return Promise.resolve({ done: false, value: frames });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async return(): Promise<IteratorResult<readonly WatchFrame[], undefined>> {
    this.stop();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #isEmpty(): boolean {
    return this.#initialAt >= this.#initial.length && !this.#marks && this.#queue.length === 0;
  }

  /** Takes the next frame out. */
  #next(): WatchFrame | undefined {
    const { framer, revision } = this.#options;
    const object = this.#initial[this.#initialAt];
    if (object !== undefined) {
      if (++this.#initialAt === this.#initial.length) {
        this.#initial = [];
        this.#initialAt = 0;
      }
      return framer.frame("ADDED", object);
    }
    if (this.#marks) {
      this.#marks = false;
      return framer.bookmark(revision, true);
    }
    const item = this.#queue[this.#first];
    if (item === undefined) return undefined;
    this.#queuedBytes -= queuedSize(item);
    if (++this.#first === this.#queue.length || this.#first === mostHanded) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
    return isUnframed(item) ? item.shared.of(framer, item.type) : item;
  }

  #take(): readonly WatchFrame[] | undefined {
    const frames: WatchFrame[] = [];
    for (let bytes = 0; frames.length < mostHanded && bytes < mostHandedBytes; ) {
      const frame = this.#next();
      if (frame === undefined) break;
      bytes += frame.bytes?.length ?? 0;
      frames.push(frame);
    }
    return frames.length === 0 ? undefined : frames;
  }

  #replay(events: readonly CacheEvent[]): void {
    for (const event of events) {
      const type = visibleAs(this.selection, event);
      if (type === undefined) continue;
      const item = this.#queued(new SharedFrames(event), type);
      this.#queue.push(item);
      this.#queuedBytes += queuedSize(item);
    }
  }

  #push(item: WatchFrame | Unframed): void {
    const bytes = queuedSize(item);
    const queued = this.#queue.length - this.#first;
    if ((queued > 0 && this.#queuedBytes + bytes > mostQueuedBytes) || queued >= longestQueue) {
      this.end();
      return;
    }
    this.#queue.push(item);
    this.#queuedBytes += bytes;
    this.#notify();
  }

  #armBookmark(): void {
    const { clock, bookmarkMs, framer, currentRevision } = this.#options;
    this.#timers[1] = clock.setTimeout(
      () => {
        this.#push(framer.bookmark(currentRevision(), false));
        if (this.#open) this.#pour();
        if (!this.#ended) this.#armBookmark();
      },
      bookmarkMs,
      { background: true },
    );
  }

  #notify(): void {
    if (this.#wake === undefined || this.#woken) return;
    this.#woken = true;
    if (woken.push(this) === 1) void Promise.resolve().then(flushWoken);
  }

  /** Hands what has come by now to who waits for it. */
  flush(): void {
    this.#woken = false;
    const wake = this.#wake;
    if (wake === undefined) return;
    const frames = this.#take();
    if (frames === undefined && !this.#ended) return;
    this.#wake = undefined;
    wake(frames === undefined ? { done: true, value: undefined } : { done: false, value: frames });
  }
}

const queuedSize = (item: WatchFrame | Unframed): number =>
  (isUnframed(item) ? item.shared.event.object.bytes : item.bytes)?.length ?? 0;

/** Watchers with news: all that one batch of changes brings goes out together, whoever watches it. */
let woken: Watcher[] = [];

function flushWoken(): void {
  const all = woken;
  woken = [];
  for (const watcher of all) watcher.flush();
}
