// Soft constraints: nodes whose domains have fewer matching pods score higher. A domain's count is weighed by the logarithm of
// the number of domains, so that a few zones and many hosts count alike.
import { maxNodeScore } from "../../framework.ts";
import type { Handle } from "../../handle.ts";
import { requiredNodeMatcher } from "../../lib/node-selector.ts";
import type { NodeInfo } from "../../snapshot/node-info.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";
import { noDomain } from "../../snapshot/topology.ts";
import {
  type CountedConstraint,
  counted,
  hasAllKeys,
  hostnameKey,
  includesAllNodes,
  isIncluded,
  spreadConstraints,
} from "./constraints.ts";

interface Weighed {
  readonly constraint: CountedConstraint;
  readonly weight: number;
  /** Domain number → matching pods; for the hostname the node's own count serves. */
  readonly inDomain: readonly number[] | undefined;
}

const ignored = -1;

export function spreadScore(handle: Handle, info: PodInfo, nodes: readonly NodeInfo[], out: Float64Array): boolean {
  const soft = spreadConstraints(handle.listers, info, "ScheduleAnyway");
  if (soft.length === 0) return false;
  const constraints = soft.map((each) => counted(handle, info, each));
  const needsAllKeys = (info.pod.spec?.topologySpreadConstraints?.length ?? 0) > 0;
  let scored = nodes.length;
  for (let index = 0; index < nodes.length; index++) {
    const isIgnored = needsAllKeys && !hasAllKeys(constraints, nodes[index]!);
    out[index] = isIgnored ? ignored : 0;
    if (isIgnored) scored--;
  }
  const sums = sumsByDomain(handle, info, { constraints, needsAllKeys });
  const weighed = constraints.map((constraint, index): Weighed => {
    const isHost = constraint.topologyKey === hostnameKey;
    const size = isHost ? scored : domainsAmong(constraint, nodes, out);
    return { constraint, weight: Math.log(size + 2), inDomain: isHost ? undefined : sums[index]! };
  });
  for (let index = 0; index < nodes.length; index++)
    if (out[index] !== ignored) out[index] = crowding(weighed, nodes[index]!.slot);
  invert(out, nodes.length);
  return true;
}

function crowding(weighed: readonly Weighed[], slot: number): number {
  let sum = 0;
  for (const { constraint, weight, inDomain } of weighed) {
    const domain = constraint.column.domainOf[slot]!;
    if (domain === noDomain) continue;
    const pods = inDomain === undefined ? constraint.counter.onNode[slot]! : (inDomain[domain] ?? 0);
    sum += pods * weight + (constraint.maxSkew - 1);
  }
  return Math.round(sum);
}

/** Distinct domains of the nodes that are scored; having no label counts as one more. */
function domainsAmong(constraint: CountedConstraint, nodes: readonly NodeInfo[], out: Float64Array): number {
  const { domainOf, nodesIn } = constraint.column;
  const seen = new Uint8Array(nodesIn.length + 1);
  let distinct = 0;
  for (let index = 0; index < nodes.length; index++) {
    if (out[index] === ignored) continue;
    const at = domainOf[nodes[index]!.slot]! + 1;
    if (seen[at] === 0) {
      seen[at] = 1;
      distinct++;
    }
  }
  return distinct;
}

function sumsByDomain(
  handle: Handle,
  info: PodInfo,
  { constraints, needsAllKeys }: { constraints: readonly CountedConstraint[]; needsAllKeys: boolean },
): (readonly number[])[] {
  const matchesNode = requiredNodeMatcher(info.pod);
  const whole =
    includesAllNodes(handle, constraints, matchesNode) &&
    (!needsAllKeys || constraints.every(({ column }) => column.lacking === 0));
  if (whole)
    return constraints.map(({ counter, column, topologyKey }) =>
      topologyKey === hostnameKey ? [] : counter.inDomains(column),
    );
  const pod = { matchesNode, info };
  const sums = constraints.map(({ column }) => new Array<number>(column.nodesIn.length).fill(0));
  for (const node of handle.snapshot.nodes()) {
    if (needsAllKeys && !hasAllKeys(constraints, node)) continue;
    for (let index = 0; index < constraints.length; index++) {
      const constraint = constraints[index]!;
      const domain = constraint.column.domainOf[node.slot]!;
      if (constraint.topologyKey === hostnameKey || domain === noDomain || !isIncluded(constraint, node, pod)) continue;
      sums[index]![domain]! += constraint.counter.onNode[node.slot]!;
    }
  }
  return sums;
}

/** The least crowded node gets most; ignored nodes get nothing. */
function invert(scores: Float64Array, count: number): void {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let index = 0; index < count; index++) {
    const score = scores[index]!;
    if (score === ignored) continue;
    if (score < least) least = score;
    if (score > most) most = score;
  }
  for (let index = 0; index < count; index++) {
    const score = scores[index]!;
    if (score === ignored) scores[index] = 0;
    else scores[index] = most === 0 ? maxNodeScore : Math.trunc((maxNodeScore * (most + least - score)) / most);
  }
}
