// What a deployment needs next, as data. Upstream: pkg/controller/deployment {sync,rolling,recreate,rollback}.go.
//
// decide() looks at a frozen picture and returns the steps in the order to take them and the status after them. It takes one
// step of a rollout at a time: the changes it causes bring the next picture.
import type { core_v1 } from "../../api/index.ts";
import { deepEqual, type NewObject } from "../../machinery/index.ts";
import { controllerReference, templateHash } from "../lib/index.ts";
import {
  activeOrLatest,
  annotation,
  byCreation,
  byRevision,
  bySizeNewer,
  bySizeOlder,
  type Deployment,
  desiredOf,
  findNew,
  hasHistoryLimit,
  hashLabel,
  hasProgressDeadline,
  isActive,
  isRolling,
  isSaturated,
  lastRevision,
  maxRevision,
  maxSurge,
  maxUnavailable,
  newSetReplicas,
  parseRevision,
  proportionOf,
  type ReplicaSet,
  replicasOf,
  revisionOf,
  sameTemplate,
  sumReplicas,
  sumStatus,
} from "./arithmetic.ts";
import { type Annotations, hasAll, revisionAnnotations, rollbackAnnotations, sizeAnnotations } from "./revision.ts";
import {
  conditionOf,
  countedStatus,
  isComplete,
  type NewCondition,
  rolloutStatus,
  type Status,
  withCondition,
} from "./status.ts";

export interface Observed {
  readonly deployment: Deployment;
  /** Those it controls. */
  readonly sets: readonly ReplicaSet[];
  /** Pods by the uid of their set; asked for by Recreate only. */
  readonly podsOf: (set: ReplicaSet) => readonly core_v1.Pod[];
  readonly tellsTerminating: boolean;
  readonly nowMs: number;
}

export type Step =
  | { readonly do: "create"; readonly set: NewObject<ReplicaSet> & { metadata: { name: string } } }
  | {
      readonly do: "update";
      readonly name: string;
      /** Undefined: its size stays. */
      readonly replicas?: { readonly from: number; readonly to: number };
      readonly minReadySeconds?: number;
      readonly annotations: Annotations;
    }
  | { readonly do: "delete"; readonly set: ReplicaSet }
  | { readonly do: "rollback"; readonly template?: core_v1.PodTemplateSpec; readonly annotations: Annotations }
  | { readonly do: "tell"; readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string };

export interface Plan {
  readonly steps: readonly Step[];
  /** After the steps. Undefined: it stays. */
  readonly status: Status | undefined;
  /** The deployment's own revision annotation, written together with the status. */
  readonly revision: string | undefined;
  /** True when the deadline of a rollout is to be watched. */
  readonly rollingOut: boolean;
}

/** The plan while it is made. */
interface Draft {
  readonly observed: Observed;
  readonly steps: Step[];
  /** Sets as they are after the steps so far; what the server has counted stays as it was. */
  readonly sets: Map<string, ReplicaSet>;
  status: Status;
  revision: string | undefined;
}

export function decide(observed: Observed): Plan {
  const { deployment, sets } = observed;
  const draft: Draft = {
    observed,
    steps: [],
    sets: new Map(sets.map((set) => [set.metadata.name, set])),
    status: deployment.status ?? {},
    revision: undefined,
  };
  const fresh = findNew(deployment, sets);
  const old = sets.filter((set) => set.metadata.uid !== fresh?.metadata.uid || fresh === undefined);
  if (deployment.metadata.deletionTimestamp !== undefined) {
    adoptRevision(draft, fresh, old);
    return finish(draft, countedOf(draft, { all: sets, fresh }), false);
  }
  notePause(draft);
  if (deployment.spec.paused) return scaleOnly(draft, fresh, old);
  if (rollbackRevision(deployment) !== undefined) return rollBack(draft);
  adoptRevision(draft, fresh, old);
  const scaling = sets
    .filter(isActive)
    .some((set) => (desiredOf(set) ?? replicasOf(deployment)) !== replicasOf(deployment));
  if (scaling) return scaleOnly(draft, fresh, old);
  return isRolling(deployment) ? roll(draft, fresh, old) : recreate(draft, fresh, old);
}

const countedOf = (draft: Draft, sets: { all: readonly ReplicaSet[]; fresh: ReplicaSet | undefined }): Status =>
  countedStatus({ ...draft.observed, status: draft.status, ...sets });

function finish(draft: Draft, status: Status, rollingOut: boolean): Plan {
  const { deployment } = draft.observed;
  const same = deepEqual(comparable(deployment.status), comparable(status));
  const revision =
    draft.revision === deployment.metadata.annotations?.[annotation.revision] ? undefined : draft.revision;
  return { steps: draft.steps, status: same ? undefined : status, revision, rollingOut };
}

