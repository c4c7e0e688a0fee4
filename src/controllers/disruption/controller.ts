// Keeps the status of PodDisruptionBudgets, from which evictions are granted, and takes back DisruptionTarget conditions of pods that
// stayed after all. Upstream: pkg/controller/disruption.

import { type Pod, type PodDisruptionBudget, podDisruptionBudgets, pods } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import {
  formatTime,
  ignoreNotFound,
  isConflict,
  type LabelMatcher,
  labelSelectorMatcher,
  objectKey,
  quoteGo,
} from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import {
  disrupted,
  expectation,
  failedStatus,
  needsScale,
  nextStatus,
  selectorText,
  staleDisruptionMs,
} from "./decide.ts";
import { createScaleFinder, type ScaleFinder } from "./scale.ts";

export async function runDisruption(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "disruption");
  const stale = newQueue(context, "stale_pod_disruption");
  const recorder = context.recorder("controllermanager");
  const wake = (budget: PodDisruptionBudget): void => queue.add(objectKey(budget));
  const budgets = watch(context, podDisruptionBudgets, { add: wake, update: (_, budget) => wake(budget) });
  const wakeOf = (pod: Pod): void => {
    const found = budgets
      .list(pod.metadata.namespace)
      .filter((budget) => matcherOf(budget)?.matches(pod.metadata.labels))
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    for (const budget of found) wake(budget);
    if (found.length > 1)
      recorder.event(pod, {
        type: "Warning",
        reason: "MultiplePodDisruptionBudgets",
        message: `Pod ${quoteGo(pod.metadata.namespace ?? "")}/${quoteGo(pod.metadata.name)} matches multiple PodDisruptionBudgets.  Chose ${quoteGo(found[0]!.metadata.name)} arbitrarily.`,
      });
  };
  const wakeStale = (pod: Pod): void => {
    const afterMs = staleDisruptionMs(pod, context.clock.now());
    if (afterMs !== undefined) stale.addAfter(objectKey(pod), afterMs);
  };
  const podInformer = watch(context, pods, {
    add: (pod) => {
      wakeOf(pod);
      wakeStale(pod);
    },
    update: (_, pod) => {
      wakeOf(pod);
      wakeStale(pod);
    },
    delete: wakeOf,
  });
  const finder = createScaleFinder(context);
  const informers = [budgets, podInformer, ...finder.informers] as ScaleFinder["informers"];
  const podsOf = (budget: PodDisruptionBudget): readonly Pod[] => {
    const matcher = labelSelectorMatcher(budget.spec.selector);
    return podInformer.list(budget.metadata.namespace).filter((pod) => matcher.matches(pod.metadata.labels));
  };

  const budgetLoop = runLoop(context, {
    queue,
    informers,
    workers: 1,
    reconcile: async (key) => {
      const budget = budgets.byKey(key);
      if (budget === undefined) return undefined;
      try {
        return await keep(context, { budget, podsOf, finder });
      } catch (error) {
        if (isConflict(error)) throw error;
        // Better no eviction than a wrong one.
        context.log.warn("could not compute a disruption budget", { key, error });
        const status = failedStatus(budget, errorText(error), context.clock.now());
        if (status !== undefined) await context.client.of(podDisruptionBudgets).updateStatus({ ...budget, status });
        return undefined;
      }
    },
  });
  const staleLoop = runLoop(context, {
    queue: stale,
    informers: [podInformer],
    workers: 1,
    reconcile: (key) => takeBack(context, podInformer.byKey(key)),
  });
  await Promise.all([budgetLoop, staleLoop]);
}

/** Undefined for a selector that is none: it chooses no pod, and the budget's own sync says what is wrong with it. */
function matcherOf(budget: PodDisruptionBudget): LabelMatcher | undefined {
  try {
    return labelSelectorMatcher(budget.spec.selector);
  } catch {
    return undefined;
  }
}

interface Work {
  readonly budget: PodDisruptionBudget;
  readonly podsOf: (budget: PodDisruptionBudget) => readonly Pod[];
  readonly finder: ScaleFinder;
}

/** Milliseconds until the budget is to be looked at again, if at all. */
async function keep(context: ControllerContext, { budget, podsOf, finder }: Work): Promise<number | undefined> {
  const recorder = context.recorder("controllermanager");
  const tell = (type: "Normal" | "Warning", reason: string, message: string): void =>
    recorder.event(budget, { type, reason, message });
  let selected: readonly Pod[];
  try {
    selected = podsOf(budget);
  } catch (error) {
    tell("Warning", "NoPods", `Failed to get pods: ${errorText(error)}`);
    throw error;
  }
  if (selected.length === 0) tell("Normal", "NoPods", "No matching pods found");
  const nowMs = context.clock.now();
  let expected: ReturnType<typeof expectation>;
  try {
    const { scale, unmanaged } = needsScale(budget) ? await finder.expected(selected) : { scale: 0, unmanaged: [] };
    expected = expectation(budget, selected, scale);
    if (unmanaged.length > 0)
      tell(
        "Warning",
        "UnmanagedPods",
        `Pods selected by this PodDisruptionBudget (selector: ${selectorText(budget.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
      );
  } catch (error) {
    tell(
      "Warning",
      "CalculateExpectedPodCountFailed",
      `Failed to calculate the number of expected pods: ${errorText(error)}`,
    );
    throw error;
  }
  const { disruptedPods, notDeleted, recheckMs } = disrupted(budget, selected, nowMs);
  const { namespace } = budget.metadata;
  for (const pod of notDeleted)
    recorder.event(pod, {
      type: "Warning",
      reason: "NotDeleted",
      // Upstream names the namespace twice.
      message: `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`,
    });
  const status = nextStatus(budget, { ...expected, pods: selected, disruptedPods, nowMs });
  if (status !== undefined) await context.client.of(podDisruptionBudgets).updateStatus({ ...budget, status });
  return recheckMs === undefined ? undefined : recheckMs + 1;
}

/** The pod did not end: nobody is about to disrupt it any more. */
async function takeBack(context: ControllerContext, pod: Pod | undefined): Promise<number | undefined> {
  const nowMs = context.clock.now();
  const leftMs = pod === undefined ? undefined : staleDisruptionMs(pod, nowMs);
  if (pod === undefined || leftMs === undefined) return undefined;
  if (leftMs > 0) return leftMs;
  const conditions = (pod.status?.conditions ?? []).map((condition) => {
    if (condition.type !== "DisruptionTarget") return condition;
    const { reason: _reason, message: _message, ...rest } = condition;
    const lastTransitionTime = formatTime(nowMs);
    return { ...rest, status: "False", observedGeneration: pod.metadata.generation, lastTransitionTime };
  });
  await context.client
    .of(pods)
    .updateStatus({ ...pod, status: { ...pod.status, conditions } } as Pod)
    .catch(ignoreNotFound);
  return undefined;
}
