// Who asks: request header of a front proxy, client certificate, bearer token, in upstream's order. The first that vouches
// wins; when none does and one of them found fault, the request is refused. Anonymous is the pipeline's word for "undefined".
// Upstream: pkg/kubeapiserver/authenticator, k8s.io/apiserver/pkg/authentication/{request,group}.

import type { ApiRequest, PeerInfo } from "../../machinery/index.ts";
import { aggregate } from "../authz/modes.ts";
import type { Authenticated, Authenticator } from "../contract.ts";
import { bearerTokenOf } from "./bearer.ts";
import { clientCertificates } from "./client-certificates.ts";
import { InvalidCredentials, type TokenCheck } from "./credentials.ts";
import { type RequestHeaderOptions, requestHeaderUser } from "./request-header.ts";

export interface AuthenticatorOptions {
  /** Bearer token checks in order: static file, service accounts, bootstrap tokens. */
  readonly tokens: readonly TokenCheck[];
  /** `--api-audiences`; what a token must be good for at this server. */
  readonly audiences: readonly string[];
  /** Front proxies that may speak for others. */
  readonly requestHeader?: RequestHeaderOptions;
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const byCertificate = clientCertificates();

  /** With the audiences that both sides named; kinds of tokens without audiences are good for the server's own alone. */
  async function checkToken(token: string, audiences: readonly string[]): Promise<Authenticated> {
    const faults: string[] = [];
    for (const check of options.tokens) {
      try {
        const found = await check(token, audiences);
        if (found === undefined) continue;
        if (found.audiences !== undefined) return withAuthenticatedGroup(found);
        const shared = audiences.filter((each) => options.audiences.includes(each));
        if (shared.length > 0 || options.audiences.length === 0)
          return withAuthenticatedGroup({ ...found, audiences: shared });
      } catch (error) {
        if (!(error instanceof InvalidCredentials)) throw error;
        faults.push(error.why);
      }
    }
    throw new InvalidCredentials(aggregate(["invalid bearer token", ...faults]));
  }

  return {
    async authenticate(request: ApiRequest, peer: PeerInfo) {
      const faults: string[] = [];
      if (options.requestHeader !== undefined) {
        const found = requestHeaderUser(request, peer, options.requestHeader);
        if (found !== undefined) return withAuthenticatedGroup(found);
      }
      const found = peer.certificate === undefined ? undefined : await byCertificate(peer);
      if (found !== undefined) return withAuthenticatedGroup(found);
      if (peer.certificateError !== undefined) faults.push(peer.certificateError);
      const token = bearerTokenOf(request);
      if (token !== undefined && options.tokens.length > 0) return checkToken(token, options.audiences);
      if (faults.length > 0) throw new InvalidCredentials(aggregate(faults));
      return undefined;
    },
    authenticateToken: (token, audiences) => checkToken(token, audiences.length > 0 ? audiences : options.audiences),
  };
}

const authenticated = "system:authenticated";

function withAuthenticatedGroup(found: Authenticated): Authenticated {
  const { user } = found;
  if (user.username === "system:anonymous") return found;
  if (user.groups.includes(authenticated) || user.groups.includes("system:unauthenticated")) return found;
  return { ...found, user: { ...user, groups: [...user.groups, authenticated] } };
}
