export { type AuditLogOptions, openAuditLog } from "./audit-log.ts";
export { type KubeletTls, type NodeConnections, nodeConnections } from "./dialer.ts";
export { createExtensionDialer, type FrontProxyCertificate } from "./extensions.ts";
export {
  type Listener,
  type ListenOptions,
  type PlainListenOptions,
  serveHttps,
  servePlain,
  type TlsMaterial,
  type UpgradeHandler,
} from "./listen.ts";
export { createNodeStreaming, type NodeStreaming, type NodeStreamingOptions } from "./streaming.ts";
export { createTokenIssuer, type TokenIssuerOptions } from "./token-issuer.ts";
export { type UpgradeRoutes, type UpgradeServer, upgradeHandler } from "./upgrade.ts";
export { webhookConnections } from "./webhooks.ts";
