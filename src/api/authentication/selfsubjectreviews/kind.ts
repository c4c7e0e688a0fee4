// SelfSubjectReview: authentication.k8s.io/v1 selfsubjectreviews.
import type { SelfSubjectReview } from "../../../../facts/types/authentication.v1.ts";
import { defineKind } from "../../kind.ts";

export const selfSubjectReviews = defineKind<SelfSubjectReview>({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "SelfSubjectReview",
  resource: "selfsubjectreviews",
  singular: "selfsubjectreview",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: ["create"],
  subresources: [],
  virtual: true,
  columns: [],
});
