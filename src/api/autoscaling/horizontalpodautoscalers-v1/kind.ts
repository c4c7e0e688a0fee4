// HorizontalPodAutoscaler: autoscaling/v1 horizontalpodautoscalers.
import type { HorizontalPodAutoscaler } from "../../../../facts/types/autoscaling.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { autoscalerColumns } from "../../lib/autoscaling/hpa-columns.ts";
import { toV2 } from "./convert.ts";

export const horizontalPodAutoscalersV1 = defineKind<HorizontalPodAutoscaler>({
  group: "autoscaling",
  version: "v1",
  kind: "HorizontalPodAutoscaler",
  resource: "horizontalpodautoscalers",
  singular: "horizontalpodautoscaler",
  shortNames: ["hpa"],
  categories: ["all"],
  namespaced: true,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  storedAs: { group: "autoscaling", version: "v2" },
  columns: autoscalerColumns<HorizontalPodAutoscaler>("autoscaling/v1/HorizontalPodAutoscaler", toV2),
});
