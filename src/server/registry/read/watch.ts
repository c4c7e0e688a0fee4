// WATCH: options, starting point, frames. Upstream: handlers/get.go and watch.go, storage/cacher.
import { errorText } from "../../../base/index.ts";
import {
  decodeValue,
  encodeJson,
  expired,
  type FieldMatcher,
  type KubeObject,
  methodNotSupported,
  StatusError,
  tooManyRequests,
  type WatchEventType,
  type WatchFrame,
} from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import { cborFrame, cborGate, cborSequence, cborType } from "../../content/cbor.ts";
import { includeObjectOf } from "../../content/include.ts";
import { checkStreamed } from "../../content/negotiate.ts";
import { loadProtobuf, protobufFrame, protobufType, protobufValueFrame } from "../../content/protobuf.ts";
import { bookmarkTable, partialObject, tableOf, shown as withRowMetadata } from "../../content/table.ts";
import type { RequestContext } from "../../context.ts";
import type { Answer } from "../../core.ts";
import { type CachedObject, type Framer, selects, Watcher } from "../../watchcache/index.ts";
import { convertShown, servedForm, shown } from "../store-object.ts";
import { convertedEvent, matchesConverted, splitSelection } from "./converted-selection.ts";
import { plainFailure, revisionProblem, tooLarge, waitForCurrent } from "./get.ts";
import { type ListQuery, listQuery } from "./list-query.ts";
import { shardOf } from "./shard-selector.ts";

const bookmarkMs = 60_000;
const initialEventsEnd = "k8s.io/initial-events-end";

interface WatchOptions {
  readonly resourceVersion: string;
  readonly sendInitialEvents: boolean | undefined;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}

export async function watch(context: RequestContext, resource: ServedResource): Promise<Answer> {
  if (!resource.kind.verbs.includes("watch")) throw methodNotSupported(resource.groupResource, "watch");
  const query = listQuery(context, resource);
  const options = watchOptions(context, query);
  const shard = await shardOf(context);
  const asked = shard === undefined ? query.selection : { ...query.selection, shard };
  const { cached: selection, converted: selectedLater } = splitSelection(resource, asked);
  const problem = options.resourceVersion === "" ? undefined : revisionProblem(options.resourceVersion);
  if (problem !== undefined) throw plainFailure(problem);
  const { core } = context;
  checkStreamed(context.accepted, core.featureEnabled(cborGate));
  if (context.accepted.mediaType === protobufType) await loadProtobuf();
  const shownBy = framerOf(context, resource);
  const converted = resource.custom?.convert !== undefined;
  const framer = converted ? unconverted(shownBy) : shownBy;
  const cache = core.hub.cacheOf(resource.stored);
  if (converted) await convertAll(resource, Array.from(cache.candidates(selection)));
  const start = await startOf(context, resource, options);
  if (start instanceof StatusError) return { type: "response", response: failedWatch(context, start) };
  const watcher = new Watcher({
    selection,
    framer,
    namespaced: resource.kind.namespaced,
    indexedByNode: resource.stored.selectableFields?.["spec.nodeName"] !== undefined,
    clock: core.clock,
    signal: context.request.signal,
    timeoutMs: options.timeoutMs,
    bookmarkMs: options.bookmarks ? bookmarkMs * (0.9 + 0.2 * core.rng.next()) : 0,
    initial: start.initial
      ? Array.from(cache.candidates(selection)).filter((object) => selects(selection, object))
      : [],
    replay: start.initial ? [] : cache.eventsSince(start.revision),
    revision: core.hub.revision,
    markInitialEnd: options.sendInitialEvents === true && options.bookmarks,
    currentRevision: () => core.hub.revision,
    onEnd: (ended) => cache.removeWatcher(ended),
  });
  if (context.request.signal?.aborted !== true) cache.addWatcher(watcher);
  // A list is what no event can become: the first one ends the watch.
  if (context.accepted.transform?.as === "PartialObjectMetadataList")
    return { type: "response", response: { status: 200, headers: headersOf(context), watch: untilFirst(watcher) } };
  if (!converted) return { type: "watch", watcher };
  const frames = convertFrames(watcher, resource, { framer: shownBy, fields: selectedLater });
  return { type: "response", response: { status: 200, headers: headersOf(context), watch: frames } };
}

