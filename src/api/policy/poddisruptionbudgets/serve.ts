// How the API server serves PodDisruptionBudget.
import type { PodDisruptionBudget } from "../../../../facts/types/policy.v1.ts";
import { defineRules } from "../../kind.ts";

export const podDisruptionBudgetRules = defineRules<PodDisruptionBudget>({});
