export { type CriOptions, connectCri } from "./connect.ts";
export { type ContainerdOptions, containerdConfig, type OwnContainerd, startContainerd } from "./containerd.ts";
