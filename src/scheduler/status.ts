// What is said about a pod and the nodes: why it does not fit, on which of them it would if others went.
import type { NodeInfo } from "./snapshot/node-info.ts";
import type { PodInfo } from "./snapshot/pod-info.ts";

/** Why a pod does not fit. No status is success. */
export interface Status {
  /** `unresolvable`: no preemption helps. `error`: something went wrong that is not the pod's fault. */
  readonly code: "unschedulable" | "unresolvable" | "error";
  readonly plugin: string;
  readonly reasons: readonly string[];
}

export const unschedulable = (plugin: string, ...reasons: string[]): Status => ({
  code: "unschedulable",
  plugin,
  reasons,
});
export const unresolvable = (plugin: string, ...reasons: string[]): Status => ({
  code: "unresolvable",
  plugin,
  reasons,
});
export const failed = (plugin: string, message: string): Status => ({ code: "error", plugin, reasons: [message] });

/** A node on which the pod would fit if some pods went. */
export interface Candidate {
  readonly nodeName: string;
  /** Most important first; at least one. */
  readonly victims: readonly PodInfo[];
  /** Numbers that say how little is lost; the first in which two candidates differ decides, the higher one is better. */
  readonly rank: readonly number[];
  /** Does the disruption budget of no victim get violated? */
  readonly clean: boolean;
}

/** Why no node was chosen. Upstream: framework.Diagnosis. */
export interface Diagnosis {
  readonly nodes: NodeInfo[];
  /** What the node of the same index was rejected with. */
  readonly statuses: Status[];
  /** Of the nodes that are not in `nodes`. */
  absent: Status;
  readonly unschedulablePlugins: Set<string>;
  preFilterMessage: string;
  postFilterMessage: string;
}

export const emptyDiagnosis = (): Diagnosis => ({
  nodes: [],
  statuses: [],
  absent: { code: "unresolvable", plugin: "", reasons: [] },
  unschedulablePlugins: new Set(),
  preFilterMessage: "",
  postFilterMessage: "",
});
