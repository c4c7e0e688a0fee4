// How the API server serves LimitRange.
import type { LimitRange } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const limitRangeRules = defineRules<LimitRange>({});