/** What can not be shown in a version can not be watched in it. Upstream: the watch cache of each version lists everything first. */
async function convertAll(resource: ServedResource, objects: readonly CachedObject[]): Promise<void> {
  try {
    await convertShown(resource, objects);
  } catch (error) {
    const { group, version, kind } = resource.kind;
    throw tooManyRequests(
      `storage is (re)initializing: failed to list ${group}/${version}, Kind=${kind}: ${errorText(error)}`,
      1,
    );
  }
}

const headersOf = ({ accepted, request }: RequestContext): { readonly "content-type": string } => ({
  "content-type": accepted.mediaType === cborType && request.objects !== true ? cborSequence : "application/json",
});

async function* untilFirst(frames: AsyncIterable<readonly WatchFrame[]>): AsyncGenerator<readonly WatchFrame[]> {
  for await (const chunk of frames) if (chunk.length > 0) return;
  yield* [];
}

interface CachedChange {
  readonly object: CachedObject;
  readonly previous: CachedObject | undefined;
}

/** What frames carry until it has been converted. */
const changes = new WeakMap<WatchFrame, CachedChange>();

const unconverted = (framer: Framer): Framer => ({
  private: true,
  frame: (type, object, previous) => {
    const frame: WatchFrame = { type };
    changes.set(frame, { object, previous });
    return frame;
  },
  bookmark: (revision, end) => framer.bookmark(revision, end),
});

async function* convertFrames(
  frames: AsyncIterable<readonly WatchFrame[]>,
  resource: ServedResource,
  { framer, fields }: { readonly framer: Framer; readonly fields: FieldMatcher | undefined },
): AsyncGenerator<readonly WatchFrame[]> {
  for await (const chunk of frames) {
    const found = chunk.map((frame) => changes.get(frame));
    await convertShown(
      resource,
      found.flatMap((change) => (fields === undefined ? [change?.object] : [change?.object, change?.previous])),
    );
    const out: WatchFrame[] = [];
    for (const [index, frame] of chunk.entries()) {
      const change = found[index];
      if (change === undefined) out.push(frame);
      else if (fields === undefined) out.push(framer.frame(frame.type, change.object));
      else {
        const seen = await selectedChange(resource, { type: frame.type, change, fields });
        if (seen !== undefined) out.push(framer.frame(seen.type, seen.object));
      }
    }
    if (out.length > 0) yield out;
  }
}

async function selectedChange(
  resource: ServedResource,
  of: { readonly type: WatchEventType; readonly change: CachedChange; readonly fields: FieldMatcher },
): Promise<{ readonly type: WatchEventType; readonly object: CachedObject } | undefined> {
  const { object, previous } = of.change;
  const type = convertedEvent(of.type, of.change, (each) => matchesConverted(resource, of.fields, each));
  if (type === undefined) return undefined;
  if (type !== "DELETED" || of.type === "DELETED" || previous === undefined) return { type, object };
  // Its last visible state, at the revision of the change.
  const last = previous.atRevision(object.revision);
  await convertShown(resource, [last]);
  return { type, object: last };
}

/** Where the watch begins; a StatusError goes out as an ERROR event, as upstream's cacher sends it. */
async function startOf(
  context: RequestContext,
  resource: ServedResource,
  options: WatchOptions,
): Promise<{ readonly initial: boolean; readonly revision: number } | StatusError> {
  const { core } = context;
  const { hub } = core;
  const { resourceVersion, sendInitialEvents } = options;
  const cache = hub.cacheOf(resource.stored);
  const wanted = Number(resourceVersion || "0");
  if (resourceVersion === "" || sendInitialEvents === true) {
    if (wanted === 0) await (resourceVersion === "" ? waitForCurrent(core) : undefined);
    else if (!(await hub.reached(wanted, 3000))) return tooLarge(resourceVersion, hub.revision);
    return { initial: sendInitialEvents !== false, revision: hub.revision };
  }
  if (wanted === 0) return { initial: sendInitialEvents !== false, revision: hub.revision };
  if (wanted > core.store.revision() && !(await hub.reached(wanted, Math.min(3000, options.timeoutMs)))) {
    return tooLarge(resourceVersion, hub.revision);
  }
  await hub.reached(wanted, 3000);
  if (wanted < cache.resumableFrom) return expired(`too old resource version: ${wanted} (${cache.resumableFrom})`);
  return { initial: false, revision: wanted };
}

