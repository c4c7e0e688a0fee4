export { type CompactorOptions, compactPeriodically } from "./compactor.ts";
export * from "./contract.ts";
export { createMemoryStore } from "./memory/memory.ts";
export { transformedStore, type ValueTransformer } from "./transformed.ts";
