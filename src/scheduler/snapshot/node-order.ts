// The order in which nodes are looked at: zones take turns, so that a search that stops early has seen several zones.
// Upstream: the scheduler cache's nodeTree.
import type { NodeInfo } from "./node-info.ts";

const zoneOf = (labels: Readonly<Record<string, string>>): string => {
  const region = labels["topology.kubernetes.io/region"] ?? labels["failure-domain.beta.kubernetes.io/region"] ?? "";
  const zone = labels["topology.kubernetes.io/zone"] ?? labels["failure-domain.beta.kubernetes.io/zone"] ?? "";
  return region === "" && zone === "" ? "" : `${region}:\u0000:${zone}`;
};

export class NodeOrder {
  readonly #zones = new Map<string, NodeInfo[]>();
  readonly #zoneByName = new Map<string, string>();
  #list: readonly NodeInfo[] | undefined = [];

  add(node: NodeInfo): void {
    const zone = zoneOf(node.labels);
    this.#zoneByName.set(node.name, zone);
    const nodes = this.#zones.get(zone);
    if (nodes === undefined) this.#zones.set(zone, [node]);
    else nodes.push(node);
    this.#list = undefined;
  }

  remove(node: NodeInfo): void {
    const zone = this.#zoneByName.get(node.name);
    if (zone === undefined) return;
    this.#zoneByName.delete(node.name);
    const left = this.#zones.get(zone)!.filter((each) => each !== node);
    if (left.length === 0) this.#zones.delete(zone);
    else this.#zones.set(zone, left);
    this.#list = undefined;
  }

  /** After labels changed. */
  update(node: NodeInfo): void {
    if (zoneOf(node.labels) === this.#zoneByName.get(node.name)) return;
    this.remove(node);
    this.add(node);
  }

  /** Made when asked for after a change, not with every change. */
  list(): readonly NodeInfo[] {
    this.#list ??= interleave([...this.#zones.values()]);
    return this.#list;
  }
}

function interleave(zones: readonly (readonly NodeInfo[])[]): NodeInfo[] {
  const list: NodeInfo[] = [];
  const longest = zones.reduce((length, zone) => Math.max(length, zone.length), 0);
  for (let turn = 0; turn < longest; turn++) for (const zone of zones) if (turn < zone.length) list.push(zone[turn]!);
  return list;
}
