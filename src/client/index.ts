export * from "./client.ts";
export * from "./contract.ts";
export { kindOfResource } from "./discovery.ts";
export * from "./events/recorder.ts";
export * from "./informer.ts";
export * from "./leader-election.ts";
export * from "./workqueue.ts";