/** Zero and absent are one, except for terminatingReplicas. */
const comparable = (status: Status | undefined): unknown => ({
  observedGeneration: 0,
  replicas: 0,
  updatedReplicas: 0,
  readyReplicas: 0,
  availableReplicas: 0,
  unavailableReplicas: 0,
  ...status,
  terminating: status?.terminatingReplicas ?? -1,
});

function notePause(draft: Draft): void {
  const { deployment, nowMs } = draft.observed;
  if (!hasProgressDeadline(deployment)) return;
  const before = conditionOf(draft.status, "Progressing");
  if (before?.reason === "ProgressDeadlineExceeded") return;
  const told = before?.reason === "DeploymentPaused";
  if (Boolean(deployment.spec.paused) === told) return;
  const condition: NewCondition = deployment.spec.paused
    ? { type: "Progressing", status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" }
    : { type: "Progressing", status: "Unknown", reason: "DeploymentResumed", message: "Deployment is resumed" };
  draft.status = withCondition(draft.status, condition, nowMs);
}

/** The existing new set gets the next revision and what it should inherit; then the deployment takes over its revision. */
function adoptRevision(draft: Draft, fresh: ReplicaSet | undefined, old: readonly ReplicaSet[]): void {
  if (fresh === undefined) return;
  const { deployment, nowMs } = draft.observed;
  const annotations = revisionAnnotations(deployment, fresh, maxRevision(old) + 1n);
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  const changed = !deepEqual(annotations, fresh.metadata.annotations);
  if (changed || (fresh.spec?.minReadySeconds ?? 0) !== minReadySeconds) {
    draft.steps.push({ do: "update", name: fresh.metadata.name, minReadySeconds, annotations });
    draft.sets.set(fresh.metadata.name, { ...fresh, metadata: { ...fresh.metadata, annotations } });
  }
  draft.revision = annotations[annotation.revision];
  if (hasProgressDeadline(deployment) && conditionOf(draft.status, "Progressing") === undefined) {
    const message = `Found new replica set ${JSON.stringify(fresh.metadata.name)}`;
    const condition: NewCondition = { type: "Progressing", status: "True", reason: "FoundNewReplicaSet", message };
    draft.status = withCondition(draft.status, condition, nowMs);
  }
}

/** Adds the step that makes a set's size `to`. True when the size changes. */
function resize(draft: Draft, name: string, to: number, options: { refreshSizes?: boolean } = {}): boolean {
  const set = draft.sets.get(name)!;
  const from = replicasOf(set);
  const sizes = sizeAnnotations(draft.observed.deployment);
  const outdated = options.refreshSizes === true && !hasAll(set.metadata.annotations, sizes);
  if (from === to && !outdated) return false;
  const annotations = { ...set.metadata.annotations, ...sizes };
  draft.steps.push({ do: "update", name, annotations, ...(from === to ? {} : { replicas: { from, to } }) });
  draft.sets.set(name, { ...set, metadata: { ...set.metadata, annotations }, spec: resized(set, to) });
  if (from === to) return false;
  const message = `Scaled ${from < to ? "up" : "down"} replica set ${name} from ${from} to ${to}`;
  draft.steps.push({ do: "tell", type: "Normal", reason: "ScalingReplicaSet", message });
  return true;
}

const resized = (set: ReplicaSet, replicas: number): NonNullable<ReplicaSet["spec"]> => ({
  ...(set.spec as NonNullable<ReplicaSet["spec"]>),
  replicas,
});

function scaleOnly(draft: Draft, fresh: ReplicaSet | undefined, old: readonly ReplicaSet[]): Plan {
  const { deployment, sets } = draft.observed;
  if (deployment.spec.paused) adoptRevision(draft, fresh, old);
  scale(draft, fresh, old);
  if (deployment.spec.paused && rollbackRevision(deployment) === undefined) cleanUp(draft, old);
  return finish(draft, countedOf(draft, { all: sets, fresh }), false);
}

function scale(draft: Draft, fresh: ReplicaSet | undefined, old: readonly ReplicaSet[]): void {
  const { deployment } = draft.observed;
  const replicas = replicasOf(deployment);
  const only = activeOrLatest(fresh, old);
  if (only !== undefined) {
    if (replicasOf(only) === replicas) refreshSizes(draft, only);
    else resize(draft, only.metadata.name, replicas);
    return;
  }
  if (isSaturated(deployment, fresh)) {
    for (const set of old.filter(isActive)) resize(draft, set.metadata.name, 0);
    return;
  }
  if (!isRolling(deployment)) return;
  const active = [...old, ...(fresh ? [fresh] : [])].filter(isActive);
  const allowed = replicas > 0 ? replicas + maxSurge(deployment) : 0;
  const toAdd = allowed - sumReplicas(active);
  active.sort(toAdd > 0 ? bySizeNewer : bySizeOlder);
  const sizes = new Map<string, number>();
  let added = 0;
  for (const set of active) {
    const share = toAdd === 0 ? 0 : proportionOf(set, { deployment, toAdd, added });
    sizes.set(set.metadata.name, replicasOf(set) + share);
    added += share;
  }
  active.forEach((set, index) => {
    const leftover = index === 0 ? toAdd - added : 0;
    const size = Math.max(0, sizes.get(set.metadata.name)! + leftover);
    resize(draft, set.metadata.name, size, { refreshSizes: true });
  });
}

/**
 * A set that already has the wanted size keeps its outdated size annotation upstream, and is looked at again on every sync.
 * Writing the annotation ends that and shows the same numbers.
 */
function refreshSizes(draft: Draft, set: ReplicaSet): void {
  resize(draft, set.metadata.name, replicasOf(set), { refreshSizes: isActive(set) });
}

function roll(draft: Draft, found: ReplicaSet | undefined, old: readonly ReplicaSet[]): Plan {
  const { deployment } = draft.observed;
  const fresh = found ?? createNew(draft, old);
  const all = [...old, fresh];
  const status = (): Status => rolloutStatus({ ...draft.observed, status: draft.status, all, fresh });
  if (growNew(draft, all, fresh)) return finish(draft, status(), true);
  if (shrinkOld(draft, all, { fresh, old: old.filter(isActive) })) return finish(draft, status(), true);
  if (isComplete(deployment, deployment.status)) cleanUp(draft, old);
  return finish(draft, status(), true);
}

function growNew(draft: Draft, all: readonly ReplicaSet[], fresh: ReplicaSet): boolean {
  const { deployment } = draft.observed;
  const wanted = replicasOf(deployment);
  if (replicasOf(fresh) === wanted) return false;
  const size = replicasOf(fresh) > wanted ? wanted : newSetReplicas(deployment, all, fresh);
  return resize(draft, fresh.metadata.name, size);
}

function shrinkOld(
  draft: Draft,
  all: readonly ReplicaSet[],
  sets: { fresh: ReplicaSet; old: readonly ReplicaSet[] },
): boolean {
  const { deployment } = draft.observed;
  if (sumReplicas(sets.old) === 0) return false;
  // A set whose size changed and whose status does not know it yet may tell pods that are already on their way out: with
  // quick changes back and forth that would take away more than maxUnavailable. Its next status brings us back here.
  if (all.some((set) => (set.status?.observedGeneration ?? 0) < (set.metadata.generation ?? 0))) return false;
  const minAvailable = replicasOf(deployment) - maxUnavailable(deployment);
  const newUnavailable = Math.max(0, replicasOf(sets.fresh) - (sets.fresh.status?.availableReplicas ?? 0));
  const mayGo = sumReplicas(all) - minAvailable - newUnavailable;
  if (mayGo <= 0) return false;
  const old = [...sets.old].sort(byCreation);
  // Pods that do not work go first: they give nothing up.
  let gone = 0;
  for (const set of old) {
    if (gone >= mayGo) break;
    const broken = replicasOf(set) - (set.status?.availableReplicas ?? 0);
    if (replicasOf(set) === 0 || broken === 0) continue;
    // More available than wanted: its status lags behind its size, so nothing can be told of what is available.
    if (broken < 0) return gone > 0;
    const count = Math.min(mayGo - gone, broken);
    resize(draft, set.metadata.name, replicasOf(set) - count);
    gone += count;
  }
  let available = [...old, sets.fresh].map(staying).reduce((sum, count) => sum + count, 0) - minAvailable;
  for (const { metadata } of old) {
    if (available <= 0) break;
    const size = replicasOf(draft.sets.get(metadata.name)!);
    if (size === 0) continue;
    const count = Math.min(size, available);
    resize(draft, metadata.name, size - count);
    available -= count;
    gone += count;
  }
  return gone > 0;
}

/** Available pods of a set that are not on their way out: more than its wanted size its status cannot vouch for. */
const staying = (set: ReplicaSet): number => Math.min(replicasOf(set), set.status?.availableReplicas ?? 0);

function recreate(draft: Draft, found: ReplicaSet | undefined, old: readonly ReplicaSet[]): Plan {
  const { deployment, podsOf } = draft.observed;
  const active = old.filter(isActive);
  const before = [...old, ...(found ? [found] : [])];
  for (const set of active) resize(draft, set.metadata.name, 0);
  const stillRuns =
    sumStatus(old, "replicas") > 0 ||
    old.some((set) => podsOf(set).some((pod) => pod.status?.phase !== "Failed" && pod.status?.phase !== "Succeeded"));
  if (active.length > 0 || stillRuns)
    return finish(draft, rolloutStatus({ ...draft.observed, status: draft.status, all: before, fresh: found }), true);
  const fresh = found ?? createNew(draft, old);
  const all = [...old, fresh];
  resize(draft, fresh.metadata.name, replicasOf(deployment));
  if (isComplete(deployment, deployment.status)) cleanUp(draft, old);
  return finish(draft, rolloutStatus({ ...draft.observed, status: draft.status, all, fresh }), true);
}

/** The new set, as it will be after its creation. */
function createNew(draft: Draft, old: readonly ReplicaSet[]): ReplicaSet {
  const { deployment, nowMs } = draft.observed;
  const hash = templateHash(deployment.spec.template, deployment.status?.collisionCount);
  const name = `${deployment.metadata.name.slice(0, 252 - hash.length)}-${hash}`;
  const { template, selector, minReadySeconds } = deployment.spec;
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const revision = maxRevision(old) + 1n;
  const spec = {
    replicas: 0,
    ...(minReadySeconds ? { minReadySeconds } : {}),
    selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
    template: { ...template, metadata: { ...template.metadata, labels } },
  };
  const set: ReplicaSet = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name,
      namespace: deployment.metadata.namespace ?? "",
      labels,
      annotations: { ...revisionAnnotations(deployment, undefined, revision), ...sizeAnnotations(deployment) },
      ownerReferences: [controllerReference(deployment)],
    } as unknown as ReplicaSet["metadata"],
    spec,
  };
  const sized: ReplicaSet = { ...set, spec: { ...spec, replicas: newSetReplicas(deployment, [...old, set], set) } };
  draft.steps.push({ do: "create", set: sized });
  draft.sets.set(name, sized);
  draft.revision = String(revision);
  if (hasProgressDeadline(deployment)) {
    const message = `Created new replica set ${JSON.stringify(name)}`;
    const condition: NewCondition = { type: "Progressing", status: "True", reason: "NewReplicaSetCreated", message };
    draft.status = withCondition(draft.status, condition, nowMs);
  }
  return sized;
}

