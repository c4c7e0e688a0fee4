export { defaultKubeletConfig, type KubeletConfig } from "./config.ts";
export * from "./host.ts";
export { createSimulatedHost, type SimulatedHostOptions } from "./host-sim.ts";
export { createKubelet, type Kubelet, type KubeletOptions } from "./kubelet.ts";
