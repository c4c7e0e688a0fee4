export type { HorizontalPodAutoscalerSettings } from "./horizontalpodautoscaler/controller.ts";
export type { ControllerContext, ControllerEntry, ControllerOptions } from "./lib/index.ts";
export { controllers } from "./list.ts";
export { chooseControllers, type RunControllersOptions, runControllers } from "./run.ts";
