// When a pod fits nowhere: finds the node where the least has to go to make room, has it done, and nominates the pod to
// that node. Upstream: plugins/defaultpreemption, framework/preemption.
import type { Pod } from "../../../api/index.ts";
import { fitMessage } from "../../fit-error.ts";
import {
  action,
  type Candidate,
  type Diagnosis,
  emptyDiagnosis,
  type FilterRun,
  failed,
  type Plugin,
  type PostFilterResult,
  type Status,
  unresolvable,
  unschedulable,
} from "../../framework.ts";
import type { Handle } from "../../handle.ts";
import type { NodeInfo } from "../../snapshot/node-info.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";
import { createExecutor, type Executor } from "./executor.ts";
import { openBudgets, pickCandidate, selectVictims } from "./victims.ts";

const name = "DefaultPreemption";
const leastCandidates = 100;
const candidatesPercentage = 10;
const waiting = unresolvable(name, "waiting for the preemption for this pod to be finished");

export const defaultPreemption = (handle: Handle): Plugin => {
  const executor = createExecutor(handle);
  return {
    name,
    preEnqueue: (pod) => (executor.isRunning(pod.metadata.uid) ? waiting : undefined),
    postFilter: (pod, run, diagnosis) => {
      handle.metrics.preemptionAttempts.inc();
      const result = preempt(handle, executor, { pod, run, diagnosis });
      if (result.status === undefined) return result;
      const reason = `preemption: ${result.status.reasons.join(", ")}`;
      return { ...result, status: { ...result.status, reasons: [reason] } };
    },
    // A deletion never makes the pod worth a try by itself; it ends the waiting that preEnqueue imposes.
    events: [{ resource: "Pod", action: action.delete, hint: () => false }],
  };
};

interface Failure {
  readonly pod: PodInfo;
  readonly run: FilterRun;
  readonly diagnosis: Diagnosis;
}

function preempt(handle: Handle, executor: Executor, failure: Failure): PostFilterResult {
  const pod = handle.listers.pods.get(failure.pod.namespace, failure.pod.name);
  if (pod === undefined) return { status: failed(name, `pod "${failure.pod.name}" not found`) };
  const ineligible = whyIneligible(handle, pod, failure);
  if (ineligible !== undefined) return { status: unschedulable(name, ineligible) };
  const nodes = handle.snapshot.nodes();
  const told = emptyDiagnosis();
  const candidates = dryRun(handle, failure, told);
  if (candidates.length === 0) {
    told.absent = unresolvable(name, "Preemption is not helpful for scheduling");
    return { status: unschedulable(name, fitMessage(nodes.length, told)), nominatedNodeName: "" };
  }
  const best = pickCandidate(candidates)!;
  executor.start(pod, best);
  return { status: undefined, nominatedNodeName: best.nodeName };
}

/** Room is being made already, or the pod must not push others away. */
function whyIneligible(handle: Handle, pod: Pod, { pod: info, diagnosis }: Failure): string | undefined {
  if (pod.spec?.preemptionPolicy === "Never") return "not eligible due to preemptionPolicy=Never.";
  const nominated = pod.status?.nominatedNodeName;
  if (!nominated) return undefined;
  if (statusOn(diagnosis, nominated).code === "unresolvable") return undefined;
  const node = handle.snapshot.node(nominated);
  const leaving = node?.pods.some((each) => each.priority < info.priority && isLeavingForPreemption(each.pod));
  return leaving ? "not eligible due to a terminating pod on the nominated node." : undefined;
}

function statusOn(diagnosis: Diagnosis, nodeName: string): Status {
  const index = diagnosis.nodes.findIndex((node) => node.name === nodeName);
  return index < 0 ? diagnosis.absent : diagnosis.statuses[index]!;
}

function isLeavingForPreemption(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp === undefined) return false;
  const condition = pod.status?.conditions?.find((each) => each.type === "DisruptionTarget");
  return condition?.status === "True" && condition.reason === "PreemptionByScheduler";
}

/** Nodes that rejected the pod for something that could go away. */
function curableNodes(handle: Handle, diagnosis: Diagnosis): NodeInfo[] {
  const curable = diagnosis.nodes.filter((_, index) => diagnosis.statuses[index]!.code === "unschedulable");
  if (diagnosis.absent.code !== "unschedulable") return curable;
  const told = new Set(diagnosis.nodes);
  for (const node of handle.snapshot.nodes()) if (!told.has(node)) curable.push(node);
  return curable;
}

/** Tries nodes from a random one on until there are enough candidates, at least one of them without violated budgets. */
function dryRun(handle: Handle, { pod, run, diagnosis }: Failure, told: Diagnosis): Candidate[] {
  const nodes = curableNodes(handle, diagnosis);
  if (nodes.length === 0) return [];
  const enough = Math.min(
    Math.max(Math.trunc((nodes.length * candidatesPercentage) / 100), leastCandidates),
    nodes.length,
  );
  const start = handle.rng.below(nodes.length);
  const budgets = handle.listers.podDisruptionBudgets.list();
  const trial = { pod, run, budgets: openBudgets(budgets) };
  const anew = (node: NodeInfo) => selectVictims(trial, node);
  const tryOn = run.sheet?.trials(run, budgets, anew) ?? anew;
  const clean: Candidate[] = [];
  const violating: Candidate[] = [];
  for (let seen = 0; seen < nodes.length; seen++) {
    const at = start + seen;
    const node = nodes[at < nodes.length ? at : at - nodes.length]!;
    const found = tryOn(node);
    if ("code" in found) {
      told.nodes.push(node);
      told.statuses.push(found);
      continue;
    }
    (found.clean ? clean : violating).push(found);
    if (clean.length > 0 && clean.length + violating.length >= enough) break;
  }
  return [...clean, ...violating];
}
