// How the API server serves SelfSubjectReview.
import type { SelfSubjectReview } from "../../../../facts/types/authentication.v1.ts";
import { defineRules } from "../../kind.ts";

export const selfSubjectReviewRules = defineRules<SelfSubjectReview>({});
