// How many pods that match a selector are on each node and in each topology domain, kept up to date by every pod that
// comes or goes. A counter is made when a plugin first asks for it (one pass over the pods of the namespaces) and serves all pods
// of the same template after that; the least recently asked ones are dropped.
import { labelPair, type Selector } from "../lib/selectors.ts";
import type { PodInfo } from "./pod-info.ts";
import { noDomain, type Topology, type TopologyColumn } from "./topology.ts";

export interface CounterQuery {
  readonly namespaces: readonly string[];
  /** All have to match. */
  readonly selectors: readonly Selector[];
  /** Spreading does not count pods that are being deleted, affinity does. */
  readonly terminating: boolean;
}

/** Domains that came after the sums were made get their place; the array has no holes. */
function bump(counts: number[], domain: number, by: number): void {
  while (counts.length <= domain) counts.push(0);
  counts[domain]! += by;
}

export class PodCounter {
  readonly query: CounterQuery;
  /** Node slot → matching pods. Replaced when it grows. */
  onNode: Int32Array;
  /** Matching pods on all nodes. */
  total = 0;
  lastUse = 0;
  readonly #topology: Topology;
  /** Column → domain number → matching pods. */
  readonly #inDomain = new Map<TopologyColumn, number[]>();

  constructor(query: CounterQuery, topology: Topology) {
    this.query = query;
    this.#topology = topology;
    this.onNode = new Int32Array(topology.capacity);
  }

  counts(pod: PodInfo): boolean {
    if (pod.terminating && !this.query.terminating) return false;
    for (const selector of this.query.selectors) if (!selector.matches(pod.labels)) return false;
    return true;
  }

  change(slot: number, by: number): void {
    if (slot >= this.onNode.length) this.#grow();
    this.onNode[slot]! += by;
    this.total += by;
    for (const [column, counts] of this.#inDomain) {
      const domain = column.domainOf[slot]!;
      if (domain !== noDomain) bump(counts, domain, by);
    }
  }

  /** Domain number → matching pods; read only. Shorter than the domains when the last ones have none. */
  inDomains(column: TopologyColumn): readonly number[] {
    const found = this.#inDomain.get(column);
    if (found !== undefined) return found;
    const counts = new Array<number>(column.nodesIn.length).fill(0);
    const { domainOf } = column;
    const slots = Math.min(this.onNode.length, domainOf.length);
    for (let slot = 0; slot < slots; slot++) {
      const domain = domainOf[slot]!;
      if (domain !== noDomain) counts[domain]! += this.onNode[slot]!;
    }
    this.#inDomain.set(column, counts);
    return counts;
  }

  moved(column: TopologyColumn, slot: number, from: number, to: number): void {
    const counts = this.#inDomain.get(column);
    const pods = this.onNode[slot] ?? 0;
    if (counts === undefined || pods === 0) return;
    if (from !== noDomain) bump(counts, from, -pods);
    if (to !== noDomain) bump(counts, to, pods);
  }

  #grow(): void {
    const wider = new Int32Array(this.#topology.capacity);
    wider.set(this.onNode);
    this.onNode = wider;
  }

  /** Makes `onNode` long enough for every slot. */
  reach(): void {
    if (this.onNode.length < this.#topology.capacity) this.#grow();
  }
}

/** The counters of a namespace by a label that all their pods have: a pod is not asked about those of all other workloads. */
class CountersByLabel {
  readonly #byPair = new Map<string, Set<PodCounter>>();
  readonly #others = new Set<PodCounter>();
  readonly #pairs = new Map<PodCounter, string>();

  get isEmpty(): boolean {
    return this.#others.size === 0 && this.#pairs.size === 0;
  }

  add(counter: PodCounter): void {
    const pair = this.#rarest(counter.query.selectors.flatMap(({ pairs }) => pairs));
    if (pair === undefined) {
      this.#others.add(counter);
      return;
    }
    const among = this.#byPair.get(pair) ?? new Set();
    this.#byPair.set(pair, among.add(counter));
    this.#pairs.set(counter, pair);
  }

  delete(counter: PodCounter): void {
    this.#others.delete(counter);
    const pair = this.#pairs.get(counter);
    if (pair === undefined) return;
    this.#pairs.delete(counter);
    const among = this.#byPair.get(pair)!;
    among.delete(counter);
    if (among.size === 0) this.#byPair.delete(pair);
  }

  /** One that few counters have chosen yet: a label that all workloads have tells none from another. */
  #rarest(pairs: readonly string[]): string | undefined {
    const chosen = (pair: string): number => this.#byPair.get(pair)?.size ?? 0;
    return pairs.toSorted((a, b) => chosen(a) - chosen(b))[0];
  }

  change(pod: PodInfo, slot: number, by: 1 | -1): void {
    for (const counter of this.#others) if (counter.counts(pod)) counter.change(slot, by);
    const { labels } = pod;
    if (labels === undefined || this.#byPair.size === 0) return;
    for (const key of Object.keys(labels)) {
      const among = this.#byPair.get(labelPair(key, labels[key]!));
      if (among !== undefined) for (const counter of among) if (counter.counts(pod)) counter.change(slot, by);
    }
  }
}

const mostCounters = 512;

export class PodCounters {
  readonly #topology: Topology;
  readonly #byKey = new Map<string, PodCounter>();
  readonly #byNamespace = new Map<string, CountersByLabel>();
  readonly #podsOf: (namespace: string) => Iterable<{ pod: PodInfo; slot: number }>;
  #uses = 0;

  constructor(topology: Topology, podsOf: (namespace: string) => Iterable<{ pod: PodInfo; slot: number }>) {
    this.#topology = topology;
    this.#podsOf = podsOf;
    topology.listen({
      moved: (column, slot, from, to) => {
        for (const counter of this.#byKey.values()) counter.moved(column, slot, from, to);
      },
    });
  }

  get(query: CounterQuery): PodCounter {
    const key = `${query.terminating ? "+" : "-"}${query.namespaces.join(",")}|${query.selectors.map((each) => each.id).join("&")}`;
    let counter = this.#byKey.get(key);
    if (counter === undefined) {
      if (this.#byKey.size >= mostCounters) this.#dropLeastUsed();
      counter = new PodCounter(query, this.#topology);
      this.#byKey.set(key, counter);
      for (const namespace of query.namespaces) {
        let among = this.#byNamespace.get(namespace);
        if (among === undefined) this.#byNamespace.set(namespace, (among = new CountersByLabel()));
        among.add(counter);
        for (const { pod, slot } of this.#podsOf(namespace)) if (counter.counts(pod)) counter.change(slot, 1);
      }
    }
    counter.lastUse = ++this.#uses;
    counter.reach();
    return counter;
  }

  change(pod: PodInfo, slot: number, by: 1 | -1): void {
    this.#byNamespace.get(pod.namespace)?.change(pod, slot, by);
  }

  #dropLeastUsed(): void {
    const oldest = [...this.#byKey].sort((a, b) => a[1].lastUse - b[1].lastUse).slice(0, mostCounters >> 2);
    for (const [key, counter] of oldest) {
      this.#byKey.delete(key);
      for (const namespace of counter.query.namespaces) {
        const among = this.#byNamespace.get(namespace);
        among?.delete(counter);
        if (among?.isEmpty) this.#byNamespace.delete(namespace);
      }
    }
  }
}
