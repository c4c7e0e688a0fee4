export * from "./certificate.ts";
export * from "./cluster-pki.ts";
export * from "./kubeconfig.ts";
export * from "./requests.ts";
