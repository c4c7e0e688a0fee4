export * from "./http-transport.ts";
export * from "./kubeconfig.ts";
