export type { HorizontalPodAutoscalerSettings } from "./horizontalpodautoscaler/controller.ts";
export type { ControllerContext, ControllerEntry, ControllerOptions } from "./lib/index.ts";
export { controllers } from "./list.ts";
export type { NodeLifecycleSettings } from "./node-lifecycle/controller.ts";
export { chooseControllers, type RunControllersOptions, runControllers } from "./run.ts";
