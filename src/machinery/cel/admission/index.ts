export * from "./compiler.ts";
export * from "./contract.ts";
