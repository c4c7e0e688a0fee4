// HorizontalPodAutoscaler: autoscaling/v2 horizontalpodautoscalers.
import type { HorizontalPodAutoscaler } from "../../../../facts/types/autoscaling.v2.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { autoscalerColumns } from "../../lib/autoscaling/hpa-columns.ts";

export const horizontalPodAutoscalers = defineKind<HorizontalPodAutoscaler>({
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  resource: "horizontalpodautoscalers",
  singular: "horizontalpodautoscaler",
  shortNames: ["hpa"],
  categories: ["all"],
  namespaced: true,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: autoscalerColumns<HorizontalPodAutoscaler>("autoscaling/v2/HorizontalPodAutoscaler", (each) => each),
});
