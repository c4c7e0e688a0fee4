// Ways to log in and to decide that only some servers have: loaded when a flag asks for them, so that nobody else's start is longer.
export const jwtAuthentication = () => import("./authn/jwt/index.ts");
export const tokenWebhooks = () => import("./authn/token-webhook.ts");
export const tokenCaches = () => import("./authn/cached-tokens.ts");
export const abac = () => import("./authz/abac.ts");
export const authorizationFiles = () => import("./authz/webhook/configuration.ts");
export const authorizationWebhooks = () => import("./authz/webhook/index.ts");
export const reloading = () => import("./config/reload-metrics.ts");
