// The arithmetic of rollouts. Upstream: pkg/controller/deployment/util/deployment_util.go.
import type { apps_v1, core_v1 } from "../../api/index.ts";
import { deepEqual, parseTime, scaledIntOrPercent } from "../../machinery/index.ts";

export type Deployment = apps_v1.Deployment;
export type ReplicaSet = apps_v1.ReplicaSet;
type PodTemplate = core_v1.PodTemplateSpec;

export const hashLabel = "pod-template-hash";
export const annotation = {
  revision: "deployment.kubernetes.io/revision",
  history: "deployment.kubernetes.io/revision-history",
  desired: "deployment.kubernetes.io/desired-replicas",
  max: "deployment.kubernetes.io/max-replicas",
  rollbackTo: "deprecated.deployment.rollback.to",
  lastApplied: "kubectl.kubernetes.io/last-applied-configuration",
} as const;

const unlimited = 2 ** 31 - 1;

export const replicasOf = (object: { spec?: { replicas?: number } }): number => object.spec?.replicas ?? 1;
export const isRolling = (deployment: Deployment): boolean =>
  (deployment.spec.strategy?.type ?? "RollingUpdate") === "RollingUpdate";

/** maxSurge and maxUnavailable as numbers; both zero would never make progress, so one may be missing then. */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const { maxSurge = 0, maxUnavailable = 0 } = deployment.spec.strategy?.rollingUpdate ?? {};
  const total = replicasOf(deployment);
  const surge = scaledIntOrPercent(maxSurge, { total, round: "up" });
  const unavailable = scaledIntOrPercent(maxUnavailable, { total, round: "down" });
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

export const maxSurge = (deployment: Deployment): number => (isRolling(deployment) ? fenceposts(deployment).surge : 0);

export function maxUnavailable(deployment: Deployment): number {
  const replicas = replicasOf(deployment);
  return !isRolling(deployment) || replicas === 0 ? 0 : Math.min(fenceposts(deployment).unavailable, replicas);
}

export const hasProgressDeadline = (deployment: Deployment): boolean =>
  (deployment.spec.progressDeadlineSeconds ?? unlimited) !== unlimited;
export const hasHistoryLimit = (deployment: Deployment): boolean =>
  (deployment.spec.revisionHistoryLimit ?? unlimited) !== unlimited;

export const sumReplicas = (sets: readonly ReplicaSet[]): number => sets.reduce((sum, set) => sum + replicasOf(set), 0);
export const sumStatus = (
  sets: readonly ReplicaSet[],
  field: "replicas" | "readyReplicas" | "availableReplicas",
): number => sets.reduce((sum, set) => sum + (set.status?.[field] ?? 0), 0);

/** Undefined when one of the sets does not tell. */
export function sumTerminating(sets: readonly ReplicaSet[]): number | undefined {
  let sum = 0;
  for (const { status } of sets) {
    if (status?.terminatingReplicas !== undefined) sum += status.terminatingReplicas;
    else if ((status?.observedGeneration ?? 0) !== 0) return undefined;
  }
  return sum;
}

const createdMs = (object: ReplicaSet): number => parseTime(object.metadata.creationTimestamp) || 0;
/** Oldest first, then by name. */
export const byCreation = (a: ReplicaSet, b: ReplicaSet): number =>
  createdMs(a) - createdMs(b) || (a.metadata.name < b.metadata.name ? -1 : 1);
export const bySizeOlder = (a: ReplicaSet, b: ReplicaSet): number => replicasOf(b) - replicasOf(a) || byCreation(a, b);
export const bySizeNewer = (a: ReplicaSet, b: ReplicaSet): number => replicasOf(b) - replicasOf(a) || byCreation(b, a);

/** A 64-bit integer, as upstream reads one; undefined for anything else. */
export function parseRevision(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value === BigInt.asIntN(64, value) ? value : undefined;
}

export const revisionOf = (object: { metadata: { annotations?: Record<string, string> } }): bigint =>
  parseRevision(object.metadata.annotations?.[annotation.revision]) ?? 0n;
