// How many seats a request takes, and for how long after its answer: lists by the bytes they hold, writes by their watchers.
// Upstream: apiserver's util/flowcontrol/request and watch_tracker.go.
import { parseFieldSelector } from "../../machinery/index.ts";
import { isTrue, type RequestInfo } from "../request-info.ts";
import type { WorkEstimate } from "./queue-set.ts";

/** What is known of a stored kind. */
export interface ObjectStats {
  readonly count: number;
  readonly averageBytes: number;
}

export interface EstimateSources {
  /** Undefined for what this server does not store. */
  objectStats(info: RequestInfo): ObjectStats | undefined;
  /** Those who are told of a write. */
  watchersOf(info: RequestInfo): number;
}

const bytesPerSeat = 100_000;
/** Lists from the cache are sent as they are made: more than this is not held at once. */
const mostCachedBytes = 1_000_000;
const mostListSeats = 100;
const mostMutatingSeats = 10;
const watchesPerSeat = 10;
const eventMs = 5;
const oneSeat: WorkEstimate = { initialSeats: 1, finalSeats: 0, additionalLatencyMs: 0 };

/** `mostSeats`: what one request of the level may take; 0 when nothing is said. */
export function estimateWork(
  request: { readonly info: RequestInfo; readonly query: URLSearchParams | undefined },
  mostSeats: number,
  sources: EstimateSources,
): WorkEstimate {
  const { info } = request;
  switch (info.verb) {
    case "list":
    case "watch":
      return estimateList(request, mostSeats, sources);
    case "create":
    case "update":
    case "patch":
    case "delete":
      return estimateWrite(info, mostSeats, sources);
    default:
      return oneSeat;
  }
}

function estimateList(
  { info, query }: { readonly info: RequestInfo; readonly query: URLSearchParams | undefined },
  mostSeats: number,
  sources: EstimateSources,
): WorkEstimate {
  const most = mostSeats === 0 ? mostListSeats : Math.min(mostSeats, mostListSeats);
  const resourceVersion = query?.get("resourceVersion") ?? "";
  const isWatch = info.verb === "watch";
  if (isWatch && !isTrue(query?.get("sendInitialEvents") ?? null) && resourceVersion !== "" && resourceVersion !== "0")
    return oneSeat;
  const stats = sources.objectStats(info);
  if (stats === undefined || stats.count === 0) return oneSeat;
  const limit = Number(query?.get("limit") ?? 0);
  const limited = limit > 0 && limit < stats.count ? limit : stats.count;
  // Every list of this server comes from its cache, old revisions excepted.
  const fromCache = isWatch || !(query?.get("resourceVersionMatch") === "Exact" || query?.has("continue") === true);
  const selects = (query?.get("fieldSelector") ?? "") !== "" || (query?.get("labelSelector") ?? "") !== "";
  const objects =
    info.name !== "" ? 1 : !fromCache && selects ? Math.max(limited, Math.floor(stats.count / 2)) : limited;
  const bytes = objects * stats.averageBytes;
  const seats = Math.ceil((fromCache ? Math.min(bytes, mostCachedBytes) : bytes) / bytesPerSeat);
  return seats <= 1 || most <= 1 ? oneSeat : { ...oneSeat, initialSeats: Math.min(seats, most) };
}

function estimateWrite(info: RequestInfo, mostSeats: number, sources: EstimateSources): WorkEstimate {
  if (info.resource === "serviceaccounts" && info.subresource === "token") return oneSeat;
  const watchers = sources.watchersOf(info);
  if (watchers < watchesPerSeat) return oneSeat;
  const most = mostSeats === 0 ? mostMutatingSeats : Math.min(mostSeats, mostMutatingSeats);
  const wanted = Math.ceil(watchers / watchesPerSeat);
  const finalSeats = Math.min(wanted, most);
  // The same work, narrower and longer.
  return { initialSeats: 1, finalSeats, additionalLatencyMs: (wanted * eventMs) / finalSeats };
}

export interface WatchTracker {
  /** A watch begins; call what is returned when it ends. */
  register(info: RequestInfo, query: URLSearchParams | undefined): () => void;
  interested(info: RequestInfo): number;
}

/** Watches of one node's pods see few of the writes: they are not counted. */
const indexedField: Readonly<Record<string, string>> = { pods: "spec.nodeName" };

export function createWatchTracker(): WatchTracker {
  const counts = new Map<string, number>();
  const keyOf = (info: RequestInfo, namespace: string, name: string): string =>
    `${info.group}/${info.resource}/${namespace}/${name}`;
  return {
    register(info, query) {
      const field = indexedField[info.resource];
      if (field !== undefined && selectsOne(query, field)) return () => {};
      const key = keyOf(info, info.namespace, info.name);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      let open = true;
      return () => {
        if (!open) return;
        open = false;
        const left = counts.get(key)! - 1;
        if (left === 0) counts.delete(key);
        else counts.set(key, left);
      };
    },
    interested(info) {
      if (counts.size === 0) return 0;
      let found = counts.get(keyOf(info, "", "")) ?? 0;
      if (info.namespace !== "") found += counts.get(keyOf(info, info.namespace, "")) ?? 0;
      if (info.name !== "") found += counts.get(keyOf(info, info.namespace, info.name)) ?? 0;
      return found;
    },
  };
}

function selectsOne(query: URLSearchParams | undefined, field: string): boolean {
  const text = query?.get("fieldSelector");
  if (!text?.includes(field)) return false;
  try {
    return parseFieldSelector(text).requirements.some(
      (each) => each.field === field && each.operator === "=" && each.value !== "",
    );
  } catch {
    return false; // The handler answers the bad selector with its text.
  }
}
