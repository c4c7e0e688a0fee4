// What must hold of a Deployment at every commit, judged by what the API server has stored and by nothing else.
//
// A pod is available when it is Ready and not being deleted; how long it has been Ready is left to the controllers. Between two moments at which a rollout was
// complete, at least `floor` pods are available: the least of replicas - maxUnavailable over all specs in force since the first of
// them. Before the first, nothing is promised. Pods that a fault took away (their container ended, their machine lost power, their
// node was declared unreachable) count for the floor as if they were there until a later rollout is complete with each of them
// ready again or gone: what the controllers cannot help is not held against them, what they do on top of it is.
//
// With strategy Recreate no pod of another template comes while one of those that the last complete rollout had is not even being
// deleted. While a rollout is known to be paused no ReplicaSet comes.
import { type Deployment, deployments, type Node, type Pod, pods, replicaSets } from "../api/index.ts";
import type { Commit } from "./history.ts";

export interface RolloutChecker {
  /** To be called for every commit, in order. */
  heard(commit: Commit): void;
  /** A fault is about to take something from these pods. */
  hit(podUids: readonly string[]): void;
  /** The first rule that was broken. */
  readonly violation: string | undefined;
  readonly available: number;
}

interface SeenPod {
  readonly uid: string;
  readonly node: string;
  readonly available: boolean;
  readonly deleting: boolean;
  readonly template: string | undefined;
}

interface State {
  readonly pods: Map<string, SeenPod>;
  deployment: Deployment | undefined;
  floor: number;
  /** Uids of the pods of the last complete rollout while every spec since then says Recreate. */
  recreated: ReadonlySet<string>;
  /** Pods a fault took, by uid: whether they were seen to be gone or not ready since. */
  readonly lost: Map<string, { seen: boolean }>;
  violation: string | undefined;
}

const decoder = new TextDecoder();
const podPrefix = `/registry/${pods.resource}/`;
const deploymentPrefix = `/registry/${deployments.resource}/`;
const nodePrefix = "/registry/minions/";

export function createRolloutChecker(of: { readonly namespace: string; readonly name: string }): RolloutChecker {
  const state: State = {
    pods: new Map(),
    deployment: undefined,
    floor: 0,
    recreated: new Set(),
    lost: new Map(),
    violation: undefined,
  };
  const podsHere = `${podPrefix}${of.namespace}/`;
  const replicaSetsHere = `/registry/${replicaSets.resource}/${of.namespace}/`;
  const deploymentKey = `${deploymentPrefix}${of.namespace}/${of.name}`;
  return {
    heard({ operations }) {
      for (const operation of operations) {
        const { key } = operation;
        const value = operation.type === "put" ? operation.value : undefined;
        if (key.startsWith(podsHere)) seePod(state, key, read<Pod>(value));
        else if (key.startsWith(replicaSetsHere)) seeReplicaSet(state, operation);
        else if (key === deploymentKey) seeDeployment(state, read<Deployment>(value));
        else if (key.startsWith(nodePrefix)) seeNode(state, read<Node>(value));
      }
    },
    hit: (uids) => lose(state, uids),
    get violation() {
      return state.violation;
    },
    get available() {
      return availableIn(state);
    },
  };
}

const read = <T>(value: Uint8Array | undefined): T | undefined =>
  value === undefined ? undefined : (JSON.parse(decoder.decode(value)) as T);

const availableIn = (state: State): number => [...state.pods.values()].filter((pod) => pod.available).length;

function lose(state: State, uids: readonly string[]): void {
  for (const uid of uids) state.lost.set(uid, { seen: false });
}

function seePod(state: State, key: string, pod: Pod | undefined): void {
  const before = state.pods.get(key);
  if (pod === undefined) state.pods.delete(key);
  else {
    const deleting = pod.metadata.deletionTimestamp !== undefined;
    const ready = pod.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") === true;
    const available = ready && !deleting;
    const template = pod.metadata.labels?.["pod-template-hash"];
    const seen = { uid: pod.metadata.uid, node: pod.spec.nodeName ?? "", available, deleting, template };
    if (before === undefined) judgeComing(state, key, seen);
    state.pods.set(key, seen);
  }
  const after = state.pods.get(key);
  const lost = before === undefined ? undefined : state.lost.get(before.uid);
  if (lost !== undefined && after?.available !== true) lost.seen = true;
  settle(state);
  if (before?.available === true && after?.available !== true) judge(state, key, after);
}

