// The phase of a pod from its container statuses. Upstream: pkg/kubelet/kubelet_pods.go getPhase.
import type { ContainerStatus, Pod } from "../../api/index.ts";
import { findStatus, initContainers, isRestartableInit, isStaticPod, restartsAfterExit } from "../pod.ts";

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

export const restartingAllContainers = "RestartingAllContainers";

export interface PhaseInput {
  readonly pod: Pod;
  /** Of containers and init containers. */
  readonly statuses: readonly ContainerStatus[];
  /** The pod will not run again whatever its restart policy says. */
  readonly terminal: boolean;
  /** A regular container is or was running in the present sandbox. */
  readonly initialized: boolean;
}

type Container = Pod["spec"]["containers"][number];
type Terminated = NonNullable<NonNullable<ContainerStatus["state"]>["terminated"]>;

const restartable = (pod: Pod, container: Container, end: Terminated): boolean =>
  restartsAfterExit(container, pod.spec, end.exitCode) || end.reason === restartingAllContainers;

/** How the container ended: now, or before the wait it is in. */
const endOf = (status: ContainerStatus): Terminated | undefined =>
  status.state?.terminated ?? (status.state?.waiting !== undefined ? status.lastState?.terminated : undefined);

export function podPhase(input: PhaseInput): PodPhase {
  const { pod, statuses } = input;
  const init = countInit(input);
  if (init.failed > 0) return "Failed";
  const count = { unknown: 0, running: 0, waiting: init.waiting, stopped: 0, final: 0, succeeded: 0 };
  for (const container of initContainers(pod))
    if (isRestartableInit(container)) {
      const status = findStatus(statuses, container.name);
      if (status?.state?.running !== undefined) count.running++;
      else if (status === undefined || (status.state?.waiting === undefined && status.state?.terminated === undefined))
        count.unknown++;
    }
  for (const container of pod.spec.containers) {
    const status = findStatus(statuses, container.name);
    const end = status === undefined ? undefined : endOf(status);
    if (status?.state?.running !== undefined) count.running++;
    else if (end !== undefined) {
      count.stopped++;
      if (!restartable(pod, container, end)) count.final++;
      if (status?.state?.terminated?.exitCode === 0) count.succeeded++;
    } else if (status?.state?.waiting !== undefined) count.waiting++;
    else count.unknown++;
  }
  if (init.pending > 0 || (init.pendingSidecars > 0 && !input.initialized) || count.waiting > 0) return "Pending";
  if (count.running > 0 && count.unknown === 0) return "Running";
  if (count.running === 0 && count.stopped > 0 && count.unknown === 0) {
    if ((!input.terminal || isStaticPod(pod)) && count.stopped !== count.final) return "Running";
    return count.stopped === count.succeeded ? "Succeeded" : "Failed";
  }
  return "Pending";
}

function countInit({ pod, statuses }: PhaseInput): {
  pending: number;
  pendingSidecars: number;
  failed: number;
  waiting: number;
} {
  const count = { pending: 0, pendingSidecars: 0, failed: 0, waiting: 0 };
  for (const container of initContainers(pod)) {
    const status = findStatus(statuses, container.name);
    if (isRestartableInit(container)) {
      if (status === undefined) continue;
      if (status.state?.running !== undefined) {
        if (status.started !== true) count.pendingSidecars++;
      } else if (status.state?.waiting !== undefined) {
        if (status.lastState?.terminated === undefined) {
          count.pendingSidecars++;
          count.waiting++;
        }
      } else if (status.state?.terminated === undefined) count.pendingSidecars++;
      continue;
    }
    const end = status === undefined ? undefined : endOf(status);
    if (end === undefined) count.pending++;
    else if (end.exitCode !== 0 && !restartable(pod, container, end)) count.failed++;
  }
  return count;
}
