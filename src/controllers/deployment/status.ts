// Status and conditions. Upstream: pkg/controller/deployment/progress.go, sync.go.
import type { apps_v1 } from "../../api/index.ts";
import { formatTime, parseTime } from "../../machinery/index.ts";
import {
  type Deployment,
  hasProgressDeadline,
  maxUnavailable,
  type ReplicaSet,
  replicasOf,
  sumReplicas,
  sumStatus,
  sumTerminating,
} from "./arithmetic.ts";

export type Status = apps_v1.DeploymentStatus;
type Condition = apps_v1.DeploymentCondition;

export const conditionOf = (status: Status | undefined, type: string): Condition | undefined =>
  status?.conditions?.find((condition) => condition.type === type);

const withoutCondition = (status: Status, type: string): Status => ({
  ...status,
  conditions: (status.conditions ?? []).filter((condition) => condition.type !== type),
});

export interface NewCondition {
  readonly type: "Progressing" | "Available" | "ReplicaFailure";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** Same status and reason: nothing changes, not even the message. Same status: the transition time stays. */
export function withCondition(status: Status, condition: NewCondition, nowMs: number): Status {
  const before = conditionOf(status, condition.type);
  if (before?.status === condition.status && before.reason === condition.reason) return status;
  const now = formatTime(nowMs);
  const lastTransitionTime = before?.status === condition.status ? (before.lastTransitionTime ?? now) : now;
  const rest = withoutCondition(status, condition.type);
  const next: Condition = { ...condition, lastUpdateTime: now, lastTransitionTime };
  return { ...rest, conditions: [...(rest.conditions ?? []), next] };
}

export interface StatusView {
  readonly deployment: Deployment;
  /** Conditions and collision count so far. */
  readonly status: Status;
  readonly all: readonly ReplicaSet[];
  readonly fresh: ReplicaSet | undefined;
  readonly tellsTerminating: boolean;
  readonly nowMs: number;
}

/** The counters, and the Available condition. */
export function countedStatus(view: StatusView): Status {
  const { deployment, all, fresh } = view;
  const available = sumStatus(all, "availableReplicas");
  const terminating = view.tellsTerminating ? sumTerminating(all) : undefined;
  const status: Status = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sumStatus(all, "replicas"),
    updatedReplicas: fresh === undefined ? 0 : sumStatus([fresh], "replicas"),
    readyReplicas: sumStatus(all, "readyReplicas"),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sumReplicas(all) - available),
    ...(terminating !== undefined ? { terminatingReplicas: terminating } : {}),
    ...(view.status.collisionCount !== undefined ? { collisionCount: view.status.collisionCount } : {}),
    conditions: view.status.conditions ?? [],
  };
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment);
  return withCondition(
    status,
    enough
      ? {
          type: "Available",
          status: "True",
          reason: "MinimumReplicasAvailable",
          message: "Deployment has minimum availability.",
        }
      : {
          type: "Available",
          status: "False",
          reason: "MinimumReplicasUnavailable",
          message: "Deployment does not have minimum availability.",
        },
    view.nowMs,
  );
}

export function isComplete(deployment: Deployment, status: Status | undefined): boolean {
  const replicas = replicasOf(deployment);
  return (
    (status?.updatedReplicas ?? 0) === replicas &&
    (status?.replicas ?? 0) === replicas &&
    (status?.availableReplicas ?? 0) === replicas &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function isProgressing(before: Status, after: Status): boolean {
  const grew = (field: "updatedReplicas" | "readyReplicas" | "availableReplicas"): boolean =>
    (after[field] ?? 0) > (before[field] ?? 0);
  const old = (status: Status): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return grew("updatedReplicas") || old(after) < old(before) || grew("readyReplicas") || grew("availableReplicas");
}

function hasTimedOut(deployment: Deployment, status: Status, nowMs: number): boolean {
  const condition = conditionOf(status, "Progressing");
  if (condition === undefined || condition.reason === "NewReplicaSetAvailable") return false;
  if (condition.reason === "ProgressDeadlineExceeded") return true;
  return parseTime(condition.lastUpdateTime) + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 < nowMs;
}

/** The whole status of a deployment that rolls out: counters and all conditions. */
export function rolloutStatus(view: StatusView): Status {
  const { deployment, fresh, nowMs } = view;
  let status = countedStatus(view);
  if (!hasProgressDeadline(deployment)) status = withoutCondition(status, "Progressing");
  else status = withProgress(view, status);
  const failure = [...(fresh ? [fresh] : []), ...view.all]
    .flatMap((set) => set.status?.conditions ?? [])
    .find((condition) => condition.type === "ReplicaFailure");
  if (failure === undefined) return withoutCondition(status, "ReplicaFailure");
  const { status: truth, reason = "", message = "" } = failure;
  const told: NewCondition = { type: "ReplicaFailure", status: truth as "True", reason, message };
  return withCondition(status, told, parseTime(failure.lastTransitionTime) || nowMs);
}

function withProgress(view: StatusView, status: Status): Status {
  const { deployment, fresh, nowMs } = view;
  const before = conditionOf(view.status, "Progressing");
  if (status.replicas === status.updatedReplicas && before?.reason === "NewReplicaSetAvailable") return status;
  const subject =
    fresh === undefined
      ? `Deployment ${JSON.stringify(deployment.metadata.name)}`
      : `ReplicaSet ${JSON.stringify(fresh.metadata.name)}`;
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    const reason = "NewReplicaSetAvailable";
    return withCondition(status, { type: "Progressing", status: "True", reason, message }, nowMs);
  }
  if (isProgressing(deployment.status ?? {}, status)) {
    // Progress renews the update time, which the deadline counts from, also when nothing else of the condition changes.
    const now = formatTime(nowMs);
    const condition: Condition = {
      type: "Progressing",
      status: "True",
      lastUpdateTime: now,
      lastTransitionTime: before?.status === "True" ? (before.lastTransitionTime ?? now) : now,
      reason: "ReplicaSetUpdated",
      message: `${subject} is progressing.`,
    };
    const rest = withoutCondition(status, "Progressing");
    return { ...rest, conditions: [...(rest.conditions ?? []), condition] };
  }
  if (!hasTimedOut(deployment, status, nowMs)) return status;
  const message = `${subject} has timed out progressing.`;
  const reason = "ProgressDeadlineExceeded";
  return withCondition(status, { type: "Progressing", status: "False", reason, message }, nowMs);
}

/** Milliseconds until the progress deadline should be looked at again; undefined when there is nothing to wait for. */
export function deadlineCheckMs(deployment: Deployment, status: Status, nowMs: number): number | undefined {
  const condition = conditionOf(deployment.status, "Progressing");
  if (!hasProgressDeadline(deployment) || condition === undefined) return undefined;
  if (isComplete(deployment, status) || condition.reason === "ProgressDeadlineExceeded") return undefined;
  const leftMs = parseTime(condition.lastUpdateTime) + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 - nowMs;
  return Math.max(leftMs, 0) + 1000;
}
