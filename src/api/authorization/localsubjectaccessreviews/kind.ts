// LocalSubjectAccessReview: authorization.k8s.io/v1 localsubjectaccessreviews.
import type { LocalSubjectAccessReview } from "../../../../facts/types/authorization.v1.ts";
import { defineKind } from "../../kind.ts";

export const localSubjectAccessReviews = defineKind<LocalSubjectAccessReview>({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "LocalSubjectAccessReview",
  resource: "localsubjectaccessreviews",
  singular: "localsubjectaccessreview",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ["create"],
  subresources: [],
  virtual: true,
  columns: [],
});
