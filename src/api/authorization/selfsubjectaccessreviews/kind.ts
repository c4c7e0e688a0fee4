// SelfSubjectAccessReview: authorization.k8s.io/v1 selfsubjectaccessreviews.
import type { SelfSubjectAccessReview } from "../../../../facts/types/authorization.v1.ts";
import { defineKind } from "../../kind.ts";

export const selfSubjectAccessReviews = defineKind<SelfSubjectAccessReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectAccessReview",
  resource: "selfsubjectaccessreviews",
  singular: "selfsubjectaccessreview",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: ["create"],
  subresources: [],
  virtual: true,
  columns: [],
});
