// Flags of the ways to log in that are not there by themselves: issuers of tokens, and a service that is asked about them.
// Upstream: pkg/kubeapiserver/options/authentication.go.
import type { FlagDefinitions, FlagValues } from "../../../cli/index.ts";

export const authenticationFlags = {
  "authentication-config": {
    type: "string",
    help: "AuthenticationConfiguration: issuers of tokens instead of --oidc-*, and who may stay anonymous instead of --anonymous-auth",
  },
  "oidc-issuer-url": { type: "string", help: "issuer of tokens, an https URL" },
  "oidc-client-id": { type: "string", help: "audience that tokens of --oidc-issuer-url must have" },
  "oidc-ca-file": { type: "string", help: "authorities of --oidc-issuer-url; Node.js's own when not given" },
  "oidc-username-claim": { type: "string", help: "claim that is the user's name", default: "sub" },
  "oidc-username-prefix": {
    type: "string",
    help: "before the user's name; -: none; the issuer and # when not given, unless the claim is email",
  },
  "oidc-groups-claim": { type: "string", help: "claim that holds the user's groups" },
  "oidc-groups-prefix": { type: "string", help: "before each group" },
  "oidc-signing-algs": { type: "list", help: "algorithms that tokens may be signed with", default: "RS256" },
  "oidc-required-claim": { type: "values", help: "CLAIM=VALUE that tokens must have; may be repeated" },
  "authentication-token-webhook-config-file": {
    type: "string",
    help: "kubeconfig of the service that is asked who a token stands for",
  },
  "authentication-token-webhook-version": {
    type: "string",
    help: "version of TokenReview that the service understands: v1 or v1beta1",
    default: "v1beta1",
  },
  "authentication-token-webhook-cache-ttl": {
    type: "duration",
    help: "how long the service's answers are kept",
    default: "2m0s",
  },
} as const satisfies FlagDefinitions;

export type AuthenticationValues = FlagValues<typeof authenticationFlags>;

const oidcFlags = Object.keys(authenticationFlags).filter((name) => name.startsWith("oidc-"));

const givesOidc = (given: ReadonlySet<string>): boolean => oidcFlags.some((name) => given.has(name));

/** What can not be meant together. */
export function* authenticationProblems(values: AuthenticationValues, given: ReadonlySet<string>): Iterable<string> {
  if (!givesOidc(given)) return;
  if (values["authentication-config"]) yield "authentication-config file and oidc-* flags are mutually exclusive";
  else if (!values["oidc-issuer-url"] || !values["oidc-client-id"])
    yield "oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set";
}

/** Whether there is more than the ways that every server has. */
export const hasMoreWays = (values: AuthenticationValues): boolean =>
  Boolean(
    values["authentication-config"] || values["oidc-issuer-url"] || values["authentication-token-webhook-config-file"],
  );
