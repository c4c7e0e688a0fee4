export { measuredRuntime } from "../stats/own.ts";
export { createNodeHost, type NodeHostOptions } from "./host.ts";
export { type KubeletServer, type ServeKubeletOptions, serveKubelet } from "./server.ts";
