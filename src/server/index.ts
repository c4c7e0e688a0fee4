export { serverUser } from "./accessors.ts";
export { readAdmissionConfiguration } from "./admission/configuration.ts";
export { admissionPluginNames } from "./admission/list.ts";
export { createAuditor } from "./audit/auditor.ts";
export {
  type AuditBackend,
  type AuditLogFormat,
  type AuditSink,
  auditLogFormats,
  ignoringErrors,
  type LostEvents,
  logBackend,
  lostEvents,
  unionOf,
} from "./audit/backend.ts";
export { buffered } from "./audit/buffered.ts";
export type { Auditor } from "./audit/contract.ts";
export { parseAuditPolicy } from "./audit/policy.ts";
export { truncating } from "./audit/truncating.ts";
export { webhookBackend } from "./audit/webhook.ts";
export { bootstrapTokens } from "./authn/bootstrap-tokens.ts";
export { createAuthenticator } from "./authn/create.ts";
export type { TokenCheck } from "./authn/credentials.ts";
export { openIdDiscovery } from "./authn/discovery.ts";
export type * from "./authn/jwt/index.ts";
export { defaultRequestHeaders, type RequestHeaderOptions } from "./authn/request-header.ts";
export { authenticationReviews } from "./authn/reviews.ts";
export { withLastUse } from "./authn/secret-tokens.ts";
export { serviceAccountTokens } from "./authn/service-accounts.ts";
export { parseTokenFile, staticTokens } from "./authn/static-tokens.ts";
export { tokenRequests } from "./authn/token-request.ts";
export {
  type AuthorizationMode,
  type AuthorizerEntry,
  authorizationModes,
  createAuthorizer,
  type NamedAuthorizer,
} from "./authz/create.ts";
export { decisionMetrics } from "./authz/decision-metrics.ts";
export { accessReviews } from "./authz/reviews.ts";
export type { ConfiguredAuthorizer, WebhookSettings } from "./authz/webhook/configuration.ts";
export type { AuthorizerWebhookMetrics } from "./authz/webhook/metrics.ts";
export { bootstrapRbac } from "./bootstrap/rbac.ts";
export { settledForms } from "./bootstrap/settled.ts";
export type * from "./contract.ts";
export { debugFlagRoutes } from "./documents/debug-flags.ts";
export type { DocumentRoute } from "./documents/documents.ts";
export { EnablementError, type FeatureGates, featureGates, parseFeatureGates } from "./enablement/features.ts";
export { parseRuntimeConfig, type RuntimeConfig } from "./enablement/runtime-config.ts";
export type { HealthCheck } from "./health.ts";
export {
  abac,
  authorizationFiles,
  authorizationWebhooks,
  jwtAuthentication,
  reloading,
  tokenCaches,
  tokenWebhooks,
} from "./optional.ts";
export type { VirtualContext, VirtualKind } from "./registry/virtual.ts";
export { remoteWebhook } from "./remote/webhook.ts";
export { type ApiServer, type ApiServerOptions, createApiServer } from "./server.ts";
export { type BrowserOptions, forBrowsers } from "./stages/browsers.ts";
export type { ConnectHandler, ConnectTarget, UpgradeDecision } from "./streaming/connect.ts";
export { type TestServer, testServer } from "./testing.ts";
