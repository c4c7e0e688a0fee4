export type { Auditor } from "./audit.ts";
export type { ConnectHandler, ConnectTarget, UpgradeDecision } from "./connect.ts";
export type * from "./contract.ts";
export type { DocumentRoute } from "./documents.ts";
export { type ApiServer, type ApiServerOptions, createApiServer } from "./server.ts";
export { type TestServer, testServer } from "./testing.ts";
export type { VirtualContext, VirtualKind } from "./virtual.ts";