export const maxRevision = (sets: readonly ReplicaSet[]): bigint =>
  sets.map(revisionOf).reduce((max, each) => (each > max ? each : max), 0n);
/** The second largest: what a rollback without a revision goes back to. */
export function lastRevision(sets: readonly ReplicaSet[]): bigint {
  const sorted = sets.map(revisionOf).sort((a, b) => Number(b - a));
  return sorted[1] ?? 0n;
}
export const byRevision = (a: ReplicaSet, b: ReplicaSet): number =>
  Number(revisionOf(a) - revisionOf(b)) || byCreation(a, b);

export const isActive = (set: ReplicaSet): boolean => replicasOf(set) > 0;

function withoutHash(template: PodTemplate | undefined): PodTemplate {
  const { labels, ...metadata } = template?.metadata ?? {};
  const { [hashLabel]: _, ...others } = labels ?? {};
  return { ...template, metadata: { ...metadata, labels: others } };
}

export const sameTemplate = (a: PodTemplate | undefined, b: PodTemplate | undefined): boolean =>
  deepEqual(withoutHash(a), withoutHash(b));

/** The set that has the deployment's template; of several the oldest, so that all agree on one. */
export const findNew = (deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined =>
  [...sets].sort(byCreation).find((set) => sameTemplate(set.spec?.template, deployment.spec.template));

/** The one set that scaling without a rollout concerns; undefined while several have pods. */
export function activeOrLatest(fresh: ReplicaSet | undefined, old: readonly ReplicaSet[]): ReplicaSet | undefined {
  const active = [...old, ...(fresh ? [fresh] : [])].filter(isActive);
  if (active.length > 1) return undefined;
  return active[0] ?? fresh ?? [...old].sort((a, b) => byCreation(b, a))[0];
}

export function isSaturated(deployment: Deployment, set: ReplicaSet | undefined): boolean {
  if (set === undefined) return false;
  const replicas = replicasOf(deployment);
  return (
    replicasOf(set) === replicas && desiredOf(set) === replicas && (set.status?.availableReplicas ?? 0) === replicas
  );
}

const numberIn = (set: ReplicaSet, key: string): number | undefined => {
  const text = set.metadata.annotations?.[key];
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= unlimited ? Number(text) : undefined;
};
export const desiredOf = (set: ReplicaSet): number | undefined => numberIn(set, annotation.desired);

/** How many the new set may have now without exceeding maxSurge. */
export function newSetReplicas(deployment: Deployment, all: readonly ReplicaSet[], fresh: ReplicaSet): number {
  const replicas = replicasOf(deployment);
  if (!isRolling(deployment)) return replicas;
  const surge = deployment.spec.strategy?.rollingUpdate?.maxSurge ?? 0;
  const room = replicas + scaledIntOrPercent(surge, { total: replicas, round: "up" }) - sumReplicas(all);
  return room <= 0 ? replicasOf(fresh) : replicasOf(fresh) + Math.min(room, replicas - replicasOf(fresh));
}

export interface Proportion {
  readonly deployment: Deployment;
  /** Replicas to add over all sets; negative to take away. */
  readonly toAdd: number;
  readonly added: number;
}

/** A set's share when a deployment is scaled in the middle of a rollout. */
export function proportionOf(set: ReplicaSet, { deployment, toAdd, added }: Proportion): number {
  if (replicasOf(set) === 0 || toAdd === 0 || toAdd === added) return 0;
  const fraction = fractionOf(set, deployment);
  const allowed = toAdd - added;
  return toAdd > 0 ? Math.min(fraction, allowed) : Math.max(fraction, allowed);
}

function fractionOf(set: ReplicaSet, deployment: Deployment): number {
  const replicas = replicasOf(deployment);
  if (replicas === 0) return -replicasOf(set);
  const before = numberIn(set, annotation.max) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  const size = (replicasOf(set) * (replicas + maxSurge(deployment))) / before;
  return roundHalfAwayFromZero(size) - replicasOf(set);
}

const roundHalfAwayFromZero = (value: number): number => (value < 0 ? Math.ceil(value - 0.5) : Math.floor(value + 0.5));
