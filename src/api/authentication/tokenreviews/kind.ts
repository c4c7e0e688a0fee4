// TokenReview: authentication.k8s.io/v1 tokenreviews.
import type { TokenReview } from "../../../../facts/types/authentication.v1.ts";
import { defineKind } from "../../kind.ts";

export const tokenReviews = defineKind<TokenReview>({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  resource: "tokenreviews",
  singular: "tokenreview",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: ["create"],
  subresources: [],
  virtual: true,
  columns: [],
});
