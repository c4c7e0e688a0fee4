// Required terms: the pod's own affinity and anti-affinity, and the anti-affinity of pods that are there already.
import type { Labels } from "../../../machinery/index.ts";
import {
  check,
  type FilterStep,
  type NodeFilter,
  type Status,
  skip,
  unresolvable,
  unschedulable,
} from "../../framework.ts";
import { type Handle, namespaceLabels } from "../../handle.ts";
import { type AffinityTerm, allTermsMatch, termMatches } from "../../lib/affinity-terms.ts";
import type { NodeInfo } from "../../snapshot/node-info.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";
import type { TermGroup } from "../../snapshot/term-index.ts";
import { noDomain, type TopologyColumn } from "../../snapshot/topology.ts";
import { namespacesOf } from "./namespaces.ts";

const name = "InterPodAffinity";
const affinityUnmet = unresolvable(name, "node(s) didn't match pod affinity rules");
const antiAffinityUnmet = unschedulable(name, "node(s) didn't match pod anti-affinity rules");
const othersAntiAffinity = unschedulable(name, "node(s) didn't satisfy existing pods anti-affinity rules");

/** One of the pod's own terms with the pods it is about, by domain. */
interface OwnTerm {
  readonly term: AffinityTerm;
  readonly column: TopologyColumn;
  /** Domain number → matching pods. */
  readonly inDomain: readonly number[];
  /** What-if change on the node being checked. */
  delta: number;
}

/** Anti-affinity of others that matches the pod, all terms of one topology key together. */
interface OthersTerms {
  readonly column: TopologyColumn;
  readonly groups: TermGroup[];
  delta: number;
}

interface Requirements {
  readonly affinity: readonly OwnTerm[];
  readonly antiAffinity: readonly OwnTerm[];
  readonly others: Map<TopologyColumn, OthersTerms>;
  /** Nodes with pods that match all affinity terms: none, and the pod matches itself, lets the first of a group in. */
  matched: number;
  readonly matchesItself: boolean;
}

function requirementsOf(handle: Handle, pod: PodInfo, labels: Labels | undefined): Requirements | undefined {
  const { terms } = pod;
  const groups = handle.snapshot.terms.matching("requiredAntiAffinity", pod, labels);
  if (groups.length === 0 && terms.requiredAffinity.length === 0 && terms.requiredAntiAffinity.length === 0)
    return undefined;
  const { counters, topology } = handle.snapshot;
  const own = (about: readonly AffinityTerm[]): OwnTerm[] => {
    const namespaces = about.map((term) => namespacesOf(handle.listers, term));
    const counter = counters.get({
      namespaces: namespaces.reduce((common, each) => common.filter((namespace) => each.includes(namespace))),
      selectors: about.map((term) => term.selector),
      terminating: true,
    });
    return about.map((term) => {
      const column = topology.column(term.topologyKey);
      return { term, column, inDomain: counter.inDomains(column), delta: 0 };
    });
  };
  const others = new Map<TopologyColumn, OthersTerms>();
  for (const group of groups) {
    const same = others.get(group.column);
    if (same === undefined) others.set(group.column, { column: group.column, groups: [group], delta: 0 });
    else same.groups.push(group);
  }
  const affinity = terms.requiredAffinity.length === 0 ? [] : own(terms.requiredAffinity);
  return {
    affinity,
    antiAffinity: terms.requiredAntiAffinity.flatMap((term) => own([term])),
    others,
    matched: affinity.reduce((sum, each) => sum + total(each.inDomain), 0),
    matchesItself: allTermsMatch(terms.requiredAffinity, pod, labels),
  };
}

function total(counts: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < counts.length; index++) sum += counts[index]!;
  return sum;
}

function checkNode(required: Requirements, slot: number): Status | undefined {
  let together = true;
  for (const { column, inDomain, delta } of required.affinity) {
    const domain = column.domainOf[slot]!;
    if (domain === noDomain) return affinityUnmet;
    if ((inDomain[domain] ?? 0) + delta <= 0) together = false;
  }
  if (!together && !(required.matched === 0 && required.matchesItself)) return affinityUnmet;
  for (const { column, inDomain, delta } of required.antiAffinity) {
    const domain = column.domainOf[slot]!;
    if (domain !== noDomain && (inDomain[domain] ?? 0) + delta > 0) return antiAffinityUnmet;
  }
  for (const { column, groups, delta } of required.others.values()) {
    const domain = column.domainOf[slot]!;
    if (domain === noDomain) continue;
    let pods = delta;
    for (const group of groups) pods += group.inDomain.get(domain) ?? 0;
    if (pods > 0) return othersAntiAffinity;
  }
  return undefined;
}

export function affinityFilter(handle: Handle, pod: PodInfo): FilterStep {
  const labels = namespaceLabels(handle.listers, pod.namespace);
  const required = requirementsOf(handle, pod, labels);
  if (required === undefined) return skip;
  const suppose = (other: PodInfo, node: NodeInfo, by: 1 | -1): void => {
    for (const term of other.terms.requiredAntiAffinity) {
      const column = handle.snapshot.topology.column(term.topologyKey);
      if (column.domainOf[node.slot] === noDomain || !termMatches(term, pod, labels)) continue;
      const same = required.others.get(column) ?? { column, groups: [], delta: 0 };
      same.delta += by;
      required.others.set(column, same);
    }
    const othersLabels = namespaceLabels(handle.listers, other.namespace);
    if (allTermsMatch(pod.terms.requiredAffinity, other, othersLabels))
      for (const own of required.affinity)
        if (own.column.domainOf[node.slot] !== noDomain) {
          own.delta += by;
          required.matched += by;
        }
    for (const own of required.antiAffinity)
      if (own.column.domainOf[node.slot] !== noDomain && termMatches(own.term, other, othersLabels)) own.delta += by;
  };
  const filter: NodeFilter = {
    check: (node) => checkNode(required, node.slot),
    add: (other, node) => suppose(other, node, 1),
    remove: (other, node) => suppose(other, node, -1),
  };
  return check(filter);
}
