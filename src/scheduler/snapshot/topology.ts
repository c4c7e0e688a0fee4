// Topology domains as columns of numbers: for each label key that spreading or affinity asked about, the number of each
// node's value. Two nodes are in one domain when their numbers are equal, which costs no string compare in a hot loop.
import type { NodeInfo } from "./node-info.ts";

/** No such label on the node. */
export const noDomain = -1;

export interface TopologyColumn {
  readonly key: string;
  /** Node slot → domain number, or noDomain. Replaced when it grows: read it anew each cycle. */
  domainOf: Int32Array;
  /** Domain number → nodes that have it. 0: the domain is gone. */
  readonly nodesIn: number[];
  /** Nodes that lack the label. */
  lacking: number;
  /** Domains with at least one node. */
  domains: number;
  readonly numbers: Map<string, number>;
}

/** Told before and after a node changes its domain, so that counts per domain follow it. */
export interface TopologyListener {
  moved(column: TopologyColumn, slot: number, from: number, to: number): void;
}

export class Topology {
  readonly #columns = new Map<string, TopologyColumn>();
  readonly #nodes: () => Iterable<NodeInfo>;
  readonly #listeners: TopologyListener[] = [];
  #capacity = 64;

  constructor(nodes: () => Iterable<NodeInfo>) {
    this.#nodes = nodes;
  }

  listen(listener: TopologyListener): void {
    this.#listeners.push(listener);
  }

  column(key: string): TopologyColumn {
    const found = this.#columns.get(key);
    if (found !== undefined) return found;
    const made: TopologyColumn = {
      key,
      domainOf: new Int32Array(this.#capacity).fill(noDomain),
      nodesIn: [],
      lacking: 0,
      domains: 0,
      numbers: new Map(),
    };
    this.#columns.set(key, made);
    for (const node of this.#nodes()) this.#enter(made, node);
    return made;
  }

  reserve(slots: number): void {
    if (slots <= this.#capacity) return;
    while (this.#capacity < slots) this.#capacity *= 2;
    for (const column of this.#columns.values()) {
      const wider = new Int32Array(this.#capacity).fill(noDomain);
      wider.set(column.domainOf);
      column.domainOf = wider;
    }
  }

  get capacity(): number {
    return this.#capacity;
  }

  add(node: NodeInfo): void {
    this.reserve(node.slot + 1);
    for (const column of this.#columns.values()) this.#enter(column, node);
  }

  remove(node: NodeInfo): void {
    for (const column of this.#columns.values()) this.#leave(column, node);
  }

  /** After the node's labels changed. */
  update(node: NodeInfo): void {
    for (const column of this.#columns.values()) {
      const from = column.domainOf[node.slot]!;
      const value = node.labels[column.key];
      const to = value === undefined ? noDomain : this.#number(column, value);
      if (from === to) continue;
      this.#leave(column, node);
      this.#enter(column, node);
      for (const listener of this.#listeners) listener.moved(column, node.slot, from, to);
    }
  }

  #number(column: TopologyColumn, value: string): number {
    let number = column.numbers.get(value);
    if (number === undefined) {
      number = column.numbers.size;
      column.numbers.set(value, number);
      column.nodesIn.push(0);
    }
    return number;
  }

  #enter(column: TopologyColumn, node: NodeInfo): void {
    const value = node.labels[column.key];
    if (value === undefined) {
      column.lacking++;
      column.domainOf[node.slot] = noDomain;
      return;
    }
    const number = this.#number(column, value);
    column.domainOf[node.slot] = number;
    if (column.nodesIn[number]!++ === 0) column.domains++;
  }

  #leave(column: TopologyColumn, node: NodeInfo): void {
    const number = column.domainOf[node.slot]!;
    column.domainOf[node.slot] = noDomain;
    if (number === noDomain) {
      column.lacking--;
      return;
    }
    if (--column.nodesIn[number]! === 0) column.domains--;
  }
}
