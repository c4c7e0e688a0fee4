// Conditions that the kubelet owns. Upstream: pkg/kubelet/status/generate.go.
import type { Container, ContainerStatus, Pod, PodCondition, PodStatus } from "../../api/index.ts";
import { findStatus, initContainers, isRestartableInit, mayRestartAll } from "../pod.ts";
import type { PodPhase } from "./phase.ts";

export interface ConditionsInput {
  readonly pod: Pod;
  readonly phase: PodPhase;
  readonly initStatuses: readonly ContainerStatus[];
  readonly statuses: readonly ContainerStatus[];
  /** Conditions that others own (and those of resizing): readiness gates look at them. */
  readonly others: readonly PodCondition[];
  readonly sandboxReady: boolean;
  readonly restartingAll: boolean;
  readonly old: PodStatus | undefined;
}

export const ownConditions: ReadonlySet<string> = new Set([
  ...["PodScheduled", "Ready", "Initialized", "ContainersReady", "PodReadyToStartContainers"],
  ...["PodResizePending", "PodResizeInProgress", "AllContainersRestarting"],
]);

type Verdict = Omit<PodCondition, "type" | "lastProbeTime" | "lastTransitionTime">;
const yes = (reason?: string): Verdict => (reason === undefined ? { status: "True" } : { status: "True", reason });
const no = (reason?: string, message?: string): Verdict => ({
  status: "False",
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined || message === "" ? {} : { message }),
});
const names = (list: readonly string[]): string => `[${list.join(" ")}]`;

/** In upstream's order, without times. */
export function podConditions(input: ConditionsInput): PodCondition[] {
  const generation = input.pod.metadata.generation;
  const make = (type: string, verdict: Verdict): PodCondition => ({
    type,
    ...verdict,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  });
  const containersReady = containersReadyVerdict(input);
  const conditions = [
    make("PodReadyToStartContainers", input.sandboxReady ? yes() : no()),
    make("Initialized", initializedVerdict(input)),
    make("Ready", containersReady.status === "True" ? gatesVerdict(input) : containersReady),
    make("ContainersReady", containersReady),
    make("PodScheduled", yes()),
  ];
  if (mayRestartAll(input.pod)) conditions.push({ type: "AllContainersRestarting", ...restartingVerdict(input) });
  return conditions;
}

function containersReadyVerdict({ pod, phase, initStatuses, statuses }: ConditionsInput): Verdict {
  const all = [...initStatuses, ...statuses];
  const unknown: string[] = [];
  const unready: string[] = [];
  for (const container of [...initContainers(pod).filter(isRestartableInit), ...pod.spec.containers]) {
    const status = findStatus(all, container.name);
    if (status === undefined) unknown.push(container.name);
    else if (!status.ready) unready.push(container.name);
  }
  if (phase === "Succeeded" && unknown.length === 0) return no("PodCompleted");
  if (phase === "Failed") return no("PodFailed");
  const message = [
    ...(unknown.length > 0 ? [`containers with unknown status: ${names(unknown)}`] : []),
    ...(unready.length > 0 ? [`containers with unready status: ${names(unready)}`] : []),
  ].join(", ");
  return message === "" ? yes() : no("ContainersNotReady", message);
}

function gatesVerdict({ pod, others }: ConditionsInput): Verdict {
  const messages = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = others.find((each) => each.type === conditionType);
    if (condition === undefined)
      return [`corresponding condition of pod readiness gate ${JSON.stringify(conditionType)} does not exist.`];
    if (condition.status !== "True")
      return [
        `the status of pod readiness gate ${JSON.stringify(conditionType)} is not "True", but ${condition.status}`,
      ];
    return [];
  });
  return messages.length === 0 ? yes() : no("ReadinessGatesNotReady", messages.join(", "));
}

const initDone = (container: Container, status: ContainerStatus): boolean =>
  isRestartableInit(container) ? status.started === true : status.ready;

function initializedVerdict({ pod, phase, initStatuses, statuses, old }: ConditionsInput): Verdict {
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of initContainers(pod)) {
    const status = findStatus(initStatuses, container.name);
    if (status === undefined) unknown.push(container.name);
    else if (!initDone(container, status)) incomplete.push(container.name);
  }
  if (phase === "Succeeded" && unknown.length === 0) return yes("PodCompleted");
  if (pod.spec.containers.some((container) => hasStarted(findStatus(statuses, container.name)))) return yes();
  const message = [
    ...(unknown.length > 0 ? [`containers with unknown status: ${names(unknown)}`] : []),
    ...(incomplete.length > 0 ? [`containers with incomplete status: ${names(incomplete)}`] : []),
  ].join(", ");
  if (message === "") return yes();
  // Once initialized, a pod stays so, even while all its containers restart in place.
  if (old?.conditions?.some((each) => each.type === "Initialized" && each.status === "True")) return yes();
  return no("ContainersNotInitialized", message);
}

const hasStarted = (status: ContainerStatus | undefined): boolean =>
  status?.state?.running !== undefined || status?.state?.terminated !== undefined;

function restartingVerdict({ phase, restartingAll }: ConditionsInput): Verdict {
  if (phase === "Succeeded") return no("PodCompleted");
  if (phase === "Failed") return no("PodFailed");
  return restartingAll
    ? { status: "True", reason: "RestartAllContainersStarted", message: "container exited with restart policy rule" }
    : no();
}
