// Conditions of an autoscaler: one of each type, in the order in which they first appeared.
import type { autoscaling_v2 } from "../../api/index.ts";
import { formatTime } from "../../machinery/index.ts";

type Status = autoscaling_v2.HorizontalPodAutoscalerStatus;

interface Condition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

/** The time moves only with the status. */
export function setCondition(status: Status, condition: Condition, nowMs: number): Status {
  const before = status.conditions ?? [];
  const known = before.find((each) => each.type === condition.type);
  const kept = known?.status === condition.status ? known.lastTransitionTime : undefined;
  const { type, status: is, reason, message } = condition;
  const made = { type, status: is, lastTransitionTime: kept ?? formatTime(nowMs), reason, message };
  const conditions = known ? before.map((each) => (each === known ? made : each)) : [...before, made];
  return { ...status, conditions };
}

export const removeCondition = (status: Status, type: string): Status =>
  status.conditions === undefined
    ? status
    : { ...status, conditions: status.conditions.filter((each) => each.type !== type) };

export const conditionIs = (status: Status, type: string, is: "True" | "False"): boolean =>
  status.conditions?.find((each) => each.type === type)?.status === is;
