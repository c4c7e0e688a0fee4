/** Logging in with tokens of issuers: read the configuration, validate it, and check tokens with what came of it. */
export { type JwtAuthenticatorOptions, type JwtAuthenticators, jwtAuthenticators } from "./authenticators.ts";
export {
  type AnonymousSettings,
  type AuthenticationConfiguration,
  decodeAuthenticationConfiguration,
  type JwtSettings,
} from "./configuration.ts";
export { type JwtMetrics, jwtMetrics } from "./metrics.ts";
export { signingAlgorithms } from "./token.ts";
export { type CompiledJwt, validateAuthenticationConfiguration } from "./validate.ts";
