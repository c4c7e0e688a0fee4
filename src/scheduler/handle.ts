// What plugins are given: a place to look (snapshot, listers), a clock and chance, and the few effects they may have.
import type {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodCondition,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  Service,
  StatefulSet,
  StorageClass,
} from "../api/index.ts";
import type { Clock, Logger, Rng } from "../base/index.ts";
import type { Labels } from "../machinery/index.ts";
import type { SchedulerMetrics } from "./metrics.ts";
import type { PodInfo } from "./snapshot/pod-info.ts";
import type { Snapshot } from "./snapshot/snapshot.ts";

/** Reading a kind: the part of an informer that decisions need. */
export interface Reader<T> {
  get(namespace: string, name: string): T | undefined;
  list(namespace?: string): readonly T[];
}

export interface Listers {
  readonly pods: Reader<Pod>;
  readonly nodes: Reader<Node>;
  readonly namespaces: Reader<Namespace>;
  readonly services: Reader<Service>;
  readonly replicationControllers: Reader<ReplicationController>;
  readonly replicaSets: Reader<ReplicaSet>;
  readonly statefulSets: Reader<StatefulSet>;
  readonly podDisruptionBudgets: Reader<PodDisruptionBudget>;
  readonly persistentVolumes: Reader<PersistentVolume>;
  readonly persistentVolumeClaims: Reader<PersistentVolumeClaim>;
  readonly storageClasses: Reader<StorageClass>;
}

export interface StatusChange {
  readonly condition?: Omit<PodCondition, "lastTransitionTime" | "lastProbeTime">;
  /** "" clears it, undefined leaves it. */
  readonly nominatedNodeName?: string;
}

export interface SchedulerEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly action: string;
  readonly message: string;
  /** Another object that it has to do with. */
  readonly related?: Pod;
}

/** Everything the scheduler does to the world. Each call throws when the API server refuses. */
export interface Effects {
  bind(pod: Pod, nodeName: string): Promise<void>;
  /** Does nothing when the pod's status says so already. */
  patchStatus(pod: Pod, change: StatusChange): Promise<void>;
  deletePod(pod: Pod): Promise<void>;
  event(about: Pod, event: SchedulerEvent): void;
  /** Whole replacement, guarded by the resourceVersion. */
  replaceVolume(volume: PersistentVolume): Promise<PersistentVolume>;
  replaceClaim(claim: PersistentVolumeClaim): Promise<PersistentVolumeClaim>;
  /** Calls the listener after each change of a claim in the lister; returns how to end it. */
  onClaimChange(listener: () => void): () => void;
}

export interface Handle {
  readonly snapshot: Snapshot;
  readonly listers: Listers;
  readonly effects: Effects;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics: SchedulerMetrics;
  /** Pods that wait for room on a node that preemption makes for them. */
  nominatedOn(nodeName: string): readonly PodInfo[];
  /** Back to the active queue, whatever plugins think: something outside their events changed. */
  activate(pod: Pod): void;
}

export const namespaceLabels = (listers: Listers, namespace: string): Labels | undefined =>
  listers.namespaces.get("", namespace)?.metadata.labels;