function judgeComing(state: State, key: string, coming: SeenPod): void {
  const stays = [...state.pods].find(
    ([, pod]) => state.recreated.has(pod.uid) && !pod.deleting && pod.template !== coming.template,
  );
  if (stays === undefined) return;
  const [there, here] = [stays[0], key].map((each) => each.slice(podPrefix.length));
  state.violation ??= `${here} was created while ${there} of the template before is not being deleted; the strategy is Recreate`;
}

function seeReplicaSet(state: State, operation: Commit["operations"][number]): void {
  if (operation.type !== "put" || operation.expectRevision !== 0) return;
  const { metadata, spec, status } = state.deployment ?? {};
  if (spec?.paused !== true || status?.observedGeneration !== metadata!.generation) return;
  state.violation ??= `${operation.key} was created though the rollout is paused`;
}

function judge(state: State, key: string, after: SeenPod | undefined): void {
  if (state.deployment === undefined || state.violation !== undefined) return;
  const available = availableIn(state);
  const uids = new Set([...state.pods.values()].filter((pod) => pod.available).map((pod) => pod.uid));
  const excused = [...state.lost.keys()].filter((uid) => !uids.has(uid)).length;
  if (available + excused >= state.floor) return;
  const how = after === undefined ? "was removed" : after.deleting ? "is being deleted" : "is not ready any more";
  const thanks = excused === 0 ? "" : ` and ${excused} lost to faults`;
  state.violation = `${key.slice(podPrefix.length)} ${how}: ${available} pods available${thanks}, at least ${state.floor} promised`;
}

function seeDeployment(state: State, deployment: Deployment | undefined): void {
  state.deployment = deployment?.metadata.deletionTimestamp === undefined ? deployment : undefined;
  if (state.deployment === undefined) state.floor = 0;
  else state.floor = Math.min(state.floor, promised(state.deployment));
  if (state.deployment?.spec.strategy?.type !== "Recreate") state.recreated = new Set();
  settle(state);
}

/** A node that the cluster gave up loses its pods by the cluster's own rules. */
function seeNode(state: State, node: Node | undefined): void {
  const ready = node?.status?.conditions?.find((each) => each.type === "Ready");
  if (node === undefined || ready === undefined || ready.status === "True") return;
  const here = [...state.pods.values()].filter((pod) => pod.node === node.metadata.name && pod.available);
  lose(
    state,
    here.filter((pod) => !state.lost.has(pod.uid)).map((pod) => pod.uid),
  );
}

/** A complete rollout is where the promise starts anew. */
function settle(state: State): void {
  const { deployment } = state;
  if (deployment === undefined || !isComplete(deployment)) return;
  if (availableIn(state) < (deployment.spec.replicas ?? 1)) return;
  for (const lost of state.lost.values()) if (!lost.seen) return;
  state.lost.clear();
  state.floor = promised(deployment);
  const { type } = deployment.spec.strategy ?? {};
  if (type === "Recreate")
    state.recreated = new Set([...state.pods.values()].filter((pod) => pod.available).map((pod) => pod.uid));
}

/** Every replica is of the newest template and available, nothing is left of older ones, and the status is about this spec. */
export function isComplete({ metadata, spec, status }: Deployment): boolean {
  const replicas = spec.replicas ?? 1;
  return (
    status?.observedGeneration === metadata.generation &&
    (status?.replicas ?? 0) === replicas &&
    (status?.updatedReplicas ?? 0) === replicas &&
    (status?.availableReplicas ?? 0) === replicas
  );
}

/** replicas - maxUnavailable, as upstream resolves both bounds (ResolveFenceposts). */
function promised({ spec }: Deployment): number {
  if (spec.strategy?.type === "Recreate") return 0;
  const replicas = spec.replicas ?? 1;
  const { maxSurge = "25%", maxUnavailable = "25%" } = spec.strategy?.rollingUpdate ?? {};
  const surge = share(maxSurge, replicas, Math.ceil);
  const unavailable = share(maxUnavailable, replicas, Math.floor);
  return Math.max(0, replicas - (surge === 0 && unavailable === 0 ? 1 : unavailable));
}

const share = (value: number | string, of: number, round: (value: number) => number): number =>
  typeof value === "number" ? value : round((Number.parseInt(value, 10) * of) / 100);
