// OpenID Connect discovery of the token issuer, for relying parties outside the cluster.
// Upstream: pkg/serviceaccount/openidmetadata.go, pkg/routes/openidmetadata.go.

import { type ApiResponse, StatusError } from "../../machinery/index.ts";
import type { TokenIssuer } from "../contract.ts";

export interface DiscoveryOptions {
  readonly issuer: TokenIssuer;
  /** `--service-account-jwks-uri`, or else made of the address under which the server is reached (`host:port`). */
  readonly jwksUri?: string;
  readonly externalAddress: string;
}

/**
 * Answers the paths of the documents, given the request's Accept header; undefined for other paths. No function at all when the
 * issuer is no https URL: upstream then serves none.
 */
export function openIdDiscovery(
  options: DiscoveryOptions,
): ((path: string, accept?: string) => Promise<ApiResponse | undefined>) | undefined {
  const { issuer } = options;
  if (!isDiscoverable(issuer.issuer)) return undefined;
  const jwksUri = options.jwksUri ?? `https://${options.externalAddress}/openid/v1/jwks`;
  return async (path, accept) => {
    if (path === "/openid/v1/jwks") {
      refuseUnless(accepts(accept, keySetType), keySetType);
      return document(keySetType, await issuer.jwks());
    }
    if (path !== "/.well-known/openid-configuration") return undefined;
    const { keys } = (await issuer.jwks()) as { keys: readonly { alg: string }[] };
    return document("application/json", {
      issuer: issuer.issuer,
      jwks_uri: jwksUri,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [...new Set(keys.map((key) => key.alg))].sort(),
    });
  };
}

const keySetType = "application/jwk-set+json";

const accepts = (accept: string | undefined, type: string): boolean =>
  accept === undefined ||
  accept
    .split(",")
    .map((each) => each.split(";")[0]!.trim())
    .some((each) => each === "" || each === "*/*" || each === type || each === `${type.split("/")[0]}/*`);

function refuseUnless(accepted: boolean, type: string): void {
  if (accepted) return;
  throw new StatusError({
    code: 406,
    reason: "NotAcceptable",
    message: `406: Not Acceptable\n\nAvailable representations: ${type}`,
    details: {},
  });
}

function isDiscoverable(issuer: string): boolean {
  if (!URL.canParse(issuer)) return false;
  const { protocol, search, hash } = new URL(issuer);
  return protocol === "https:" && search === "" && hash === "";
}

const document = (contentType: string, value: object): ApiResponse => ({
  status: 200,
  headers: { "content-type": contentType, "cache-control": "public, max-age=3600" },
  bytes: [new TextEncoder().encode(JSON.stringify(value))],
});
