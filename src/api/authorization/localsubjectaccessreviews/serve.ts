// How the API server serves LocalSubjectAccessReview.
import type { LocalSubjectAccessReview } from "../../../../facts/types/authorization.v1.ts";
import { defineRules } from "../../kind.ts";

export const localSubjectAccessReviewRules = defineRules<LocalSubjectAccessReview>({});
