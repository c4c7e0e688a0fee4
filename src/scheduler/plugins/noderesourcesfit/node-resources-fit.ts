// What the pod requests must be free on the node; of the nodes where it is, those with the larger free share score
// higher (LeastAllocated over cpu and memory, weight 1 each).
import type { Node, Pod } from "../../../api/index.ts";
import { action, asNode, asPod, check, maxNodeScore, type Plugin, type Status } from "../../framework.ts";
import { isScaledDown, podRequests, type Requests } from "../../lib/resources.ts";
import { NodeInfo } from "../../snapshot/node-info.ts";

const name = "NodeResourcesFit";

/** One status for each set of shortages: failing 5,000 nodes makes one object. */
function statusCache(): (lacking: readonly string[], unresolvable: boolean) => Status {
  const known = new Map<string, Status>();
  return (lacking, unresolvable) => {
    const key = `${unresolvable}${lacking.join()}`;
    let status = known.get(key);
    if (status === undefined) {
      status = { code: unresolvable ? "unresolvable" : "unschedulable", plugin: name, reasons: [...lacking] };
      known.set(key, status);
    }
    return status;
  };
}

const lacksRoom = (wanted: number, allocatable: number, requested: number): boolean =>
  wanted > 0 && wanted > allocatable - requested;

const tooManyPods = 1;
const cpuShort = 2;
const memoryShort = 4;
const storageShort = 8;
const scalarsShort = 16;
/** A resource is short of what the empty node has. */
const hopeless = 32;

/** What does not fit, as bits; 0: everything fits. Allocates nothing. */
function shortages(wanted: Requests, node: NodeInfo): number {
  let short = 0;
  if (node.pods.length + 1 > node.allocatablePods) short |= tooManyPods;
  const { cpu, memory, ephemeralStorage, scalars } = wanted;
  if (lacksRoom(cpu, node.allocatableCpu, node.requestedCpu))
    short |= cpu > node.allocatableCpu ? cpuShort | hopeless : cpuShort;
  if (lacksRoom(memory, node.allocatableMemory, node.requestedMemory))
    short |= memory > node.allocatableMemory ? memoryShort | hopeless : memoryShort;
  if (lacksRoom(ephemeralStorage, node.allocatableEphemeralStorage, node.requestedEphemeralStorage))
    short |= ephemeralStorage > node.allocatableEphemeralStorage ? storageShort | hopeless : storageShort;
  if (scalars === undefined) return short;
  for (const [resource, amount] of scalars) {
    const allocatable = node.allocatableScalars?.get(resource) ?? 0;
    if (lacksRoom(amount, allocatable, node.requestedScalars?.get(resource) ?? 0))
      short |= amount > allocatable ? scalarsShort | hopeless : scalarsShort;
  }
  return short;
}

function reasonsFor(short: number, wanted: Requests, node: NodeInfo): string[] {
  const reasons: string[] = [];
  if (short & tooManyPods) reasons.push("Too many pods");
  if (short & cpuShort) reasons.push("Insufficient cpu");
  if (short & memoryShort) reasons.push("Insufficient memory");
  if (short & storageShort) reasons.push("Insufficient ephemeral-storage");
  for (const [resource, amount] of (short & scalarsShort) !== 0 ? wanted.scalars! : [])
    if (lacksRoom(amount, node.allocatableScalars?.get(resource) ?? 0, node.requestedScalars?.get(resource) ?? 0))
      reasons.push(`Insufficient ${resource}`);
  return reasons;
}

function freeShare(requested: number, allocatable: number): number {
  return requested > allocatable ? 0 : Math.trunc(((allocatable - requested) * maxNodeScore) / allocatable);
}

