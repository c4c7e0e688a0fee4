// How the API server serves HorizontalPodAutoscaler of autoscaling/v1: judged and stored as autoscaling/v2.
import type { HorizontalPodAutoscaler } from "../../../../facts/types/autoscaling.v1.ts";
import type { HorizontalPodAutoscaler as V2 } from "../../../../facts/types/autoscaling.v2.ts";
import { defineRules } from "../../kind.ts";
import { judgeAutoscaler, judgeAutoscalerStatus } from "../../lib/autoscaling/hpa-rules.ts";
import { fromV2, toV2 } from "./convert.ts";

/** Fields and the annotations beside them say the same thing, as after a way through v2 and back. */
function settle(draft: HorizontalPodAutoscaler): void {
  const { metadata, spec, status } = fromV2(toV2(draft));
  draft.metadata = metadata;
  draft.spec = spec;
  if (status !== undefined) draft.status = status;
}

export const horizontalPodAutoscalerV1Rules = defineRules<HorizontalPodAutoscaler>({
  default: (draft) => {
    draft.spec ??= {} as HorizontalPodAutoscaler["spec"];
    draft.spec.minReplicas ??= 1;
    settle(draft);
  },
  prepareUpdate: settle,
  validate: (autoscaler, { featureEnabled }) => judgeAutoscaler(toV2(autoscaler), { featureEnabled }),
  validateOnUpdate: false,
  validateUpdate: (autoscaler, old, { featureEnabled }) =>
    judgeAutoscaler(toV2(autoscaler), { old: toV2(old), featureEnabled }),
  status: { validateUpdate: (autoscaler) => judgeAutoscalerStatus(toV2(autoscaler)) },
  convert: { toStored: toV2, fromStored: (stored) => fromV2(stored as V2) },
});
