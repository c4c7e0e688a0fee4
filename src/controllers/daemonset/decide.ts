// Where a DaemonSet's pods should be, as data. Upstream: pkg/controller/daemon {daemon_controller,update}.go.
import type { apps_v1, core_v1 } from "../../api/index.ts";
import { parseTime, scaledIntOrPercent } from "../../machinery/index.ts";
import {
  fitsNodeAffinity,
  hasUntoleratedTaint,
  isAvailable,
  isReady,
  isTerminal,
  revisionHashLabel,
} from "../lib/index.ts";
import { type DaemonSet, isUpdated, nodeOf, type Pod, tolerationsOf } from "./template.ts";

type Node = core_v1.Node;

export interface Observed {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  /** Those it controls. */
  readonly pods: readonly Pod[];
  /** Of the current revision. */
  readonly hash: string;
  /** How long a failed pod on this node is to be left alone, in ms. */
  readonly backoffMs: (nodeName: string) => number;
  readonly nowMs: number;
}

export interface Plan {
  /** Names of the nodes that need a pod; one entry a pod. */
  readonly create: readonly string[];
  readonly delete: readonly Pod[];
  /** Pods among `delete` because they failed or ended. */
  readonly ended: readonly { readonly pod: Pod; readonly nodeName: string }[];
  readonly againMs: number | undefined;
}

/** Whether a new pod belongs on the node, and whether one that is there may stay. */
export function shouldRun(set: DaemonSet, node: Node): { readonly run: boolean; readonly stay: boolean } {
  const spec = set.spec.template.spec ?? { containers: [] };
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return { run: false, stay: false };
  if (!fitsNodeAffinity(spec, node)) return { run: false, stay: false };
  const tolerations = tolerationsOf(set);
  if (!hasUntoleratedTaint(node, tolerations, ["NoSchedule", "NoExecute"])) return { run: true, stay: true };
  return { run: false, stay: !hasUntoleratedTaint(node, tolerations, ["NoExecute"]) };
}

function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    if (isTerminal(pod) && pod.metadata.deletionTimestamp !== undefined) continue;
    const name = nodeOf(pod);
    if (name === undefined) continue;
    const there = byNode.get(name);
    if (there === undefined) byNode.set(name, [pod]);
    else there.push(pod);
  }
  return byNode;
}

/** Assigned before unassigned, then the oldest, then by name: the first is the one that counts. */
function byAge(a: Pod, b: Pod): number {
  const assigned = Number(Boolean(b.spec?.nodeName)) - Number(Boolean(a.spec?.nodeName));
  if (assigned !== 0) return assigned;
  const age = parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp);
  return age || (a.metadata.name < b.metadata.name ? -1 : 1);
}

const strategyOf = (set: DaemonSet): string => set.spec.updateStrategy?.type ?? "RollingUpdate";

function surgeOf(set: DaemonSet, total: number): number {
  const surge = strategyOf(set) === "RollingUpdate" ? set.spec.updateStrategy?.rollingUpdate?.maxSurge : undefined;
  return surge === undefined ? 0 : scaledIntOrPercent(surge, { total, round: "up" });
}

