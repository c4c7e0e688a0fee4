export * from "./contract.ts";
export * from "./fake/index.ts";
