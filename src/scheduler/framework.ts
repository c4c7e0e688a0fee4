// What a plugin is. One scheduling decision walks the extension points in this order:
//
//   preEnqueue → less (queue order) → filter → postFilter (nobody fits) → score → reserve → permit → preBind → bind → postBind
//
// Filter and score are made per pod: `filter(pod)` looks at the pod once (upstream's PreFilter) and returns the check that
// runs for each node, or `skip` when it has nothing to say about this pod; `score(pod, nodes, out)` writes the finished,
// normalized scores of all feasible nodes at once (upstream's PreScore, Score and NormalizeScore). The hot loops
// therefore allocate nothing per node. Upstream: k8s.io/kube-scheduler/framework, KEP-624, KEP-4247 (queueing hints).
import type { Node, PersistentVolumeClaim, Pod } from "../api/index.ts";
import type { KubeObject } from "../machinery/index.ts";
import type { NodeInfo } from "./snapshot/node-info.ts";
import type { PodInfo } from "./snapshot/pod-info.ts";
import type { Diagnosis, Status } from "./status.ts";
import type { Sheet } from "./verdicts.ts";

export {
  type Candidate,
  type Diagnosis,
  emptyDiagnosis,
  failed,
  type Status,
  unresolvable,
  unschedulable,
} from "./status.ts";

export const maxNodeScore = 100;

/** The check of one plugin for one pod. What-if changes come in pairs (add/remove) and concern the node being checked. */
export interface NodeFilter {
  /** Only these nodes can fit (upstream's PreFilterResult.NodeNames). */
  readonly nodeNames?: ReadonlySet<string>;
  check(node: NodeInfo): Status | undefined;
  /** What if `other` were on this node (a nominated pod, a reprieved victim)? */
  add?(other: PodInfo, node: NodeInfo): void;
  /** What if `other` were not (a victim)? */
  remove?(other: PodInfo, node: NodeInfo): void;
  /**
   * Everything about the pod that the verdict depends on, when it depends on nothing besides but the node and the pods on it, and is
   * never an error: pods of equal signature are told the same about a node that has not changed. Absent: it depends on more.
   */
  sign?(): string;
}

export type FilterStep = { readonly kind: "skip" } | { readonly kind: "reject"; readonly status: Status } | NodeCheck;
export interface NodeCheck {
  readonly kind: "check";
  readonly filter: NodeFilter;
}

export const skip: FilterStep = { kind: "skip" };
export const reject = (status: Status): FilterStep => ({ kind: "reject", status });
export const check = (filter: NodeFilter): FilterStep => ({ kind: "check", filter });

export interface PostFilterResult {
  /** Undefined: done something that will make the pod fit later. */
  readonly status: Status | undefined;
  /** A node name nominates the pod, "" clears its nomination, undefined leaves it. */
  readonly nominatedNodeName?: string;
}

/** The filters that take part in the decision on one pod, and what they said. */
export interface FilterRun {
  /** All filters on one node, twice when pods of equal or higher priority are nominated to it. */
  check(node: NodeInfo): Status | undefined;
  add(other: PodInfo, node: NodeInfo): void;
  remove(other: PodInfo, node: NodeInfo): void;
  /** Of all that the filters' verdicts depend on about the pod; undefined when a filter does not sign. */
  signature(): string | undefined;
  /** Where this very pod is nominated: it does not reckon with that, others do, so what it is told there is about it alone. */
  readonly ownNode: NodeInfo | undefined;
  /** What pods with this signature were told, once one of them fitted nowhere. */
  sheet: Sheet | undefined;
}

