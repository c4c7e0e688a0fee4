// SubjectAccessReview: authorization.k8s.io/v1 subjectaccessreviews.
import type { SubjectAccessReview } from "../../../../facts/types/authorization.v1.ts";
import { defineKind } from "../../kind.ts";

export const subjectAccessReviews = defineKind<SubjectAccessReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  resource: "subjectaccessreviews",
  singular: "subjectaccessreview",
  shortNames: [],
  categories: [],
  namespaced: false,
  verbs: ["create"],
  subresources: [],
  virtual: true,
  columns: [],
});
