// The status of a pod as the API shall see it. Upstream: kubelet_pods.go generateAPIPodStatus. A plain function.
import type { ContainerStatus, Pod, PodCondition, PodStatus } from "../../api/index.ts";
import { formatTime } from "../../machinery/index.ts";
import { findObserved, type ObservedPod, sandboxChanged } from "../observed.ts";
import { ephemeralContainers, initContainers, isHostNetwork, isRestartableInit, isTerminalPhase } from "../pod.ts";
import { podLimits, podRequests, qosOf } from "../resources/requests.ts";
import { restartAllAsked } from "../sync/actions.ts";
import { ownConditions, podConditions } from "./conditions.ts";
import { containerStatuses, type StartFailure } from "./containers.ts";
import { podPhase } from "./phase.ts";

/** What probes say of a container; `pending` when a probe is there and has not run yet. */
export type ProbeVerdict = "success" | "failure" | "pending" | "none";

export interface GenerateInput {
  readonly pod: Pod;
  readonly observed: ObservedPod;
  /** The last status generated here, or the API's. */
  readonly old: PodStatus | undefined;
  readonly failures: ReadonlyMap<string, StartFailure>;
  /** The pod's containers will not run again. */
  readonly terminal: boolean;
  readonly startup: (containerId: string, containerName: string) => ProbeVerdict;
  readonly readiness: (containerId: string, containerName: string) => ProbeVerdict;
  readonly hostIps: readonly string[];
  readonly runtimeName: string;
  readonly recursiveReadOnlySupported: boolean;
  readonly nowMs: number;
  /** Why the node put the pod out, when it did. */
  readonly evicted?: { readonly reason: string; readonly message: string; readonly ownDoing?: boolean };
  /** The pod was active for longer than it may: it failed, however its containers end. */
  readonly overdue?: boolean;
  /** Conditions of a resize under way, and the resources that hold until it is done. */
  readonly resizeConditions?: readonly PodCondition[];
  /** Sizes that the runtime was told, by container. */
  readonly actuated?: ReadonlyMap<string, NonNullable<ContainerStatus["resources"]>>;
}

export const deadlineExceeded = {
  reason: "DeadlineExceeded",
  message: "Pod was active on the node longer than the specified deadline",
} as const;

const disruptionTarget = { type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet" } as const;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function generatePodStatus(input: GenerateInput): PodStatus {
  const { pod, observed, old } = input;
  const restartingAll = restartAllAsked(pod, observed);
  const part = (
    kind: "container" | "init" | "ephemeral",
    containers: Pod["spec"]["containers"],
    before: ContainerStatus[] | undefined,
  ): ContainerStatus[] => containerStatuses({ ...input, kind, containers, old: before ?? [], restartingAll });
  const statuses = part("container", pod.spec.containers, old?.containerStatuses).map((each) =>
    probed(input, each, "container"),
  );
  const initStatuses = part("init", [...initContainers(pod)], old?.initContainerStatuses).map((each) =>
    probed(
      input,
      each,
      isRestartableInit(initContainers(pod).find(({ name }) => name === each.name)!) ? "container" : "init",
    ),
  );
  const ephemeral = part(
    "ephemeral",
    ephemeralContainers(pod) as Pod["spec"]["containers"],
    old?.ephemeralContainerStatuses,
  );
  const status: Mutable<PodStatus> = { qosClass: qosOf(pod) };
  setPhase(input, status, [...statuses, ...initStatuses]);
  const others = [
    ...(pod.status?.conditions ?? []).filter((each) => !ownConditions.has(each.type)),
    ...(input.resizeConditions ?? []),
  ];
  const disruption = old?.conditions?.find((each) => each.type === "DisruptionTarget");
  if (disruption !== undefined && !others.some((each) => each.type === "DisruptionTarget")) others.push(disruption);
  if (input.evicted?.reason === "Evicted" && input.evicted.ownDoing !== true && disruption === undefined)
    others.push({
      ...disruptionTarget,
      message: input.evicted.message,
      lastTransitionTime: formatTime(input.nowMs),
      ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    });
  const conditions = podConditions({
    ...{ pod, phase: status.phase ?? "Pending", initStatuses, statuses, others, restartingAll, old },
    sandboxReady: !sandboxChanged(pod, observed).needed,
  });
  status.conditions = [...others, ...conditions];
  setAddresses(input, status);
  if (statuses.length > 0) status.containerStatuses = statuses;
  if (initStatuses.length > 0) status.initContainerStatuses = initStatuses;
  if (ephemeral.length > 0) status.ephemeralContainerStatuses = ephemeral;
  setResources(pod, status);
  return status;
}