function unavailableOf(set: DaemonSet, total: number): number {
  const { maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {};
  return maxUnavailable === undefined ? 0 : scaledIntOrPercent(maxUnavailable, { total, round: "up" });
}

/** First every node has what it should have; once that holds, the update goes on. */
export function decide(observed: Observed): Plan {
  const byNode = podsByNode(observed.pods);
  const placed = place(observed, byNode);
  if (placed.create.length > 0 || placed.delete.length > 0) return placed;
  if (strategyOf(observed.set) !== "RollingUpdate") return placed;
  const rolled = surges(observed) ? rollWithSurge(observed, byNode) : roll(observed, byNode);
  return { ...placed, ...rolled };
}

const surges = (observed: Observed): boolean => limits(observed).surge > 0;

function place(observed: Observed, byNode: ReadonlyMap<string, readonly Pod[]>): Plan {
  const create: string[] = [];
  const remove: Pod[] = [];
  const ended: { pod: Pod; nodeName: string }[] = [];
  let againMs: number | undefined;
  const known = new Set<string>();
  for (const node of observed.nodes) {
    const { name } = node.metadata;
    known.add(name);
    const { run, stay } = shouldRun(observed.set, node);
    const pods = byNode.get(name);
    if (run && pods === undefined) create.push(name);
    else if (stay) {
      const running: Pod[] = [];
      for (const pod of (pods ?? []).filter((each) => each.metadata.deletionTimestamp === undefined)) {
        if (!isTerminal(pod)) running.push(pod);
        else {
          const waitMs = pod.status?.phase === "Failed" ? observed.backoffMs(name) : 0;
          if (waitMs > 0) againMs = Math.min(againMs ?? waitMs, waitMs);
          else {
            ended.push({ pod, nodeName: name });
            remove.push(pod);
          }
        }
      }
      remove.push(...surplus(observed, running));
      if (surgeOf(observed.set, 1) > 0 && running.length === 0 && run && pods !== undefined) create.push(name);
    } else remove.push(...(pods ?? []).filter((pod) => pod.metadata.deletionTimestamp === undefined));
  }
  // Pods for nodes that are gone and that nothing has bound.
  for (const [name, pods] of byNode) if (!known.has(name)) remove.push(...pods.filter((pod) => !pod.spec?.nodeName));
  return { create, delete: remove, ended, againMs };
}

/** Of several pods on one node one stays; while an update surges, one of each revision. */
function surplus({ set, hash, nowMs }: Observed, running: readonly Pod[]): Pod[] {
  if (running.length <= 1) return [];
  const sorted = [...running].sort(byAge);
  if (surgeOf(set, 1) === 0) return sorted.slice(1);
  const isNew = (pod: Pod): boolean => pod.metadata.labels?.[revisionHashLabel] === hash;
  const fresh = sorted.find(isNew);
  const old = sorted.find((pod) => !isNew(pod));
  const remove = sorted.filter((pod) => pod !== fresh && pod !== old);
  if (fresh !== undefined && old !== undefined)
    if (!isReady(old) || isAvailable(fresh, set.spec.minReadySeconds ?? 0, nowMs)) remove.push(old);
  return remove;
}

interface Limits {
  readonly surge: number;
  readonly unavailable: number;
  readonly desired: number;
  readonly wanting: readonly string[];
}

function limits({ set, nodes }: Observed): Limits {
  const wanting = nodes.filter((node) => shouldRun(set, node).run).map((node) => node.metadata.name);
  const desired = wanting.length;
  const surge = surgeOf(set, desired);
  const unavailable = unavailableOf(set, desired);
  return { surge, unavailable: desired > 0 && surge === 0 && unavailable === 0 ? 1 : unavailable, desired, wanting };
}

/** The one old and the one new pod of a node; undefined when there are more, which placing will put right. */
function pairOn(observed: Observed, pods: readonly Pod[]): { old?: Pod; fresh?: Pod } | undefined {
  const live = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const fresh = live.filter((pod) => isUpdated(observed.set, pod, observed.hash));
  const old = live.filter((pod) => !fresh.includes(pod));
  if (fresh.length > 1 || old.length > 1) return undefined;
  return { ...(old[0] ? { old: old[0] } : {}), ...(fresh[0] ? { fresh: fresh[0] } : {}) };
}

type Rolled = Pick<Plan, "create" | "delete">;

/** Old pods go as far as maxUnavailable allows; those that do not work go in any case. */
function roll(observed: Observed, byNode: ReadonlyMap<string, readonly Pod[]>): Rolled {
  const { unavailable: most, wanting } = limits(observed);
  const available = (pod: Pod): boolean => isAvailable(pod, observed.set.spec.minReadySeconds ?? 0, observed.nowMs);
  let unavailable = wanting.filter((name) => !byNode.has(name)).length;
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  for (const pods of byNode.values()) {
    const pair = pairOn(observed, pods);
    if (pair === undefined || (pair.old === undefined) === (pair.fresh === undefined)) unavailable++;
    else if (pair.fresh !== undefined) unavailable += available(pair.fresh) ? 0 : 1;
    else if (available(pair.old!)) candidates.push(pair.old!);
    else {
      broken.push(pair.old!);
      unavailable++;
    }
  }
  return { create: [], delete: [...broken, ...candidates.slice(0, Math.max(0, most - unavailable))] };
}

/** New pods come beside old ones as far as maxSurge allows; an old one goes when its successor is available. */
function rollWithSurge(observed: Observed, byNode: ReadonlyMap<string, readonly Pod[]>): Rolled {
  const { set, nodes } = observed;
  const { surge: most, desired } = limits(observed);
  const available = (pod: Pod): boolean => isAvailable(pod, set.spec.minReadySeconds ?? 0, observed.nowMs);
  const nodeByName = new Map(nodes.map((node) => [node.metadata.name, node]));
  const remove: Pod[] = [];
  const misplaced: Pod[] = [];
  const create: string[] = [];
  const candidates: string[] = [];
  let surge = 0;
  let up = 0;
  for (const [name, pods] of byNode) {
    const pair = pairOn(observed, pods);
    if (pair === undefined) {
      surge++;
      continue;
    }
    const { old, fresh } = pair;
    const counted = old ?? fresh;
    if (counted !== undefined && available(counted)) up++;
    if (old === undefined) continue;
    if (fresh !== undefined) {
      if (available(fresh)) remove.push(old);
      else surge++;
      continue;
    }
    const node = nodeByName.get(name);
    const runs = node !== undefined && shouldRun(set, node).run;
    if (!available(old)) {
      if (runs) create.push(name);
      else remove.push(old);
    } else if (runs) candidates.push(name);
    else misplaced.push(old);
  }
  remove.push(...misplaced.slice(0, Math.max(0, up - desired)));
  return { create: [...create, ...candidates.slice(0, Math.max(0, most - surge))], delete: remove };
}

export function statusOf(observed: Observed): Omit<apps_v1.DaemonSetStatus, "observedGeneration"> {
  const { set, nodes, hash, nowMs } = observed;
  const byNode = podsByNode(observed.pods);
  let desired = 0;
  let current = 0;
  let misscheduled = 0;
  let ready = 0;
  let available = 0;
  let updated = 0;
  for (const node of nodes) {
    const pod = [...(byNode.get(node.metadata.name) ?? [])].sort(byAge)[0];
    if (!shouldRun(set, node).run) {
      if (pod !== undefined) misscheduled++;
      continue;
    }
    desired++;
    if (pod === undefined) continue;
    current++;
    if (isReady(pod)) {
      ready++;
      if (isAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)) available++;
    }
    if (isUpdated(set, pod, hash)) updated++;
  }
  return {
    desiredNumberScheduled: desired,
    currentNumberScheduled: current,
    numberMisscheduled: misscheduled,
    numberReady: ready,
    updatedNumberScheduled: updated,
    numberAvailable: available,
    numberUnavailable: desired - available,
  };
}
