// Hard constraints: the node's domain may have at most maxSkew more matching pods than the emptiest domain.
import { check, type FilterStep, type NodeFilter, skip, unresolvable, unschedulable } from "../../framework.ts";
import type { Handle } from "../../handle.ts";
import { type NodeMatcher, requiredNodeMatcher } from "../../lib/node-selector.ts";
import type { NodeInfo } from "../../snapshot/node-info.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";
import { noDomain } from "../../snapshot/topology.ts";
import {
  type CountedConstraint,
  counted,
  hasAllKeys,
  includesAllNodes,
  isIncluded,
  matchesAll,
  spreadConstraints,
} from "./constraints.ts";

const name = "PodTopologySpread";
const skewed = unschedulable(name, "node(s) didn't match pod topology spread constraints");
const labelMissing = unresolvable(
  name,
  "node(s) didn't match pod topology spread constraints (missing required label)",
);

/** Matching pods by domain, and the two emptiest domains: enough to know the minimum when one domain changes. */
interface DomainCounts {
  /** Domain number → matching pods. */
  readonly pods: readonly number[];
  readonly domains: number;
  readonly emptiest: number;
  readonly least: number;
  readonly secondLeast: number;
}

interface Tally {
  readonly constraint: CountedConstraint;
  readonly counts: DomainCounts;
  readonly self: number;
  /** What-if change on the node being checked. */
  delta: number;
}

function summarize(pods: readonly number[], present: (domain: number) => boolean, length: number): DomainCounts {
  let domains = 0;
  let emptiest = noDomain;
  let least = Number.POSITIVE_INFINITY;
  let secondLeast = Number.POSITIVE_INFINITY;
  for (let domain = 0; domain < length; domain++) {
    if (!present(domain)) continue;
    domains++;
    const count = pods[domain] ?? 0;
    if (count < least) {
      secondLeast = least;
      least = count;
      emptiest = domain;
    } else if (count < secondLeast) secondLeast = count;
  }
  return { pods, domains, emptiest, least, secondLeast };
}

function countWholeCluster(constraint: CountedConstraint): DomainCounts {
  const { nodesIn } = constraint.column;
  return summarize(constraint.counter.inDomains(constraint.column), (domain) => nodesIn[domain]! > 0, nodesIn.length);
}

function countIncluded(
  nodes: readonly NodeInfo[],
  constraints: readonly CountedConstraint[],
  pod: { readonly matchesNode: NodeMatcher | undefined; readonly info: PodInfo },
): DomainCounts[] {
  const pods = constraints.map(({ column }) => new Array<number>(column.nodesIn.length).fill(0));
  const present = constraints.map(({ column }) => new Uint8Array(column.nodesIn.length));
  for (const node of nodes) {
    if (!hasAllKeys(constraints, node)) continue;
    for (let index = 0; index < constraints.length; index++) {
      const constraint = constraints[index]!;
      if (!isIncluded(constraint, node, pod)) continue;
      const domain = constraint.column.domainOf[node.slot]!;
      pods[index]![domain]! += constraint.counter.onNode[node.slot]!;
      present[index]![domain] = 1;
    }
  }
  return pods.map((counts, index) => summarize(counts, (domain) => present[index]![domain] === 1, counts.length));
}

export function spreadFilter(handle: Handle, info: PodInfo): FilterStep {
  const hard = spreadConstraints(handle.listers, info, "DoNotSchedule");
  if (hard.length === 0) return skip;
  const constraints = hard.map((each) => counted(handle, info, each));
  const matchesNode = requiredNodeMatcher(info.pod);
  const pod = { matchesNode, info };
  const whole =
    includesAllNodes(handle, constraints, matchesNode) && constraints.every(({ column }) => column.lacking === 0);
  const counts = whole ? constraints.map(countWholeCluster) : countIncluded(handle.snapshot.nodes(), constraints, pod);
  const tallies: Tally[] = constraints.map((constraint, index) => ({
    constraint,
    counts: counts[index]!,
    self: matchesAll(constraint, info.labels) ? 1 : 0,
    delta: 0,
  }));
  const suppose = (other: PodInfo, node: NodeInfo, by: 1 | -1): void => {
    if (other.namespace !== info.namespace || !hasAllKeys(constraints, node)) return;
    for (const tally of tallies)
      if (matchesAll(tally.constraint, other.labels) && isIncluded(tally.constraint, node, pod)) tally.delta += by;
  };
  const filter: NodeFilter = {
    check: (node) => {
      for (const tally of tallies) {
        const domain = tally.constraint.column.domainOf[node.slot]!;
        if (domain === noDomain) return labelMissing;
        if (skewWith(tally, domain) > tally.constraint.maxSkew) return skewed;
      }
      return undefined;
    },
    add: (other, node) => suppose(other, node, 1),
    remove: (other, node) => suppose(other, node, -1),
  };
  return check(filter);
}

function skewWith({ constraint, counts, self, delta }: Tally, domain: number): number {
  const here = (counts.pods[domain] ?? 0) + delta;
  let least = counts.least;
  if (delta !== 0) least = Math.min(domain === counts.emptiest ? counts.secondLeast : counts.least, here);
  if (counts.domains < constraint.minDomains) least = 0;
  return here + self - least;
}