function probed(input: GenerateInput, status: ContainerStatus, kind: "container" | "init"): ContainerStatus {
  const id = status.containerID?.split("://")[1] ?? "";
  const running = status.state?.running !== undefined;
  if (kind === "init") return { ...status, started: running, ready: status.state?.terminated?.exitCode === 0 };
  const startup = running ? input.startup(id, status.name) : "none";
  const started = running && (startup === "success" || startup === "none");
  if (!started) return { ...status, started, ready: false };
  const readiness = input.readiness(id, status.name);
  return { ...status, started, ready: readiness === "success" || readiness === "none" };
}

function setPhase(input: GenerateInput, status: Mutable<PodStatus>, statuses: readonly ContainerStatus[]): void {
  const { pod, observed, old } = input;
  const sandboxId = observed.sandboxes[0]?.id;
  const initialized = pod.spec.containers.some(
    (container) => findObserved(observed, container.name)?.sandboxId === sandboxId && sandboxId !== undefined,
  );
  status.phase = podPhase({ pod, statuses, terminal: input.terminal, initialized });
  if (!isTerminalPhase(status.phase)) {
    if (isTerminalPhase(old?.phase)) status.phase = old!.phase;
    else if (isTerminalPhase(pod.status?.phase)) status.phase = pod.status!.phase;
  }
  if (status.phase === old?.phase) {
    const reason = old?.reason || pod.status?.reason;
    const message = old?.message || pod.status?.message;
    if (reason) status.reason = reason;
    if (message) status.message = message;
  }
  if (input.overdue === true) Object.assign(status, { phase: "Failed", ...deadlineExceeded });
  if (input.evicted !== undefined) {
    const { reason, message } = input.evicted;
    Object.assign(status, { phase: "Failed", reason, message });
  }
  if (isTerminalPhase(pod.status?.phase)) status.phase = pod.status!.phase;
}

const isV4 = (ip: string): boolean => !ip.includes(":");

function setAddresses(input: GenerateInput, status: Mutable<PodStatus>): void {
  const { pod, observed, hostIps } = input;
  const preferV4 = hostIps[0] === undefined || isV4(hostIps[0]);
  const first = observed.ips.find((ip) => isV4(ip) === preferV4);
  const second = observed.ips.find((ip) => isV4(ip) !== preferV4);
  let podIps = [first, second].filter((ip) => ip !== undefined);
  if (hostIps[0] !== undefined) {
    status.hostIP = hostIps[0];
    status.hostIPs = hostIps.slice(0, 2).map((ip) => ({ ip }));
    if (isHostNetwork(pod) && podIps.length === 0) podIps = hostIps.slice(0, 2);
  }
  if (podIps[0] === undefined) return;
  status.podIP = podIps[0];
  status.podIPs = podIps.map((ip) => ({ ip }));
}

function setResources(pod: Pod, status: Mutable<PodStatus>): void {
  const requests = podRequests(pod);
  const limits = podLimits(pod);
  if (Object.keys(requests).length > 0) status.allocatedResources = requests;
  status.resources = {
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
    ...(Object.keys(requests).length > 0 ? { requests } : {}),
  };
}
