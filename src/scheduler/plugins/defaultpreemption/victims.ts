// Which pods would have to go from one node, and which node costs least. Upstream: SelectVictimsOnNode, pickOneNodeForPreemption.
import type { PodDisruptionBudget } from "../../../api/index.ts";
import { parseTime } from "../../../machinery/index.ts";
import { type Candidate, type FilterRun, failed, type Status, unresolvable } from "../../framework.ts";
import { compileSelector, type Selector } from "../../lib/selectors.ts";
import type { NodeInfo } from "../../snapshot/node-info.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";

const noVictims = unresolvable("DefaultPreemption", "No preemption victims found for incoming pod");

const startTimes = new WeakMap<PodInfo, number>();

/** A pod that has not started comes after all that have: upstream takes its start to be now. */
function startTime(pod: PodInfo): number {
  let time = startTimes.get(pod);
  if (time === undefined) {
    const text = pod.pod.status?.startTime;
    time = text === undefined ? Number.NaN : parseTime(text);
    if (Number.isNaN(time)) time = Number.POSITIVE_INFINITY;
    startTimes.set(pod, time);
  }
  return time;
}

/** Higher priority first, then the longer running. */
function byImportance(a: PodInfo, b: PodInfo): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.pod.status?.startTime === b.pod.status?.startTime) return 0;
  const [startOfA, startOfB] = [startTime(a), startTime(b)];
  return startOfA === startOfB ? 0 : startOfA - startOfB;
}

/** A budget that has a say about some pods. */
export interface OpenBudget {
  readonly namespace: string | undefined;
  readonly selector: Selector;
  readonly allowed: number;
  readonly disrupted: Readonly<Record<string, unknown>>;
}

/** Without those that select nothing: an empty selector means no pod here. */
export const openBudgets = (budgets: readonly PodDisruptionBudget[]): OpenBudget[] =>
  budgets
    .map(({ metadata, spec, status }) => ({
      namespace: metadata.namespace,
      selector: compileSelector(spec.selector),
      allowed: status?.disruptionsAllowed ?? 0,
      disrupted: status?.disruptedPods ?? {},
    }))
    .filter(({ selector }) => !selector.everything);

/** Splits pods in those whose eviction would break a budget and the others. Budgets are used up in the given order. */
export function splitByBudget(
  pods: readonly PodInfo[],
  budgets: readonly OpenBudget[],
): { readonly violating: readonly PodInfo[]; readonly others: readonly PodInfo[] } {
  if (budgets.length === 0) return { violating: [], others: pods };
  const used = budgets.map(() => 0);
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    budgets.forEach((budget, index) => {
      if (!isAbout(budget, pod)) return;
      used[index]!++;
      if (used[index]! > budget.allowed) violates = true;
    });
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}

/** Pods that a budget lists as disrupted were counted by the API server already. */
function isAbout({ namespace, selector, disrupted }: OpenBudget, pod: PodInfo): boolean {
  if (namespace !== pod.namespace || pod.labels === undefined || Object.keys(pod.labels).length === 0) return false;
  return selector.matches(pod.labels) && disrupted[pod.name] === undefined;
}

export interface DryRun {
  readonly pod: PodInfo;
  readonly run: FilterRun;
  readonly budgets: readonly OpenBudget[];
}

/**
 * The fewest pods of lower priority without which the pod fits: all are taken away, then brought back one by one, first
 * those whose budget would be violated, the most important first, as long as the pod still fits. A status says why not.
 */
export function selectVictims({ pod, run, budgets }: DryRun, real: NodeInfo): Candidate | Status {
  const potential = real.pods.filter((each) => each.priority < pod.priority);
  if (potential.length === 0) return noVictims;
  const node = real.cloneWithout(potential);
  for (const each of potential) run.remove(each, node);
  const victims: PodInfo[] = [];
  let next = 0;
  try {
    const status = run.check(node);
    if (status !== undefined) return status;
    const { violating, others } = splitByBudget(potential.sort(byImportance), budgets);
    let violations = 0;
    const inOrder = violating.length === 0 ? others : [...violating, ...others];
    for (; next < inOrder.length; next++) {
      const each = inOrder[next]!;
      node.addPod(each);
      run.add(each, node);
      if (run.check(node) === undefined) continue;
      node.removePod(each);
      run.remove(each, node);
      victims.push(each);
      if (next < violating.length) violations++;
    }
    if (violating.length > 0 && others.length > 0) victims.sort(byImportance);
    // The filters rejected the node with all its pods a moment ago, so some have to go.
    return victims.length === 0 ? failedTrial(real.name) : candidateOf(real.name, victims, violations);
  } finally {
    // What-if changes come in pairs.
    for (const each of next === 0 ? potential : victims) run.add(each, node);
  }
}

const failedTrial = (nodeName: string): Status =>
  failed("DefaultPreemption", `expected at least one victim pod on node "${nodeName}"`);

const offset = 2 ** 31;

/** Fewest violated budgets, then the lowest highest priority, the lowest sum of priorities, the fewest victims, the latest start. */
export function candidateOf(nodeName: string, victims: readonly PodInfo[], violations: number): Candidate {
  const highest = victims[0]!.priority;
  let sum = 0;
  let earliest = Number.POSITIVE_INFINITY;
  for (const victim of victims) {
    sum += victim.priority + offset;
    if (victim.priority === highest) earliest = Math.min(earliest, startTime(victim));
  }
  return { nodeName, victims, clean: violations === 0, rank: [-violations, -highest, -sum, -victims.length, earliest] };
}

/** The first of the best. */
export function pickCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  let best: Candidate | undefined;
  for (const candidate of candidates) if (best === undefined || isBetter(candidate, best)) best = candidate;
  return best;
}

function isBetter({ rank }: Candidate, { rank: other }: Candidate): boolean {
  for (let index = 0; index < rank.length; index++)
    if (rank[index] !== other[index]) return rank[index]! > other[index]!;
  return false;
}