function watchOptions({ core }: RequestContext, query: ListQuery): WatchOptions {
  const seconds = Number(query.timeoutSeconds ?? 0n);
  const { resourceVersion, match } = query;
  // Who watches from the beginning and says nothing of it is given the initial events, and their end.
  const given = match === "" && (resourceVersion === "" || resourceVersion === "0") ? true : undefined;
  return {
    resourceVersion,
    sendInitialEvents: query.sendInitialEvents ?? given,
    bookmarks: query.bookmarks,
    timeoutMs: seconds > 0 ? seconds * 1000 : core.minWatchMs * (1 + core.rng.next()),
  };
}

const encoder = new TextEncoder();
const frameTail = encoder.encode("}\n");
const frameHeads: Readonly<Record<string, Uint8Array>> = Object.fromEntries(
  ["ADDED", "MODIFIED", "DELETED"].map((type) => [type, encoder.encode(`{"type":"${type}","object":`)]),
);

const eventFrame = (type: WatchEventType, object: unknown): WatchFrame => ({
  type,
  bytes: encoder.encode(`${JSON.stringify({ type, object })}\n`),
});

/** The bytes that are there already, between head and tail. */
function wireFrame(type: WatchEventType, object: CachedObject): WatchFrame {
  const head = frameHeads[type]!;
  const { bytes } = object;
  const frame = new Uint8Array(head.length + bytes.length + frameTail.length);
  frame.set(head);
  frame.set(bytes, head.length);
  frame.set(frameTail, head.length + bytes.length);
  return { type, bytes: frame };
}

/** Bookmarks of a kind differ in their revision alone. */
const bookmarks = new WeakMap<ServedResource, { end?: KubeObject; other?: KubeObject }>();

/** An object of the kind in which nothing is set but a revision. */
function bookmarkObject(resource: ServedResource, revision: number, end: boolean): KubeObject {
  let made = bookmarks.get(resource);
  if (made === undefined) bookmarks.set(resource, (made = {}));
  const like = (made[end ? "end" : "other"] ??= newBookmark(resource, revision, end));
  return { ...like, metadata: { ...like.metadata, resourceVersion: String(revision) } };
}

function newBookmark(resource: ServedResource, revision: number, end: boolean): KubeObject {
  const { schema, schemas } = resource;
  const { blank } = resource.kind;
  const annotations = end ? { ...blank?.annotations, [initialEventsEnd]: "true" } : blank?.annotations;
  const object = {
    kind: resource.kind.kind,
    apiVersion: resource.apiVersion,
    metadata: {
      resourceVersion: String(revision),
      ...(annotations === undefined ? {} : { annotations }),
    },
    ...(blank?.spec === undefined ? {} : { spec: blank.spec }),
  };
  if (schema === undefined) return object as KubeObject;
  return decodeValue(object, { schema, schemas, fieldValidation: "Ignore" }).object as unknown as KubeObject;
}

/** One framer for a kind and form, so that its frames are shared. */
const sharedFramers = new WeakMap<
  ServedResource,
  { wire?: Framer; objects?: Framer; protobuf?: Framer; cbor?: Framer }
>();

function framerOf(context: RequestContext, resource: ServedResource): Framer {
  const { transform } = context.accepted;
  if (transform?.as === "Table") return tableFramer(context, resource, transform.version);
  const { mediaType } = context.accepted;
  const protobuf = mediaType === protobufType && context.request.objects !== true;
  const frame = protobuf ? protobufValueFrame : mediaType === cborType ? cborFrame : eventFrame;
  if (transform !== undefined) return partialFramer(resource, { version: transform.version, frame });
  let shared = sharedFramers.get(resource);
  if (shared === undefined) sharedFramers.set(resource, (shared = {}));
  if (context.request.objects === true) return (shared.objects ??= objectFramer(resource));
  if (mediaType === cborType) return (shared.cbor ??= cborFramer(resource));
  return protobuf ? (shared.protobuf ??= protobufFramer(resource)) : (shared.wire ??= bytesFramer(resource));
}

