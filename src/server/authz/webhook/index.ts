/** Authorizers that ask a service. */
export { authorizerWebhookMetrics } from "./metrics.ts";
export { webhookAuthorizer } from "./webhook.ts";
