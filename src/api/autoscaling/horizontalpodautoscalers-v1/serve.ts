// How the API server serves HorizontalPodAutoscaler.
import type { HorizontalPodAutoscaler } from "../../../../facts/types/autoscaling.v1.ts";
import { defineRules } from "../../kind.ts";

export const horizontalPodAutoscalerV1Rules = defineRules<HorizontalPodAutoscaler>({});
