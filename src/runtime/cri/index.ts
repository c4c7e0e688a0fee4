export { type CriOptions, connectCri } from "./connect.ts";
export { type ContainerdPlaces, containerdConfig } from "./containerd-config.ts";
