// TokenReview and SelfSubjectReview. Upstream: pkg/registry/authentication.

import { type SelfSubjectReview, selfSubjectReviews, type TokenReview, tokenReviews } from "../../api/index.ts";
import { badRequest, formatTime, type KubeObject, type UserInfo } from "../../machinery/index.ts";
import type { Authenticator } from "../contract.ts";
import type { VirtualKind } from "../registry/virtual.ts";
import { InvalidCredentials } from "./credentials.ts";

export interface AuthenticationReviewOptions {
  readonly authenticator: Authenticator;
}

export const authenticationReviews = (options: AuthenticationReviewOptions): readonly VirtualKind[] => [
  {
    kind: tokenReviews as VirtualKind["kind"],
    create: (body) => reviewToken(body as TokenReview, options.authenticator),
  },
  {
    kind: selfSubjectReviews as VirtualKind["kind"],
    create: async (_body, { user, clock }) =>
      ({
        kind: "SelfSubjectReview",
        apiVersion: "authentication.k8s.io/v1",
        metadata: { creationTimestamp: formatTime(clock.now()) },
        status: { userInfo: shown(user) },
      }) as SelfSubjectReview,
  },
];

async function reviewToken(review: TokenReview, authenticator: Authenticator): Promise<KubeObject> {
  const { token = "", audiences = [] } = review.spec;
  if (token === "") throw badRequest("token is required for TokenReview in authentication");
  try {
    const found = await authenticator.authenticateToken(token, audiences);
    if (found === undefined) return withStatus(review, { user: {}, error: "invalid bearer token" });
    return withStatus(review, {
      authenticated: true,
      user: shown(found.user),
      ...(found.audiences !== undefined && found.audiences.length > 0 ? { audiences: found.audiences } : {}),
    });
  } catch (error) {
    if (!(error instanceof InvalidCredentials)) throw error;
    return withStatus(review, { user: {}, error: error.why });
  }
}

const withStatus = (review: TokenReview, status: object): KubeObject => ({ ...review, status }) as KubeObject;

/** Empty parts are left out, as upstream's types do. */
const shown = ({ username, uid, groups, extra }: UserInfo): object => ({
  ...(username ? { username } : {}),
  ...(uid ? { uid } : {}),
  ...(groups.length > 0 ? { groups } : {}),
  ...(extra !== undefined && Object.keys(extra).length > 0 ? { extra } : {}),
});
