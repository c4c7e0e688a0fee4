export * from "./contract.ts";
export { createMemoryStore } from "./memory/memory.ts";
