// Preferred terms: the pod's own about the pods there are, and theirs about the pod; required affinity of others counts with
// weight 1, so that pods which need each other come close early.
import { maxNodeScore } from "../../framework.ts";
import { type Handle, namespaceLabels } from "../../handle.ts";
import type { WeightedTerm } from "../../lib/affinity-terms.ts";
import type { NodeInfo } from "../../snapshot/node-info.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";
import type { TermGroup } from "../../snapshot/term-index.ts";
import { noDomain, type TopologyColumn } from "../../snapshot/topology.ts";
import { namespacesOf } from "./namespaces.ts";

const hardAffinityWeight = 1;

/** Column → domain number → score. */
type DomainScores = Map<TopologyColumn, Float64Array>;

function scoresOf(scores: DomainScores, column: TopologyColumn): Float64Array {
  let found = scores.get(column);
  if (found === undefined) {
    found = new Float64Array(column.nodesIn.length);
    scores.set(column, found);
  }
  return found;
}

function addOwn(handle: Handle, scores: DomainScores, { term, weight }: WeightedTerm): void {
  const counter = handle.snapshot.counters.get({
    namespaces: namespacesOf(handle.listers, term),
    selectors: [term.selector],
    terminating: true,
  });
  if (counter.total === 0) return;
  const column = handle.snapshot.topology.column(term.topologyKey);
  const sums = scoresOf(scores, column);
  const inDomain = counter.inDomains(column);
  for (let domain = 0; domain < inDomain.length; domain++) sums[domain]! += weight * inDomain[domain]!;
}

function addGroups(scores: DomainScores, groups: readonly TermGroup[], weightOf: (group: TermGroup) => number): void {
  for (const group of groups) {
    if (group.inDomain.size === 0) continue;
    const sums = scoresOf(scores, group.column);
    const weight = weightOf(group);
    for (const [domain, pods] of group.inDomain) sums[domain]! += weight * pods;
  }
}

export function affinityScore(handle: Handle, pod: PodInfo, nodes: readonly NodeInfo[], out: Float64Array): boolean {
  const { terms } = handle.snapshot;
  const labels = namespaceLabels(handle.listers, pod.namespace);
  const scores: DomainScores = new Map();
  for (const each of pod.terms.preferredAffinity) addOwn(handle, scores, each);
  for (const each of pod.terms.preferredAntiAffinity) addOwn(handle, scores, { ...each, weight: -each.weight });
  addGroups(scores, terms.matching("requiredAffinity", pod, labels), () => hardAffinityWeight);
  addGroups(scores, terms.matching("preferredAffinity", pod, labels), (group) => group.weight);
  addGroups(scores, terms.matching("preferredAntiAffinity", pod, labels), (group) => -group.weight);
  if (scores.size === 0) return false;
  for (let index = 0; index < nodes.length; index++) {
    let sum = 0;
    for (const [column, sums] of scores) {
      const domain = column.domainOf[nodes[index]!.slot]!;
      if (domain !== noDomain) sum += sums[domain]!;
    }
    out[index] = sum;
  }
  stretch(out, nodes.length);
  return true;
}

/** The lowest becomes 0, the highest 100; all equal: 0. */
function stretch(scores: Float64Array, count: number): void {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < count; index++) {
    least = Math.min(least, scores[index]!);
    most = Math.max(most, scores[index]!);
  }
  const range = most - least;
  for (let index = 0; index < count; index++)
    scores[index] = range === 0 ? 0 : Math.trunc(maxNodeScore * ((scores[index]! - least) / range));
}
