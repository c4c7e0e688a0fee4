import { commitCases } from "./commits.ts";
import type { StoreConformanceCase } from "./kit.ts";
import { readCases } from "./reads.ts";
import { watchCases } from "./watches.ts";

export type { StoreConformanceCase, StoreFactory, StoreFactoryOptions } from "./kit.ts";
export * from "./model.ts";

/** The contract as a suite: every engine passes every case. */
export const storeConformanceCases: readonly StoreConformanceCase[] = [...commitCases, ...readCases, ...watchCases];
