// What `kubectl explain` says about authentication.k8s.io/v1. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  BoundObjectReference: {
    "": "The object that a token lives and dies with.",
    apiVersion: "API version of the object: v1.",
    kind: "Pod, Secret or Node.",
    name: "Name of the object.",
    uid: "UID of the object, if just this one and no later one of its name is meant.",
  },
  SelfSubjectReview: {
    "": "Tells you who you are to the API server. With impersonation, it is the user that you act as.",
    status: "The answer.",
  },
  SelfSubjectReviewStatus: {
    "": "Who sent the request.",
    userInfo: "The user, as authentication and impersonation made it out.",
  },
  TokenRequest: {
    "": "Asks for a token of a service account. It is sent to the account's subresource token, and not stored.",
    spec: "For whom the token is, how long it holds and what it is bound to.",
    status: "The token.",
  },
  TokenRequestSpec: {
    "": "What kind of token is asked for.",
    audiences:
      "For whom the token is: everybody else should refuse it. Several make it usable by one against another. Empty: the API server.",
    boundObjectRef: "An object without which the token is no longer valid, as far as the API server is asked.",
    expirationSeconds:
      "Seconds that the token should be valid. 3600 by default, at least 600. The issuer may decide otherwise: see the answer.",
  },
  TokenRequestStatus: {
    "": "The token that was issued.",
    expirationTimestamp: "When the token ceases to be valid.",
    token: "The token, to be sent as bearer token.",
  },
  TokenReview: {
    "": "Asks whom a bearer token belongs to. Not stored; webhooks for authentication get it too.",
    spec: "The token.",
    status: "The answer.",
  },
  TokenReviewSpec: {
    "": "A token and who asks about it.",
    audiences: "Names of whom the token may be for: it must name one of them. Empty: the API server.",
    token: "The bearer token.",
  },
  TokenReviewStatus: {
    "": "Whom a token belongs to.",
    audiences:
      "Those of the asked audiences that the token is for. Empty with authenticated true: the token is for the API server.",
    authenticated: "true: the token is valid and belongs to user.",
    error: "Why the token could not be checked.",
    user: "The user that the token belongs to.",
  },
  UserInfo: {
    "": "A user, as authentication makes it out.",
    extra: "Anything else that authentication knows about the user.",
    groups: "Groups that the user is in.",
    uid: "Tells apart users that had the same name at different times.",
    username: "Name of the user, unique at a time.",
  },
};
