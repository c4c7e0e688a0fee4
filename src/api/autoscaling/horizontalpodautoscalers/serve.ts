// How the API server serves HorizontalPodAutoscaler.
import type { HorizontalPodAutoscaler } from "../../../../facts/types/autoscaling.v2.ts";
import { defineRules } from "../../kind.ts";

export const horizontalPodAutoscalerRules = defineRules<HorizontalPodAutoscaler>({});
