// A tiny API server of one resource for this room's tests: real revisions, watch history, pages, initial events, 410s.
// It answers through the Transport contract, as objects or as bytes cut at random places.
import type { Rng } from "../base/index.ts";
import {
  type ApiRequest,
  type ApiResponse,
  deepFreeze,
  type KubeObject,
  type Transport,
  type WatchFrame,
} from "../machinery/index.ts";

export interface TinyServerOptions {
  readonly rng: Rng;
  /** Bytes with cuts instead of objects. */
  readonly bytes?: boolean;
  /** Refuses streams of initial events, as old servers do. */
  readonly noInitialEvents?: boolean;
}

export interface TinyServer {
  readonly transport: Transport;
  readonly objects: ReadonlyMap<string, KubeObject>;
  readonly requests: readonly ApiRequest[];
  put(name: string, value: number): void;
  remove(name: string): void;
  /** Forgets history: watches from before now get a 410. */
  compact(): void;
  /** Breaks every open watch, with an error or as an ordinary end. */
  cut(how: "error" | "end"): void;
  readonly openWatches: number;
}

interface Change {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

interface Watcher {
  readonly queue: WatchFrame[];
  wake: () => void;
  ended: "error" | "end" | undefined;
}

export function createTinyServer(options: TinyServerOptions): TinyServer {
  const objects = new Map<string, KubeObject>();
  const history: Change[] = [];
  const watchers = new Set<Watcher>();
  const requests: ApiRequest[] = [];
  let revision = 1;
  let compacted = 0;

  const record = (type: Change["type"], object: KubeObject): void => {
    history.push({ revision, type, object });
    for (const watcher of watchers) {
      watcher.queue.push({ type, object });
      watcher.wake();
    }
  };
  const expired = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code: 410,
    reason: "Expired",
    message: "too old",
  };
  const bookmark = (end: boolean): KubeObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      resourceVersion: String(revision),
      ...(end ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    } as KubeObject["metadata"],
  });

  const watch = (request: ApiRequest): ApiResponse => {
    const initial = request.query?.get("sendInitialEvents") === "true";
    if (initial && options.noInitialEvents) return refusal(422, "Invalid");
    const from = Number(request.query?.get("resourceVersion") ?? "0");
    if (!initial && from < compacted) {
      const frames: WatchFrame[] = [{ type: "ERROR", object: expired as unknown as KubeObject }];
      return stream({ queue: frames, wake: () => {}, ended: "end" }, request);
    }
    const past: WatchFrame[] = initial
      ? [
          ...[...objects.values()].map((object): WatchFrame => ({ type: "ADDED", object })),
          { type: "BOOKMARK", object: bookmark(true) },
        ]
      : history.filter((change) => change.revision > from).map(({ type, object }) => ({ type, object }));
    const watcher: Watcher = { queue: past, wake: () => {}, ended: undefined };
    watchers.add(watcher);
    return stream(watcher, request);
  };

  const stream = (watcher: Watcher, request: ApiRequest): ApiResponse => {
    const frames = framesOf(watcher, request.signal, () => watchers.delete(watcher));
    return options.bytes
      ? { status: 200, headers: {}, stream: cutBytes(frames, options.rng) }
      : { status: 200, headers: {}, watch: frames };
  };

  const list = (request: ApiRequest): ApiResponse => {
    const limit = Number(request.query?.get("limit") ?? "0");
    const [at, startText] = (request.query?.get("continue") ?? `${revision}/0`).split("/");
    if (Number(at) < compacted) return refusal(410, "Expired");
    const items = [...objects.values()];
    const start = Number(startText);
    const end = limit > 0 ? Math.min(start + limit, items.length) : items.length;
    const metadata = { resourceVersion: at!, ...(end < items.length ? { continue: `${at}/${end}` } : {}) };
    return respond({ apiVersion: "v1", kind: "ConfigMapList", metadata, items: items.slice(start, end) });
  };

  const respond = (object: object, status = 200): ApiResponse =>
    options.bytes
      ? { status, headers: {}, bytes: [new TextEncoder().encode(JSON.stringify(object))] }
      : { status, headers: {}, object: deepFreeze(object) };
  const refusal = (code: number, reason: string): ApiResponse =>
    respond({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, reason, message: reason }, code);

  return {
    objects,
    requests,
    get openWatches() {
      return watchers.size;
    },
    transport: {
      async request(request) {
        requests.push(request);
        return request.query?.get("watch") === "true" ? watch(request) : list(request);
      },
      close: () => {},
    },
    put(name, value) {
      revision++;
      const before = objects.get(name);
      const object = deepFreeze({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: {
          name,
          namespace: `ns${name.length % 2}`,
          uid: before?.metadata.uid ?? `uid-${revision}`,
          resourceVersion: String(revision),
        },
        data: { value: String(value) },
      }) as unknown as KubeObject;
      objects.set(name, object);
      record(before === undefined ? "ADDED" : "MODIFIED", object);
    },
    remove(name) {
      const before = objects.get(name);
      if (before === undefined) return;
      revision++;
      objects.delete(name);
      const metadata = { ...before.metadata, resourceVersion: String(revision) };
      record("DELETED", deepFreeze({ ...before, metadata }));
    },
    compact() {
      compacted = revision;
      history.length = 0;
    },
    cut(how) {
      for (const watcher of watchers) {
        watcher.ended = how;
        watcher.wake();
      }
    },
  };
}

async function* framesOf(
  watcher: Watcher,
  signal: AbortSignal | undefined,
  done: () => void,
): AsyncGenerator<readonly WatchFrame[], void, void> {
  const wake = (): void => watcher.wake();
  signal?.addEventListener("abort", wake);
  try {
    for (;;) {
      if (signal?.aborted) return;
      // A cut loses what was still under way, as a closed socket does.
      if (watcher.ended === "error") throw new Error("connection reset");
      if (watcher.queue.length > 0) yield watcher.queue.splice(0);
      else if (watcher.ended === "end") return;
      else
        await new Promise<void>((resolve) => {
          watcher.wake = resolve;
        });
    }
  } finally {
    signal?.removeEventListener("abort", wake);
    done();
  }
}

async function* cutBytes(
  frames: AsyncIterable<readonly WatchFrame[]>,
  rng: Rng,
): AsyncGenerator<Uint8Array, void, void> {
  const encoder = new TextEncoder();
  for await (const batch of frames) {
    const bytes = encoder.encode(batch.map((frame) => `${JSON.stringify(frame)}\n`).join(""));
    for (let start = 0; start < bytes.length; ) {
      const end = Math.min(bytes.length, start + 1 + rng.below(40));
      yield bytes.subarray(start, end);
      start = end;
    }
  }
}