const protobufFramer = (resource: ServedResource): Framer => ({
  frame: (type, object) => protobufFrame(type, resource, object),
  bookmark: (revision, end) => protobufValueFrame("BOOKMARK", bookmarkObject(resource, revision, end)),
});

const cborFramer = (resource: ServedResource): Framer => ({
  frame: (type, object) => cborFrame(type, servedForm(resource, object)),
  bookmark: (revision, end) => cborFrame("BOOKMARK", bookmarkObject(resource, revision, end)),
});

const bytesFramer = (resource: ServedResource): Framer => ({
  frame:
    resource.rules.convert !== undefined
      ? (type, object) => eventFrame(type, servedForm(resource, object))
      : resource.custom === undefined
        ? wireFrame
        : (type, object) => wireFrame(type, shown(resource, object)),
  bookmark: (revision, end) => eventFrame("BOOKMARK", bookmarkObject(resource, revision, end)),
});

const objectFramer = (resource: ServedResource): Framer => ({
  frame: (type, object) => ({ type, object: servedForm(resource, object) }),
  bookmark: (revision, end) => ({ type: "BOOKMARK", object: bookmarkObject(resource, revision, end) }),
});

const partialFramer = (
  resource: ServedResource,
  { version, frame }: { readonly version: "v1" | "v1beta1"; readonly frame: typeof protobufValueFrame },
): Framer => ({
  frame: (type, object) =>
    frame(type, partialObject(withRowMetadata(resource.kind, servedForm(resource, object)), version)),
  bookmark: (revision, end) => frame("BOOKMARK", partialObject(bookmarkObject(resource, revision, end), version)),
});

/** Only the first event of a watch carries the column definitions. */
function tableFramer(context: RequestContext, resource: ServedResource, version: "v1" | "v1beta1"): Framer {
  const include = includeObjectOf(context.query);
  let columns = true;
  const table = (type: WatchEventType, object: KubeObject): WatchFrame => {
    const form = { version, include, now: context.core.clock.now(), columns };
    columns = false;
    return eventFrame(
      type,
      tableOf(resource.kind, [object], { ...form, metadata: { resourceVersion: object.metadata.resourceVersion } }),
    );
  };
  return {
    private: true,
    frame: (type, object) => table(type, servedForm(resource, object)),
    bookmark: (revision, end) => {
      const form = { version, include, now: context.core.clock.now(), columns };
      columns = false;
      return eventFrame("BOOKMARK", bookmarkTable(resource, bookmarkObject(resource, revision, end), form));
    },
  };
}

function failedWatch(context: RequestContext, error: StatusError): Extract<Answer, { type: "response" }>["response"] {
  const { objects } = context.request;
  const { mediaType } = context.accepted;
  const protobuf = mediaType === protobufType && objects !== true;
  const cbor = mediaType === cborType && objects !== true;
  const frame: WatchFrame = protobuf
    ? protobufValueFrame("ERROR", error.status)
    : cbor
      ? cborFrame("ERROR", error.status)
      : objects === true
        ? { type: "ERROR", object: error.status as KubeObject }
        : { type: "ERROR", bytes: encodeJsonLine({ type: "ERROR", object: error.status }) };
  async function* once(): AsyncGenerator<readonly WatchFrame[]> {
    yield [frame];
  }
  const contentType = protobuf ? `${protobufType};stream=watch` : cbor ? cborSequence : "application/json";
  return { status: 200, headers: { "content-type": contentType }, watch: once() };
}

function encodeJsonLine(value: unknown): Uint8Array {
  const bytes = encodeJson(value);
  const line = new Uint8Array(bytes.length + 1);
  line.set(bytes);
  line[bytes.length] = 10;
  return line;
}
