// How the API server serves SelfSubjectRulesReview.
import type { SelfSubjectRulesReview } from "../../../../facts/types/authorization.v1.ts";
import { defineRules } from "../../kind.ts";

export const selfSubjectRulesReviewRules = defineRules<SelfSubjectRulesReview>({});
