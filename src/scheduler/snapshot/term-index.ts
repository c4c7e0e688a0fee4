// Affinity terms of the pods on nodes, grouped: pods of one template have equal terms, so a pod that comes is compared with a
// group once, however many pods and nodes are in it, and finds the group's pods counted by topology domain.
import type { Labels } from "../../machinery/index.ts";
import { type AffinityTerm, hasNamespaceSelector, type TermSubject, termMatches } from "../lib/affinity-terms.ts";
import { hasAffinity, type PodInfo } from "./pod-info.ts";
import { noDomain, type Topology, type TopologyColumn } from "./topology.ts";

export type TermKind = "requiredAffinity" | "requiredAntiAffinity" | "preferredAffinity" | "preferredAntiAffinity";

export interface TermGroup {
  readonly kind: TermKind;
  readonly term: AffinityTerm;
  /** 0 for required terms. */
  readonly weight: number;
  readonly column: TopologyColumn;
  /** Domain number → pods with the term. No zeros. */
  readonly inDomain: Map<number, number>;
  /** Node slot → pods with the term. No zeros. */
  readonly onNode: Map<number, number>;
}

function bump(counts: Map<number, number>, at: number, by: number): void {
  const count = (counts.get(at) ?? 0) + by;
  if (count === 0) counts.delete(at);
  else counts.set(at, count);
}

interface Shelf {
  readonly byKey: Map<string, TermGroup>;
  readonly byNamespace: Map<string, Set<TermGroup>>;
  /** Groups whose terms choose namespaces by label. */
  readonly anyNamespace: Set<TermGroup>;
}

const emptyShelf = (): Shelf => ({ byKey: new Map(), byNamespace: new Map(), anyNamespace: new Set() });

export class TermIndex {
  readonly #topology: Topology;
  readonly #shelves: Readonly<Record<TermKind, Shelf>> = {
    requiredAffinity: emptyShelf(),
    requiredAntiAffinity: emptyShelf(),
    preferredAffinity: emptyShelf(),
    preferredAntiAffinity: emptyShelf(),
  };

  constructor(topology: Topology) {
    this.#topology = topology;
    topology.listen({ moved: (column, slot, from, to) => this.#moved(column, { slot, from, to }) });
  }

  change(pod: PodInfo, slot: number, by: 1 | -1): void {
    if (!hasAffinity(pod)) return;
    const { terms } = pod;
    for (const term of terms.requiredAffinity) this.#changeTerm("requiredAffinity", { term, weight: 0 }, { slot, by });
    for (const term of terms.requiredAntiAffinity)
      this.#changeTerm("requiredAntiAffinity", { term, weight: 0 }, { slot, by });
    for (const each of terms.preferredAffinity) this.#changeTerm("preferredAffinity", each, { slot, by });
    for (const each of terms.preferredAntiAffinity) this.#changeTerm("preferredAntiAffinity", each, { slot, by });
  }

  /** Groups of a kind whose term matches the pod. */
  matching(kind: TermKind, pod: TermSubject, namespaceLabels: Labels | undefined): TermGroup[] {
    const shelf = this.#shelves[kind];
    const groups: TermGroup[] = [];
    if (shelf.byKey.size === 0) return groups;
    const near = shelf.byNamespace.get(pod.namespace);
    if (near !== undefined) for (const group of near) if (group.term.selector.matches(pod.labels)) groups.push(group);
    for (const group of shelf.anyNamespace) if (termMatches(group.term, pod, namespaceLabels)) groups.push(group);
    return groups;
  }

  isEmpty(kind: TermKind): boolean {
    return this.#shelves[kind].byKey.size === 0;
  }

  #changeTerm(
    kind: TermKind,
    { term, weight }: { term: AffinityTerm; weight: number },
    { slot, by }: { slot: number; by: 1 | -1 },
  ): void {
    const shelf = this.#shelves[kind];
    const key = weight === 0 ? term.key : `${weight}*${term.key}`;
    let group = shelf.byKey.get(key);
    if (group === undefined) {
      group = {
        kind,
        term,
        weight,
        column: this.#topology.column(term.topologyKey),
        inDomain: new Map(),
        onNode: new Map(),
      };
      this.#shelve(shelf, key, group);
    }
    bump(group.onNode, slot, by);
    const domain = group.column.domainOf[slot]!;
    if (domain !== noDomain) bump(group.inDomain, domain, by);
    if (group.onNode.size === 0) this.#unshelve(shelf, key, group);
  }

  #shelve(shelf: Shelf, key: string, group: TermGroup): void {
    shelf.byKey.set(key, group);
    if (hasNamespaceSelector(group.term)) shelf.anyNamespace.add(group);
    else
      for (const namespace of group.term.namespaces) {
        const groups = shelf.byNamespace.get(namespace) ?? new Set();
        shelf.byNamespace.set(namespace, groups.add(group));
      }
  }

  #unshelve(shelf: Shelf, key: string, group: TermGroup): void {
    shelf.byKey.delete(key);
    shelf.anyNamespace.delete(group);
    for (const namespace of group.term.namespaces) {
      const groups = shelf.byNamespace.get(namespace);
      groups?.delete(group);
      if (groups?.size === 0) shelf.byNamespace.delete(namespace);
    }
  }

  #moved(column: TopologyColumn, { slot, from, to }: { slot: number; from: number; to: number }): void {
    for (const shelf of Object.values(this.#shelves))
      for (const group of shelf.byKey.values()) {
        if (group.column !== column) continue;
        const pods = group.onNode.get(slot);
        if (pods === undefined) continue;
        if (from !== noDomain) bump(group.inDomain, from, -pods);
        if (to !== noDomain) bump(group.inDomain, to, pods);
      }
  }
}
