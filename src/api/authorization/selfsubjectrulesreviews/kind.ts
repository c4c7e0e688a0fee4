// SelfSubjectRulesReview: authorization.k8s.io/v1 selfsubjectrulesreviews.
import type { SelfSubjectRulesReview } from "../../../../facts/types/authorization.v1.ts";
import { defineKind } from "../../kind.ts";

export const selfSubjectRulesReviews = defineKind<SelfSubjectRulesReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectRulesReview",
  resource: "selfsubjectrulesreviews",
  singular: "selfsubjectrulesreview",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: ["create"],
  subresources: [],
  virtual: true,
  columns: [],
});
