// How the API server serves SubjectAccessReview.
import type { SubjectAccessReview } from "../../../../facts/types/authorization.v1.ts";
import { defineRules } from "../../kind.ts";

export const subjectAccessReviewRules = defineRules<SubjectAccessReview>({});
