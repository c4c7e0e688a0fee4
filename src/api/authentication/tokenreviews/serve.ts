// How the API server serves TokenReview.
import type { TokenReview } from "../../../../facts/types/authentication.v1.ts";
import { defineRules } from "../../kind.ts";

export const tokenReviewRules = defineRules<TokenReview>({});
