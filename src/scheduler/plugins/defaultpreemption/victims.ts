// Which pods would have to go from one node, and which node costs least. Upstream: SelectVictimsOnNode, pickOneNodeForPreemption.
import type { PodDisruptionBudget } from "../../../api/index.ts";
import { parseTime } from "../../../machinery/index.ts";
import { type FilterRun, type Status, unresolvable } from "../../framework.ts";
import { compileSelector } from "../../lib/selectors.ts";
import type { NodeInfo } from "../../snapshot/node-info.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";

export interface Candidate {
  readonly nodeName: string;
  /** Most important first; at least one. */
  readonly victims: readonly PodInfo[];
  /** Victims whose disruption budget is used up. */
  readonly violations: number;
}

const noVictims = unresolvable("DefaultPreemption", "No preemption victims found for incoming pod");

/** A pod that has not started counts as starting now. */
const startTime = (pod: PodInfo, nowMs: number): number => {
  const text = pod.pod.status?.startTime;
  if (text === undefined) return nowMs;
  const started = parseTime(text);
  return Number.isNaN(started) ? nowMs : started;
};

/** Higher priority first, then the longer running. */
const byImportance =
  (nowMs: number) =>
  (a: PodInfo, b: PodInfo): number =>
    b.priority - a.priority || startTime(a, nowMs) - startTime(b, nowMs);

/** Splits pods in those whose eviction would break a budget and the others. Budgets are used up in the given order. */
export function splitByBudget(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): { violating: PodInfo[]; others: PodInfo[] } {
  const allowed = budgets.map((budget) => budget.status?.disruptionsAllowed ?? 0);
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    budgets.forEach((budget, index) => {
      if (!isAbout(budget, pod)) return;
      allowed[index]!--;
      if (allowed[index]! < 0) violates = true;
    });
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}

function isAbout(budget: PodDisruptionBudget, pod: PodInfo): boolean {
  if (budget.metadata.namespace !== pod.namespace || Object.keys(pod.labels ?? {}).length === 0) return false;
  const selector = compileSelector(budget.spec.selector);
  if (selector.everything || !selector.matches(pod.labels)) return false;
  return budget.status?.disruptedPods?.[pod.name] === undefined;
}

export interface DryRun {
  readonly pod: PodInfo;
  readonly run: FilterRun;
  readonly budgets: readonly PodDisruptionBudget[];
  readonly nowMs: number;
}

/**
 * The fewest pods of lower priority without which the pod fits: all are taken away, then brought back one by one, first
 * those whose budget would be violated, the most important first, as long as the pod still fits. A status says why not.
 */
export function selectVictims({ pod, run, budgets, nowMs }: DryRun, real: NodeInfo): Candidate | Status {
  const potential = real.pods.filter((each) => each.priority < pod.priority);
  if (potential.length === 0) return noVictims;
  const node = real.clone();
  const gone = new Set<PodInfo>();
  const take = (victim: PodInfo): void => {
    node.removePod(victim);
    run.remove(victim, node);
    gone.add(victim);
  };
  const bringBack = (victim: PodInfo): void => {
    node.addPod(victim);
    run.add(victim, node);
    gone.delete(victim);
  };
  try {
    for (const each of potential) take(each);
    const status = run.check(node);
    if (status !== undefined) return status;
    const { violating, others } = splitByBudget(potential.sort(byImportance(nowMs)), budgets);
    const victims: PodInfo[] = [];
    const reprieve = (victim: PodInfo): boolean => {
      bringBack(victim);
      if (run.check(node) === undefined) return true;
      take(victim);
      victims.push(victim);
      return false;
    };
    let violations = 0;
    for (const each of violating) if (!reprieve(each)) violations++;
    for (const each of others) reprieve(each);
    if (violating.length > 0 && others.length > 0) victims.sort(byImportance(nowMs));
    return { nodeName: node.name, victims, violations };
  } finally {
    for (const each of gone) run.add(each, node); // what-if changes come in pairs
  }
}

const offset = 2 ** 31;

/** Start of the longest running among the most important victims. */
function earliestStart(victims: readonly PodInfo[], nowMs: number): number {
  const highest = Math.max(...victims.map((victim) => victim.priority));
  return Math.min(...victims.filter((each) => each.priority === highest).map((each) => startTime(each, nowMs)));
}

/** Fewest violated budgets, then the lowest highest priority, the lowest sum of priorities, the fewest victims, the latest start. */
export function pickCandidate(candidates: readonly Candidate[], nowMs: number): Candidate | undefined {
  const criteria: readonly ((candidate: Candidate) => number)[] = [
    ({ violations }) => -violations,
    ({ victims }) => -victims[0]!.priority,
    ({ victims }) => -victims.reduce((sum, victim) => sum + victim.priority + offset, 0),
    ({ victims }) => -victims.length,
    ({ victims }) => earliestStart(victims, nowMs),
  ];
  let left = candidates;
  for (const criterion of criteria) {
    if (left.length <= 1) break;
    const scores = left.map(criterion);
    const best = scores.reduce((highest, score) => Math.max(highest, score));
    left = left.filter((_, index) => scores[index] === best);
  }
  return left[0];
}
