export * from "./cni/plan.ts";
export * from "./dns/answer.ts";
export * from "./dns/view.ts";
export * from "./hostports/hostports.ts";
export * from "./hostports/plan.ts";
export type * from "./proxy/backend.ts";
export * from "./proxy/packets.ts";
export * from "./proxy/plan.ts";
export * from "./proxy/proxy.ts";
