export * from "./contract.ts";
export { type CriOptions, connectCri } from "./cri/connect.ts";
export { type ContainerdOptions, type OwnContainerd, startContainerd } from "./cri/containerd.ts";
export * from "./fake/fake.ts";
