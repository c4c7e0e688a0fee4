// How the API server serves HorizontalPodAutoscaler of autoscaling/v2, which is also how autoscalers are stored.
import type { HorizontalPodAutoscaler } from "../../../../facts/types/autoscaling.v2.ts";
import { defineRules } from "../../kind.ts";
import {
  defaultAutoscaler,
  judgeAutoscaler,
  judgeAutoscalerStatus,
  roundTripAnnotations,
} from "../../lib/autoscaling/hpa-rules.ts";

export const horizontalPodAutoscalerRules = defineRules<HorizontalPodAutoscaler>({
  default: (autoscaler) => {
    autoscaler.spec ??= {} as HorizontalPodAutoscaler["spec"];
    defaultAutoscaler(autoscaler);
    for (const name of roundTripAnnotations) delete autoscaler.metadata.annotations?.[name];
  },
  validate: (autoscaler, { featureEnabled }) => judgeAutoscaler(autoscaler, { featureEnabled }),
  validateOnUpdate: false,
  validateUpdate: (autoscaler, old, { featureEnabled }) => judgeAutoscaler(autoscaler, { old, featureEnabled }),
  status: { validateUpdate: judgeAutoscalerStatus },
});
