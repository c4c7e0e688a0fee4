// A node with the pods on it, summed up as plain numbers. Upstream: framework.NodeInfo.
import type { Node, Taint } from "../../api/index.ts";
import { UsedPorts } from "../lib/ports.ts";
import { isScalarResource, resourceAmount } from "../lib/resources.ts";
import { keepsPodsAway } from "../lib/taints.ts";
import type { PodInfo } from "./pod-info.ts";

const noLabels: Readonly<Record<string, string>> = {};
const noTaints: readonly Taint[] = [];
const nobody: readonly PodInfo[] = [];

let generations = 0;

export class NodeInfo {
  /** Dense number of the node while it exists: index of every per-node array. */
  readonly slot: number;
  readonly name: string;
  node: Node;
  labels = noLabels;
  /** NoSchedule and NoExecute. */
  hardTaints = noTaints;
  /** PreferNoSchedule. */
  softTaints = noTaints;
  unschedulable = false;

  allocatableCpu = 0;
  allocatableMemory = 0;
  allocatableEphemeralStorage = 0;
  allocatablePods = 0;
  allocatableScalars: ReadonlyMap<string, number> | undefined;

  requestedCpu = 0;
  requestedMemory = 0;
  requestedEphemeralStorage = 0;
  requestedScalars: Map<string, number> | undefined;
  nonZeroCpu = 0;
  nonZeroMemory = 0;

  /** Another one, of all nodes that ever were, after each change of the node, its pods or those nominated to it. */
  generation = ++generations;
  pods: PodInfo[] = [];
  usedPorts = new UsedPorts();
  /** Pods that wait for room which preemption makes here. */
  nominated = nobody;

  private constructor(slot: number, node: Node) {
    this.slot = slot;
    this.name = node.metadata.name;
    this.node = node;
  }

  static of(slot: number, node: Node): NodeInfo {
    const info = new NodeInfo(slot, node);
    info.setNode(node);
    return info;
  }

  nominate(pods: readonly PodInfo[]): void {
    this.nominated = pods;
    this.generation = ++generations;
  }

  setNode(node: Node): void {
    this.generation = ++generations;
    this.node = node;
    this.labels = node.metadata.labels ?? noLabels;
    const taints = node.spec?.taints ?? noTaints;
    this.hardTaints = taints.filter(keepsPodsAway);
    this.softTaints = taints.filter((taint) => taint.effect === "PreferNoSchedule");
    this.unschedulable = node.spec?.unschedulable === true;
    const allocatable = node.status?.allocatable ?? {};
    const amount = (name: string): number =>
      allocatable[name] === undefined ? 0 : resourceAmount(name, allocatable[name]);
    this.allocatableCpu = amount("cpu");
    this.allocatableMemory = amount("memory");
    this.allocatableEphemeralStorage = amount("ephemeral-storage");
    this.allocatablePods = amount("pods");
    let scalars: Map<string, number> | undefined;
    for (const name in allocatable)
      if (isScalarResource(name)) {
        scalars ??= new Map();
        scalars.set(name, amount(name));
      }
    this.allocatableScalars = scalars;
  }

  addPod(pod: PodInfo): void {
    this.generation = ++generations;
    this.pods.push(pod);
    count(this, pod, 1);
    if (pod.ports.length > 0) this.usedPorts.add(pod.ports);
  }

  /** False when the pod is not here. */
  removePod(pod: PodInfo): boolean {
    // From the end, since a trial takes back the pod that it brought last.
    let index = this.pods.length - 1;
    while (index >= 0 && this.pods[index]!.uid !== pod.uid) index--;
    if (index < 0) return false;
    this.generation = ++generations;
    const last = this.pods.pop()!;
    const removed = index === this.pods.length ? last : this.pods[index]!;
    if (removed !== last) this.pods[index] = last;
    count(this, removed, -1);
    if (removed.ports.length > 0) this.usedPorts.remove(removed.ports);
    return true;
  }

  /** A copy to try things on; shares what trying does not change. Field by field: preemption copies many nodes. */
  clone(): NodeInfo {
    return this.#copyWith(this.pods.slice());
  }

  /** A copy on which the pods `leaving` are not. */
  cloneWithout(leaving: readonly PodInfo[]): NodeInfo {
    const gone = new Set(leaving);
    const copy = this.#copyWith(this.pods.filter((pod) => !gone.has(pod)));
    for (const pod of leaving) {
      count(copy, pod, -1);
      if (pod.ports.length > 0) copy.usedPorts.remove(pod.ports);
    }
    return copy;
  }

  #copyWith(pods: PodInfo[]): NodeInfo {
    const copy = new NodeInfo(this.slot, this.node);
    copy.labels = this.labels;
    copy.hardTaints = this.hardTaints;
    copy.softTaints = this.softTaints;
    copy.unschedulable = this.unschedulable;
    copy.allocatableCpu = this.allocatableCpu;
    copy.allocatableMemory = this.allocatableMemory;
    copy.allocatableEphemeralStorage = this.allocatableEphemeralStorage;
    copy.allocatablePods = this.allocatablePods;
    copy.allocatableScalars = this.allocatableScalars;
    copy.requestedCpu = this.requestedCpu;
    copy.requestedMemory = this.requestedMemory;
    copy.requestedEphemeralStorage = this.requestedEphemeralStorage;
    copy.requestedScalars = this.requestedScalars === undefined ? undefined : new Map(this.requestedScalars);
    copy.nonZeroCpu = this.nonZeroCpu;
    copy.nonZeroMemory = this.nonZeroMemory;
    copy.pods = pods;
    copy.nominated = this.nominated;
    copy.usedPorts = this.usedPorts.clone();
    return copy;
  }
}

function count(node: NodeInfo, pod: PodInfo, sign: 1 | -1): void {
  const { requests } = pod;
  node.requestedCpu += sign * requests.cpu;
  node.requestedMemory += sign * requests.memory;
  node.requestedEphemeralStorage += sign * requests.ephemeralStorage;
  node.nonZeroCpu += sign * pod.nonZeroCpu;
  node.nonZeroMemory += sign * pod.nonZeroMemory;
  if (requests.scalars === undefined) return;
  node.requestedScalars ??= new Map();
  for (const [name, amount] of requests.scalars) {
    const sum = (node.requestedScalars.get(name) ?? 0) + sign * amount;
    if (sum === 0) node.requestedScalars.delete(name);
    else node.requestedScalars.set(name, sum);
  }
}
