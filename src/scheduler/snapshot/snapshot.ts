// Nodes and the pods on them, as decisions see them. Upstream keeps a cache and copies what changed into a snapshot before
// each cycle, because its event handlers run beside the cycle. Here both run on one thread and a cycle never waits between
// looking and assuming, so the cache itself is the snapshot: nothing is copied, every change updates the indexes in place.
//
// Contract: after any sequence of changes the contents equal those of a snapshot built anew from the same nodes and pods.
// A pod that was chosen a node is assumed: it counts as being there until it is confirmed (seen bound), forgotten or removed.
import type { Node, Pod } from "../../api/index.ts";
import { Images } from "./images.ts";
import { NodeInfo } from "./node-info.ts";
import { NodeOrder } from "./node-order.ts";
import { PodCounters } from "./pod-counters.ts";
import { type PodInfo, podInfo } from "./pod-info.ts";
import { TermIndex } from "./term-index.ts";
import { Topology } from "./topology.ts";

interface Placed {
  info: PodInfo;
  readonly nodeName: string;
  assumed: boolean;
}

export class Snapshot {
  readonly topology: Topology;
  readonly counters: PodCounters;
  readonly terms: TermIndex;
  readonly images = new Images();
  /** Nodes with NoSchedule or NoExecute taints, with PreferNoSchedule taints, marked unschedulable: plugins skip when 0. */
  readonly marked = { hardTaints: 0, softTaints: 0, unschedulable: 0 };

  readonly #nodes = new Map<string, NodeInfo>();
  readonly #order = new NodeOrder();
  readonly #freeSlots: number[] = [];
  #slots = 0;
  /** By uid. */
  readonly #placed = new Map<string, Placed>();
  /** Node name → uid → pod, of nodes that are not there (yet). */
  readonly #strays = new Map<string, Map<string, PodInfo>>();
  /** Namespace → uid → pod, of pods on nodes that are there. */
  readonly #byNamespace = new Map<string, Map<string, { pod: PodInfo; slot: number }>>();
  /** Node name → pods nominated to it; the node may not be there. */
  readonly #nominated = new Map<string, readonly PodInfo[]>();
  #assumed = 0;

