// What the runtime says of one pod, newest first. Upstream: kubecontainer.PodStatus.
import type { Pod } from "../api/index.ts";
import type { ContainerStatus, PodSandboxStatus } from "../runtime/index.ts";
import { isHostNetwork } from "./pod.ts";

export interface ObservedContainer extends ContainerStatus {
  /** Of the container's spec when it was created; undefined when nobody noted it. */
  readonly hash: string | undefined;
}

export interface ObservedPod {
  readonly uid: string;
  readonly ips: readonly string[];
  readonly sandboxes: readonly PodSandboxStatus[];
  readonly containers: readonly ObservedContainer[];
}

/** The newest container of that name. */
export const findObserved = (observed: ObservedPod, name: string): ObservedContainer | undefined =>
  observed.containers.find((each) => each.name === name);

export const runningContainers = (observed: ObservedPod): readonly ObservedContainer[] =>
  observed.containers.filter((each) => each.state === "running" || each.state === "unknown");

export interface SandboxVerdict {
  readonly needed: boolean;
  readonly attempt: number;
  readonly sandboxId: string;
}

/** Whether the pod needs a new sandbox: none is ready, several are, or it has no address. */
export function sandboxChanged(pod: Pod, observed: ObservedPod): SandboxVerdict {
  const newest = observed.sandboxes[0];
  if (newest === undefined) return { needed: true, attempt: 0, sandboxId: "" };
  const again = { needed: true, attempt: newest.attempt + 1, sandboxId: newest.id };
  if (observed.sandboxes.filter((each) => each.state === "ready").length > 1 || newest.state !== "ready") return again;
  if (!isHostNetwork(pod) && newest.ips.length === 0) return again;
  return { needed: false, attempt: newest.attempt, sandboxId: newest.id };
}
