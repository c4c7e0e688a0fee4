// How the API server serves SelfSubjectAccessReview.
import type { SelfSubjectAccessReview } from "../../../../facts/types/authorization.v1.ts";
import { defineRules } from "../../kind.ts";

export const selfSubjectAccessReviewRules = defineRules<SelfSubjectAccessReview>({});
