export { type AuditLogOptions, openAuditLog } from "./audit-log.ts";
export {
  type Listener,
  type ListenOptions,
  type PlainListenOptions,
  serveHttps,
  type TlsMaterial,
  type UpgradeHandler,
} from "./listen.ts";
export type { KubeletTls, NodeConnections } from "./outbound/dialer.ts";
export { createExtensionDialer, type FrontProxyCertificate } from "./outbound/extensions.ts";
export { webhookConnections } from "./outbound/webhooks.ts";
export { createNodeStreaming, type NodeStreaming, type NodeStreamingOptions } from "./streaming.ts";
export {
  cipherList,
  type NamedCertificate,
  parseNamedCertificate,
  type TlsSettings,
  tlsVersion,
} from "./tls/options.ts";
export { createTokenIssuer, type TokenIssuerOptions } from "./token-issuer.ts";
export type { UpgradeRoutes, UpgradeServer } from "./upgrade.ts";