export interface Plugin {
  readonly name: string;
  /** May the pod enter the active queue? */
  preEnqueue?(pod: Pod): Status | undefined;
  /** Is `a` scheduled before `b`? Exactly one plugin of a profile has it. */
  less?(a: QueueOrder, b: QueueOrder): boolean;
  filter?(pod: PodInfo): FilterStep;
  postFilter?(pod: PodInfo, run: FilterRun, diagnosis: Diagnosis): PostFilterResult;
  /** Fills out[i] with the score 0…100 of nodes[i]; false: all nodes are equal to this plugin and `out` is not filled. */
  score?(pod: PodInfo, nodes: readonly NodeInfo[], out: Float64Array): boolean;
  reserve?(pod: PodInfo, nodeName: string): Status | undefined;
  unreserve?(pod: PodInfo, nodeName: string): void;
  /** A promise lets the pod wait with its place reserved; what it resolves to decides. */
  permit?(pod: PodInfo, nodeName: string, signal: AbortSignal): Status | undefined | Promise<Status | undefined>;
  preBind?(pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<void>;
  /** Exactly one plugin of a profile has it. Throws when the pod is not bound. */
  bind?(pod: PodInfo, nodeName: string): Promise<void>;
  postBind?(pod: PodInfo, nodeName: string): void;
  /** What may make a pod schedulable that this plugin rejected. */
  readonly events?: readonly EventRegistration[];
}

export interface QueueOrder {
  readonly info: PodInfo;
  /** Clock.now() of entering the queue. */
  readonly timestampMs: number;
}

/** Bits, so that one registration can name several. Names and order are upstream's fwk.ActionType. */
export const action = {
  add: 1 << 0,
  delete: 1 << 1,
  updateNodeAllocatable: 1 << 2,
  updateNodeLabel: 1 << 3,
  updateNodeTaint: 1 << 4,
  updateNodeCondition: 1 << 5,
  updateNodeAnnotation: 1 << 6,
  updateNodeDeclaredFeature: 1 << 7,
  updatePodLabel: 1 << 8,
  updatePodScaleDown: 1 << 9,
  updatePodToleration: 1 << 10,
  updatePodSchedulingGatesEliminated: 1 << 11,
  updatePodGeneratedResourceClaim: 1 << 12,
  update: 0x1ffc,
  all: 0x1fff,
} as const;

export type EventResource =
  | "Pod"
  | "AssignedPod"
  | "UnscheduledPod"
  | "Node"
  | "PersistentVolume"
  | "PersistentVolumeClaim"
  | "StorageClass"
  | "*";

export interface ClusterEvent {
  readonly resource: EventResource;
  readonly action: number;
  /** In metrics and logs. */
  readonly label: string;
}

export interface EventRegistration {
  readonly resource: EventResource;
  readonly action: number;
  /** Could this change make `pod` schedulable? Always, when not given. `before` is absent for add, `after` for delete. */
  hint?(pod: PodInfo, before: KubeObject | undefined, after: KubeObject | undefined): boolean;
}

const isWildcard = (event: { resource: EventResource; action: number }): boolean =>
  event.resource === "*" && event.action === action.all;

/** A wildcard that comes in matches only a wildcard registration, as upstream has it: it is handled before this. */
export function eventMatches(registered: { resource: EventResource; action: number }, incoming: ClusterEvent): boolean {
  if (isWildcard(registered)) return true;
  const sameResource =
    registered.resource === incoming.resource ||
    registered.resource === "*" ||
    (registered.resource === "Pod" && (incoming.resource === "AssignedPod" || incoming.resource === "UnscheduledPod"));
  return sameResource && (registered.action & incoming.action) !== 0 && incoming.action <= registered.action;
}

export const isWildcardEvent = (event: ClusterEvent): boolean => isWildcard(event);

/** Narrow what a hint gets: registrations name the resource, so the kind is known. */
export const asPod = (object: KubeObject | undefined): Pod | undefined => object as Pod | undefined;
export const asNode = (object: KubeObject | undefined): Node | undefined => object as Node | undefined;
export const asClaim = (object: KubeObject | undefined): PersistentVolumeClaim | undefined =>
  object as PersistentVolumeClaim | undefined;