  constructor() {
    this.topology = new Topology(() => this.#nodes.values());
    this.counters = new PodCounters(this.topology, (namespace) => this.#byNamespace.get(namespace)?.values() ?? []);
    this.terms = new TermIndex(this.topology);
  }

  /** In the order to look at them. */
  nodes(): readonly NodeInfo[] {
    return this.#order.list();
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  get sizes(): { readonly nodes: number; readonly pods: number; readonly assumedPods: number } {
    return { nodes: this.#nodes.size, pods: this.#placed.size, assumedPods: this.#assumed };
  }

  /** Adds the node or takes over its new state. */
  setNode(node: Node): void {
    const known = this.#nodes.get(node.metadata.name);
    if (known === undefined) this.#enterNode(node);
    else this.#updateNode(known, node);
  }

  #enterNode(node: Node): void {
    const info = NodeInfo.of(this.#freeSlots.pop() ?? this.#slots++, node);
    this.#nodes.set(info.name, info);
    const nominated = this.#nominated.get(info.name);
    if (nominated !== undefined) info.nominate(nominated);
    this.topology.add(info);
    this.#order.add(info);
    this.images.add(node);
    this.#mark(info, 1);
    const strays = this.#strays.get(info.name);
    if (strays === undefined) return;
    this.#strays.delete(info.name);
    for (const pod of strays.values()) this.#put(pod, info.name);
  }

  #updateNode(info: NodeInfo, node: Node): void {
    this.#mark(info, -1);
    this.images.remove(info.node);
    info.setNode(node);
    this.images.add(node);
    this.#mark(info, 1);
    this.topology.update(info);
    this.#order.update(info);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info === undefined) return;
    for (const pod of [...info.pods]) this.#take(pod, name);
    this.#nodes.delete(name);
    this.topology.remove(info);
    this.#order.remove(info);
    this.images.remove(info.node);
    this.#mark(info, -1);
    this.#freeSlots.push(info.slot);
    for (const pod of this.#placedOn(name)) this.#put(pod, name);
  }

  /** Pods that wait for room on a node: decisions on others reckon with them. */
  nominate(nodeName: string, pods: readonly PodInfo[]): void {
    if (pods.length === 0) this.#nominated.delete(nodeName);
    else this.#nominated.set(nodeName, pods);
    const node = this.#nodes.get(nodeName);
    if (node !== undefined) node.nominate(pods);
  }

  *#placedOn(name: string): Iterable<PodInfo> {
    for (const placed of this.#placed.values()) if (placed.nodeName === name) yield placed.info;
  }

  /** A pod that is bound to a node: new, changed, or an assumed one confirmed (even on another node). */
  setPod(pod: Pod): void {
    const nodeName = pod.spec?.nodeName ?? "";
    const known = this.#placed.get(pod.metadata.uid);
    if (known !== undefined) {
      if (known.assumed) this.#assumed--;
      this.#take(known.info, known.nodeName);
    }
    const info = podInfo(pod);
    this.#placed.set(info.uid, { info, nodeName, assumed: false });
    this.#put(info, nodeName);
  }

  removePod(uid: string): void {
    const known = this.#placed.get(uid);
    if (known === undefined) return;
    if (known.assumed) this.#assumed--;
    this.#placed.delete(uid);
    this.#take(known.info, known.nodeName);
  }

  /** Throws when the pod is already on a node: two decisions about one pod are a bug of the queue. */
  assume(info: PodInfo, nodeName: string): void {
    if (this.#placed.has(info.uid)) throw new Error(`pod ${info.key} is in the cache already, so it cannot be assumed`);
    this.#placed.set(info.uid, { info, nodeName, assumed: true });
    this.#assumed++;
    this.#put(info, nodeName);
  }

  /** Takes an assumed pod back; false when it is not (or no longer) assumed. */
  forget(uid: string): boolean {
    const known = this.#placed.get(uid);
    if (known === undefined || !known.assumed) return false;
    this.removePod(uid);
    return true;
  }

  isAssumed(uid: string): boolean {
    return this.#placed.get(uid)?.assumed === true;
  }

  placement(uid: string): { readonly info: PodInfo; readonly nodeName: string } | undefined {
    return this.#placed.get(uid);
  }

  #put(pod: PodInfo, nodeName: string): void {
    const node = this.#nodes.get(nodeName);
    if (node === undefined) {
      const strays = this.#strays.get(nodeName) ?? new Map<string, PodInfo>();
      this.#strays.set(nodeName, strays.set(pod.uid, pod));
      return;
    }
    node.addPod(pod);
    this.counters.change(pod, node.slot, 1);
    this.terms.change(pod, node.slot, 1);
    const pods = this.#byNamespace.get(pod.namespace) ?? new Map<string, { pod: PodInfo; slot: number }>();
    this.#byNamespace.set(pod.namespace, pods.set(pod.uid, { pod, slot: node.slot }));
  }

  #take(pod: PodInfo, nodeName: string): void {
    const node = this.#nodes.get(nodeName);
    if (node === undefined) {
      const strays = this.#strays.get(nodeName);
      strays?.delete(pod.uid);
      if (strays?.size === 0) this.#strays.delete(nodeName);
      return;
    }
    if (!node.removePod(pod)) return;
    this.counters.change(pod, node.slot, -1);
    this.terms.change(pod, node.slot, -1);
    const pods = this.#byNamespace.get(pod.namespace);
    pods?.delete(pod.uid);
    if (pods?.size === 0) this.#byNamespace.delete(pod.namespace);
  }

  #mark(info: NodeInfo, by: 1 | -1): void {
    if (info.hardTaints.length > 0) this.marked.hardTaints += by;
    if (info.softTaints.length > 0) this.marked.softTaints += by;
    if (info.unschedulable) this.marked.unschedulable += by;
  }
}
