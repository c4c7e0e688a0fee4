// A watch that is never given up: whenever it ends, and now and then by itself, it goes on from the last revision it saw. A server that was
// started anew may say that it does not know the way from there (410); then it lists, as every client does, and a new segment begins.
import { type Clock, type Rng, sleep } from "../../src/base/index.ts";
import type { Transport } from "../../src/machinery/index.ts";
import { type ApiList, type ApiObject, get, RefusedWatch, watchLines } from "./api.ts";
import type { SeenEvent, Segment, State } from "./history.ts";
import { serialOf } from "./ledger.ts";

export interface Recorder {
  readonly path: string;
  readonly segments: readonly Segment[];
  readonly wrong: readonly string[];
  /** How often it went on. */
  resumed(): number;
  /** Resolves once everything up to the revision of something that exists or was just written has come. */
  caughtUp(revision: number, limitMs: number): Promise<void>;
  stop(): Promise<void>;
}

export interface RecorderOptions {
  readonly transport: Transport;
  readonly path: string;
  readonly clock: Clock;
  readonly rng: Rng;
}

const keyOf = ({ metadata }: ApiObject): string =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
const revisionOf = ({ metadata }: ApiObject): number => Number(metadata.resourceVersion);

const watchPath = (path: string, revision: number): string =>
  `${path}?watch=true&allowWatchBookmarks=true&resourceVersion=${revision}`;

const resumePauseMs = 50;
const longestWatchMs = 4000;

type Recorded = Segment & { readonly events: SeenEvent[] };

export async function startRecorder({ transport, path, clock, rng }: RecorderOptions): Promise<Recorder> {
  const segments: Recorded[] = [await begin()];
  const wrong: string[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  let last = segments[0]!.from;
  let starts = 0;

  async function begin(): Promise<Recorded> {
    const { metadata, items } = await get<ApiList<ApiObject>>(transport, path);
    const state = (item: ApiObject): State => ({ serial: serialOf(item), revision: revisionOf(item) });
    const listed = new Map(items.map((item) => [keyOf(item), state(item)]));
    return { from: Number(metadata.resourceVersion), listed, events: [] };
  }

  async function follow(): Promise<void> {
    starts++;
    const ending = new AbortController();
    const end = clock.setTimeout(() => ending.abort(), 200 + rng.below(longestWatchMs));
    try {
      const either = AbortSignal.any([signal, ending.signal]);
      for await (const { type, object } of watchLines(transport, watchPath(path, last), either)) {
        if (type === "ERROR") throw refusal(object);
        const revision = revisionOf(object);
        if (revision < last) wrong.push(`${path}: ${type} at revision ${revision} came after ${last}`);
        if (type !== "BOOKMARK")
          segments.at(-1)!.events.push({ type, key: keyOf(object), revision, serial: serialOf(object) });
        last = Math.max(last, revision);
      }
    } finally {
      end.cancel();
    }
  }

  async function record(): Promise<void> {
    while (!signal.aborted) {
      try {
        await follow();
      } catch (error) {
        if (error instanceof RefusedWatch) await refused(error).catch(() => {}); // no answer: the next try tells again
      }
      await sleep(clock, resumePauseMs, signal).catch(() => {}); // rejects only when stopped, which the loop sees
    }
  }

  async function refused(error: RefusedWatch): Promise<void> {
    if (error.code === 429 || error.code >= 500) return;
    if (error.code !== 410) {
      wrong.push(`${path} from revision ${last}: ${error.message}`);
      stopping.abort();
      return;
    }
    const segment = await begin();
    segments.push(segment);
    last = segment.from;
  }

  const ended = record();
  return {
    path,
    segments,
    wrong,
    resumed: () => starts - 1,
    async caughtUp(revision, limitMs) {
      const deadline = clock.monotonic() + limitMs;
      while (last < revision && clock.monotonic() < deadline && wrong.length === 0) await sleep(clock, 20);
      if (last < revision)
        throw new Error(`${path}: the watch stands at revision ${last}, ${revision} was written; ${wrong.join("; ")}`);
    },
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

const refusal = (status: ApiObject): RefusedWatch =>
  new RefusedWatch(Number((status as { code?: number }).code), JSON.stringify(status));

export interface Stretch {
  readonly from: number;
  /** The revision of an event. */
  readonly upTo: number;
  readonly clock: Clock;
  readonly limitMs: number;
}

/** The events of a stretch, read by a watch of its own. */
export async function readStretch(
  transport: Transport,
  path: string,
  { from, upTo, clock, limitMs }: Stretch,
): Promise<SeenEvent[]> {
  const events: SeenEvent[] = [];
  if (upTo <= from) return events;
  const ending = new AbortController();
  const limit = clock.setTimeout(() => ending.abort(new Error(`${path}: no event at ${upTo} came`)), limitMs);
  try {
    for await (const { type, object } of watchLines(transport, watchPath(path, from), ending.signal)) {
      if (type === "ERROR") throw refusal(object);
      const revision = revisionOf(object);
      if (revision > upTo) break;
      if (type !== "BOOKMARK") events.push({ type, key: keyOf(object), revision, serial: serialOf(object) });
      if (revision === upTo) break;
    }
    return events;
  } finally {
    limit.cancel();
    ending.abort();
  }
}
