import type { Clock } from "../../base/index.ts";
import type { Store, StoreOptions } from "../contract.ts";

/** The whole store in memory: tests, simulation, browser. */
export function createMemoryStore(_options: StoreOptions & { readonly clock: Clock }): Store {
  throw new Error("being written");
}
