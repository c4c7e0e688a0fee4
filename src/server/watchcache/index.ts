export { CachedObject } from "./cached-object.ts";
export { type CacheHub, createCacheHub } from "./hub.ts";
export type { KindCache } from "./kind-cache.ts";
export type { ObjectObserver } from "./observer.ts";
export {
  type CacheEvent,
  type Framer,
  requiredField,
  type Selection,
  type Shard,
  selects,
  Watcher,
} from "./watcher.ts";
