export * from "./abort.ts";
export * from "./assert.ts";
export * from "./clock.ts";
export * from "./log.ts";
export * from "./metrics.ts";
export * from "./queue.ts";
export * from "./rng.ts";
export * from "./virtual-clock.ts";