/** Sets without pods beyond the history limit go, the oldest revisions first. */
function cleanUp(draft: Draft, old: readonly ReplicaSet[]): void {
  const { deployment } = draft.observed;
  if (!hasHistoryLimit(deployment)) return;
  const alive = old.filter((set) => set.metadata.deletionTimestamp === undefined).sort(byRevision);
  const surplus = alive.length - (deployment.spec.revisionHistoryLimit ?? 0);
  for (const set of alive.slice(0, Math.max(0, surplus))) {
    const busy = (set.status?.replicas ?? 0) !== 0 || replicasOf(set) !== 0;
    const unseen = (set.metadata.generation ?? 0) > (set.status?.observedGeneration ?? 0);
    if (!busy && !unseen) draft.steps.push({ do: "delete", set });
  }
}

/** What the deprecated annotation asks for: a revision, 0 for the one before. */
const rollbackRevision = (deployment: Deployment): bigint | undefined =>
  parseRevision(deployment.metadata.annotations?.[annotation.rollbackTo]);

function rollBack(draft: Draft): Plan {
  const { deployment, sets } = draft.observed;
  const { [annotation.rollbackTo]: _, ...cleared } = deployment.metadata.annotations ?? {};
  const tell = (type: "Normal" | "Warning", reason: string, message: string): void => {
    draft.steps.push({ do: "tell", type, reason, message });
  };
  const missing = (): void => {
    tell("Warning", "DeploymentRollbackRevisionNotFound", "Unable to find the revision to rollback to.");
    draft.steps.push({ do: "rollback", annotations: cleared });
  };
  const wanted = rollbackRevision(deployment) || lastRevision(sets);
  const target = wanted === 0n ? undefined : sets.find((set) => revisionOf(set) === wanted);
  const name = JSON.stringify(deployment.metadata.name);
  if (target === undefined) missing();
  else if (sameTemplate(target.spec?.template, deployment.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment ${name}`;
    tell("Warning", "DeploymentRollbackTemplateUnchanged", message);
    draft.steps.push({ do: "rollback", annotations: cleared });
  } else {
    const { [hashLabel]: _hash, ...labels } = target.spec?.template?.metadata?.labels ?? {};
    const template = { ...target.spec?.template, metadata: { ...target.spec?.template?.metadata, labels } };
    draft.steps.push({ do: "rollback", template, annotations: rollbackAnnotations(deployment, target) });
    tell("Normal", "DeploymentRollback", `Rolled back deployment ${name} to revision ${wanted}`);
  }
  return { steps: draft.steps, status: undefined, revision: undefined, rollingOut: false };
}
