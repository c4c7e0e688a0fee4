// Topology spread constraints of a pod, compiled: its own, or the system's defaults for pods that belong to a Service or a
// controller (hostname with skew 3 and zone with skew 5, soft). KEP-895, KEP-1258, KEP-3022, KEP-3094, KEP-3243.
import type { Pod, TopologySpreadConstraint } from "../../../api/index.ts";
import { controllerOf, type LabelSelector } from "../../../machinery/index.ts";
import type { Handle, Listers } from "../../handle.ts";
import type { NodeMatcher } from "../../lib/node-selector.ts";
import { compileSelector, matchesNothing, type Selector } from "../../lib/selectors.ts";
import { hasUntoleratedTaint } from "../../lib/taints.ts";
import type { NodeInfo } from "../../snapshot/node-info.ts";
import type { PodCounter } from "../../snapshot/pod-counters.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";
import { noDomain, type TopologyColumn } from "../../snapshot/topology.ts";

export const hostnameKey = "kubernetes.io/hostname";
const zoneKey = "topology.kubernetes.io/zone";

export interface SpreadConstraint {
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly honorsAffinity: boolean;
  readonly honorsTaints: boolean;
  readonly topologyKey: string;
  readonly selectors: readonly Selector[];
}

export const matchesAll = (
  constraint: SpreadConstraint,
  labels: Readonly<Record<string, string>> | undefined,
): boolean => constraint.selectors.every((selector) => selector.matches(labels));

type Reaction = TopologySpreadConstraint["whenUnsatisfiable"];

/** Empty when the pod has none with this reaction. */
export function spreadConstraints(listers: Listers, pod: PodInfo, reaction: Reaction): SpreadConstraint[] {
  const own = pod.pod.spec?.topologySpreadConstraints ?? [];
  if (own.length > 0)
    return own.filter((each) => each.whenUnsatisfiable === reaction).map((each) => compile(each, pod.labels));
  if (reaction !== "ScheduleAnyway") return [];
  const selectors = ownersSelectors(listers, pod.pod);
  if (selectors.every((selector) => selector.everything)) return [];
  return [
    { ...softDefault, topologyKey: hostnameKey, maxSkew: 3, selectors },
    { ...softDefault, topologyKey: zoneKey, maxSkew: 5, selectors },
  ];
}

const softDefault = { minDomains: 1, honorsAffinity: true, honorsTaints: false };

function compile(
  constraint: TopologySpreadConstraint,
  labels: Readonly<Record<string, string>> | undefined,
): SpreadConstraint {
  const selectors = [compileSelector(constraint.labelSelector)];
  const matchLabels: Record<string, string> = {};
  for (const key of constraint.matchLabelKeys ?? []) if (labels?.[key] !== undefined) matchLabels[key] = labels[key];
  if (Object.keys(matchLabels).length > 0) selectors.push(compileSelector({ matchLabels }));
  return {
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    honorsAffinity: constraint.nodeAffinityPolicy !== "Ignore",
    honorsTaints: constraint.nodeTaintsPolicy === "Honor",
    topologyKey: constraint.topologyKey,
    selectors,
  };
}

/** Selectors of the Services and the controller that the pod belongs to. Upstream: helper.DefaultSelector. */
function ownersSelectors(listers: Listers, pod: Pod): Selector[] {
  const namespace = pod.metadata.namespace ?? "";
  let pairs: Record<string, string> | undefined;
  for (const service of listers.services.list(namespace)) {
    const selector = service.spec?.selector;
    if (selector !== undefined && isSubset(selector, pod.metadata.labels)) pairs = { ...pairs, ...selector };
  }
  const owner = controllerOf(pod);
  let more: LabelSelector | undefined;
  if (owner?.apiVersion === "v1" && owner.kind === "ReplicationController")
    pairs = { ...pairs, ...listers.replicationControllers.get(namespace, owner.name)?.spec?.selector };
  else if (owner?.apiVersion === "apps/v1" && owner.kind === "ReplicaSet")
    more = listers.replicaSets.get(namespace, owner.name)?.spec?.selector;
  else if (owner?.apiVersion === "apps/v1" && owner.kind === "StatefulSet")
    more = listers.statefulSets.get(namespace, owner.name)?.spec?.selector;
  const selectors: Selector[] = [];
  if (pairs !== undefined) selectors.push(compileSelector({ matchLabels: pairs }));
  if (more !== undefined) selectors.push(compileSelector(more));
  return selectors;
}

function isSubset(
  pairs: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  for (const key in pairs) if (labels?.[key] !== pairs[key]) return false;
  return true;
}

/** A constraint with the columns it counts over. */
export interface CountedConstraint extends SpreadConstraint {
  readonly column: TopologyColumn;
  readonly counter: PodCounter;
}

/** A selector that asks nothing counts nothing, as upstream has it. */
export function counted(handle: Handle, pod: PodInfo, constraint: SpreadConstraint): CountedConstraint {
  const asksNothing = constraint.selectors.every((selector) => selector.everything);
  return {
    ...constraint,
    column: handle.snapshot.topology.column(constraint.topologyKey),
    counter: handle.snapshot.counters.get({
      namespaces: [pod.namespace],
      selectors: asksNothing ? [matchesNothing] : constraint.selectors,
      terminating: false,
    }),
  };
}

/** Does the node count for the constraint (node inclusion policies)? */
export const isIncluded = (
  constraint: SpreadConstraint,
  node: NodeInfo,
  pod: { readonly matchesNode: NodeMatcher | undefined; readonly info: PodInfo },
): boolean =>
  !(constraint.honorsAffinity && pod.matchesNode !== undefined && !pod.matchesNode(node)) &&
  !(constraint.honorsTaints && hasUntoleratedTaint(node.hardTaints, pod.info.pod.spec?.tolerations));

/** Every node counts for every constraint, so the counters' sums by domain serve as they are. */
export function includesAllNodes(
  handle: Handle,
  constraints: readonly CountedConstraint[],
  matchesNode: NodeMatcher | undefined,
): boolean {
  for (const constraint of constraints) {
    if (constraint.honorsAffinity && matchesNode !== undefined) return false;
    if (constraint.honorsTaints && handle.snapshot.marked.hardTaints > 0) return false;
  }
  return true;
}

/** The node has all the labels. */
export function hasAllKeys(constraints: readonly CountedConstraint[], node: NodeInfo): boolean {
  for (const { column } of constraints) if (column.domainOf[node.slot] === noDomain) return false;
  return true;
}