function leastAllocated(
  nodes: readonly NodeInfo[],
  pod: { nonZeroCpu: number; nonZeroMemory: number },
  out: Float64Array,
): void {
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index]!;
    let sum = 0;
    let weights = 0;
    if (node.allocatableCpu > 0) {
      sum += freeShare(node.nonZeroCpu + pod.nonZeroCpu, node.allocatableCpu);
      weights++;
    }
    if (node.allocatableMemory > 0) {
      sum += freeShare(node.nonZeroMemory + pod.nonZeroMemory, node.allocatableMemory);
      weights++;
    }
    out[index] = weights === 0 ? 0 : Math.trunc(sum / weights);
  }
}

export const nodeResourcesFit = (): Plugin => {
  const statusOf = statusCache();
  /** By shortages, of pods without scalar resources. */
  const statuses: Status[] = [];
  return {
    name,
    filter: (pod) => {
      const wanted = pod.requests;
      return check({
        check: (node) => {
          const short = shortages(wanted, node);
          if (short === 0) return undefined;
          if ((short & scalarsShort) !== 0) return statusOf(reasonsFor(short, wanted, node), (short & hopeless) !== 0);
          statuses[short] ??= statusOf(reasonsFor(short, wanted, node), (short & hopeless) !== 0);
          return statuses[short];
        },
        sign: () => {
          const { cpu, memory, ephemeralStorage, scalars } = wanted;
          const others = scalars === undefined ? "" : JSON.stringify([...scalars]);
          return `${cpu} ${memory} ${ephemeralStorage} ${others}`;
        },
      });
    },
    score: (pod, nodes, out) => {
      leastAllocated(nodes, pod, out);
      return true;
    },
    events: [
      {
        resource: "Pod",
        action: action.delete | action.updatePodScaleDown,
        hint: (pod, before, after) =>
          after === undefined ? heldRoom(asPod(before)!) : freesRoom(pod, asPod(before)!, asPod(after)!),
      },
      {
        resource: "Node",
        action: action.add | action.updateNodeAllocatable,
        hint: (pod, before, after) => roomGrew(pod.requests, asNode(before), asNode(after)!),
      },
    ],
  };
};

const heldRoom = (pod: Pod): boolean => Boolean(pod.spec?.nodeName || pod.status?.nominatedNodeName);

/** Another bound pod (or the pod itself) now requests less of something that the pod requests. */
function freesRoom(pod: { uid: string; requests: Requests }, before: Pod, after: Pod): boolean {
  if (after.metadata.uid === pod.uid) return true;
  if (!after.spec?.nodeName || !isScaledDown(before, after)) return false;
  const was = podRequests(before).requests;
  const is = podRequests(after).requests;
  const wanted = pod.requests;
  if (wanted.cpu > 0 && was.cpu > is.cpu) return true;
  if (wanted.memory > 0 && was.memory > is.memory) return true;
  if (wanted.ephemeralStorage > 0 && was.ephemeralStorage > is.ephemeralStorage) return true;
  for (const [resource, amount] of wanted.scalars ?? [])
    if (amount > 0 && (was.scalars?.get(resource) ?? 0) > (is.scalars?.get(resource) ?? 0)) return true;
  return false;
}

/** The pod fits on the empty node, and the node has more of something it wants than before. */
function roomGrew(wanted: Requests, before: Node | undefined, after: Node): boolean {
  const is = NodeInfo.of(0, after);
  if (shortages(wanted, is) !== 0) return false;
  if (before === undefined) return true;
  const was = NodeInfo.of(0, before);
  if (is.allocatablePods > was.allocatablePods) return true;
  if (wanted.cpu > 0 && is.allocatableCpu > was.allocatableCpu) return true;
  if (wanted.memory > 0 && is.allocatableMemory > was.allocatableMemory) return true;
  if (wanted.ephemeralStorage > 0 && is.allocatableEphemeralStorage > was.allocatableEphemeralStorage) return true;
  for (const [resource, amount] of wanted.scalars ?? [])
    if (amount > 0 && (is.allocatableScalars?.get(resource) ?? 0) > (was.allocatableScalars?.get(resource) ?? 0))
      return true;
  return false;
}
