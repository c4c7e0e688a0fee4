// How many objects of a kind there are and how big one is, for the estimates of lists. Upstream asks its storage once a minute.
import type { ServerCore } from "../context.ts";
import type { KindCache } from "../watchcache/index.ts";
import type { EstimateSources, ObjectStats } from "./work-estimate.ts";

/** Objects looked at for the average size. */
const sampleSize = 32;

export function objectStatsOf({ catalog, hub }: ServerCore): EstimateSources["objectStats"] {
  const known = new WeakMap<KindCache, ObjectStats>();
  return (info) => {
    const served = catalog.find(info.group, info.version, info.resource);
    if (served === undefined || served.kind.virtual === true) return undefined;
    const cache = hub.cacheOf(served.stored);
    const stats = known.get(cache);
    // Looked at anew when the number has changed by more than an eighth.
    if (stats !== undefined && Math.abs(cache.size - stats.count) * 8 <= stats.count) return stats;
    const fresh = { count: cache.size, averageBytes: averageBytes(cache) };
    known.set(cache, fresh);
    return fresh;
  };
}

function averageBytes(cache: KindCache): number {
  let [seen, bytes] = [0, 0];
  for (const object of cache.scan(cache.prefix, "")) {
    bytes += object.size;
    if (++seen === sampleSize) break;
  }
  return seen === 0 ? 0 : Math.ceil(bytes / seen);
}
