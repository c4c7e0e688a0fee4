export type * from "../../facts/types/index.ts";
export * from "./kind.ts";
export * from "./kinds.ts";
