// The decision: a pod and a snapshot in, a node or the reasons against every node out. Nothing here waits or has effects.
import type { Rng } from "../base/index.ts";
import { prepareFilters } from "./filters.ts";
import { type Diagnosis, emptyDiagnosis, type FilterRun, type Plugin, type Status } from "./framework.ts";
import type { NodeInfo } from "./snapshot/node-info.ts";
import type { PodInfo } from "./snapshot/pod-info.ts";
import type { Snapshot } from "./snapshot/snapshot.ts";
import type { Verdicts } from "./verdicts.ts";

export interface ScorePlugin {
  readonly plugin: Plugin;
  readonly weight: number;
}

/** What a decision needs besides the pod. */
export interface Framework {
  readonly snapshot: Snapshot;
  readonly filters: readonly Plugin[];
  readonly scores: readonly ScorePlugin[];
  readonly rng: Rng;
  /** 0: adaptive, as by default. */
  readonly percentageOfNodesToScore: number;
  readonly verdicts: Verdicts;
  /** Name of the node to which the pod is nominated. */
  nominationOf(uid: string): string | undefined;
  /** Where the last search stopped: the next begins there, so that all nodes get their turn. */
  search: { next: number };
}

export type Decision =
  | {
      readonly kind: "node";
      readonly nodeName: string;
      readonly evaluatedNodes: number;
      readonly feasibleNodes: number;
    }
  | { readonly kind: "unfit"; readonly totalNodes: number; readonly diagnosis: Diagnosis; readonly run: FilterRun }
  | { readonly kind: "no nodes" }
  | { readonly kind: "error"; readonly message: string };

const leastFeasibleNodes = 100;
const leastPercentage = 5;

/** How many feasible nodes are enough. Small clusters: all. Upstream: numFeasibleNodesToFind. */
export function feasibleNodesToFind(totalNodes: number, percentageOfNodesToScore: number): number {
  if (totalNodes < leastFeasibleNodes) return totalNodes;
  const adaptive = Math.max(50 - Math.trunc(totalNodes / 125), leastPercentage);
  const percentage = percentageOfNodesToScore === 0 ? adaptive : percentageOfNodesToScore;
  return Math.max(Math.trunc((totalNodes * percentage) / 100), leastFeasibleNodes);
}

export function schedulePod(framework: Framework, pod: PodInfo): Decision {
  const all = framework.snapshot.nodes();
  if (all.length === 0) return { kind: "no nodes" };
  const diagnosis = emptyDiagnosis();
  const prepared = prepareFilters(framework.filters, pod, {
    diagnosis,
    ownNode: framework.snapshot.node(framework.nominationOf(pod.uid) ?? ""),
  });
  if (prepared.kind === "error") return prepared;
  const unfit: Decision = { kind: "unfit", totalNodes: all.length, diagnosis, run: prepared.run };
  if (prepared.kind === "rejected") return unfit;
  const { run } = prepared;
  const { verdicts } = framework;
  if (verdicts.any) run.sheet = verdicts.find(run.signature());
  const feasible = findFeasible(framework, pod, { ...prepared, diagnosis });
  if (typeof feasible === "string") return { kind: "error", message: feasible };
  if (feasible.length === 0) {
    // A pod that names its nodes is the only one of its kind.
    if (prepared.nodeNames === undefined) noteVerdicts(framework, run, diagnosis);
    return unfit;
  }
  return {
    kind: "node",
    nodeName: feasible.length === 1 ? feasible[0]!.name : bestNode(framework, pod, feasible),
    evaluatedNodes: feasible.length + diagnosis.statuses.length,
    feasibleNodes: feasible.length,
  };
}

/** For the next pod like this one, if its filters sign it. */
function noteVerdicts({ verdicts }: Framework, run: FilterRun, diagnosis: Diagnosis): void {
  if (run.sheet !== undefined) return;
  const signature = run.signature();
  if (signature === undefined) return;
  run.sheet = verdicts.enter(signature);
  run.sheet.note(diagnosis, run);
}

interface Search {
  readonly run: FilterRun;
  readonly nodeNames: ReadonlySet<string> | undefined;
  readonly diagnosis: Diagnosis;
}

/** Nodes that fit, enough of them; or what went wrong. */
function findFeasible(framework: Framework, pod: PodInfo, search: Search): NodeInfo[] | string {
  const { snapshot } = framework;
  const nominated = pod.pod.status?.nominatedNodeName;
  const first = nominated ? snapshot.node(nominated) : undefined;
  if (first !== undefined) {
    const status = search.run.check(first);
    if (status === undefined) return [first];
    search.diagnosis.unschedulablePlugins.add(status.plugin);
  }
  const all = snapshot.nodes();
  const nodes = search.nodeNames === undefined ? all : namedNodes(snapshot, search.nodeNames);
  const feasible: NodeInfo[] = [];
  const enough = feasibleNodesToFind(nodes.length, framework.percentageOfNodesToScore);
  const start = nodes.length === 0 ? 0 : framework.search.next % nodes.length;
  const { diagnosis, run } = search;
  const { sheet } = run;
  let last: Status | undefined;
  for (let seen = 0; seen < nodes.length && feasible.length < enough; seen++) {
    const at = start + seen;
    const node = nodes[at < nodes.length ? at : at - nodes.length]!;
    const status = sheet === undefined ? run.check(node) : sheet.verdict(node, run);
    if (status === undefined) {
      feasible.push(node);
      continue;
    }
    if (status !== last) {
      if (status.code === "error") return status.reasons.join(", ");
      diagnosis.unschedulablePlugins.add(status.plugin);
      last = status;
    }
    diagnosis.nodes.push(node);
    diagnosis.statuses.push(status);
  }
  framework.search.next = (framework.search.next + feasible.length + diagnosis.statuses.length) % all.length;
  return feasible;
}

function namedNodes(snapshot: Snapshot, names: ReadonlySet<string>): NodeInfo[] {
  const nodes: NodeInfo[] = [];
  for (const name of names) {
    const node = snapshot.node(name);
    if (node !== undefined) nodes.push(node);
  }
  return nodes;
}

/** Reused from one decision to the next: they are never alive at the same time. */
let totals = new Float64Array(1024);
let scratch = new Float64Array(1024);

function bestNode({ scores, rng }: Framework, pod: PodInfo, nodes: readonly NodeInfo[]): string {
  if (totals.length < nodes.length) {
    totals = new Float64Array(nodes.length * 2);
    scratch = new Float64Array(nodes.length * 2);
  }
  totals.fill(0, 0, nodes.length);
  for (const { plugin, weight } of scores) {
    if (!plugin.score!(pod, nodes, scratch)) continue;
    for (let index = 0; index < nodes.length; index++) totals[index]! += weight * scratch[index]!;
  }
  return nodes[pickHighest(totals, nodes.length, rng)]!.name;
}

/** One of the equal best, each with the same chance. Where scores say little, they are most of the nodes: one draw for all. */
export function pickHighest(values: Float64Array, count: number, rng: Rng): number {
  let best = 0;
  let equals = 1;
  for (let index = 1; index < count; index++) {
    const value = values[index]!;
    if (value > values[best]!) {
      best = index;
      equals = 1;
    } else if (value === values[best]) equals++;
  }
  if (equals === 1) return best;
  const highest = values[best]!;
  let skip = rng.below(equals);
  for (let index = best; ; index++) if (values[index] === highest && skip-- === 0) return index;
}
