// Names, ordinals and pods of a StatefulSet. Upstream: pkg/controller/statefulset/stateful_set_utils.go.
import type { apps_v1, core_v1 } from "../../api/index.ts";
import type { NewObject } from "../../machinery/index.ts";
import { isAvailable, isReady, podFromTemplate, revisionHashLabel } from "../lib/index.ts";

export type StatefulSet = apps_v1.StatefulSet;
export type Pod = core_v1.Pod;
export type Claim = core_v1.PersistentVolumeClaim;
/** A pod that exists, or one that is to be created (without a status). */
export type Replica = Pod | NewPod;
export type NewPod = NewObject<Pod> & { metadata: { name: string; namespace: string } };

/** A revision as far as pods need it. */
export interface Revision {
  readonly name: string;
  readonly template: core_v1.PodTemplateSpec;
}

const podNameLabel = "statefulset.kubernetes.io/pod-name";
const podIndexLabel = "apps.kubernetes.io/pod-index";

export const replicasOf = (set: StatefulSet): number => set.spec?.replicas ?? 1;
export const startOrdinal = (set: StatefulSet): number => set.spec?.ordinals?.start ?? 0;
const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** `web-3` → {parent: "web", ordinal: 3}; -1 for names of another form. */
export function parentAndOrdinal(name: string): { parent: string; ordinal: number } {
  const match = /^(.*)-(\d+)$/s.exec(name);
  const ordinal = match === null ? -1 : Number(match[2]);
  return match === null
    ? { parent: "", ordinal }
    : { parent: match[1]!, ordinal: ordinal > 2 ** 31 - 1 ? -1 : ordinal };
}
export const ordinalOf = (pod: { metadata: { name?: string } }): number =>
  parentAndOrdinal(pod.metadata.name ?? "").ordinal;
export const inRange = (set: StatefulSet, ordinal: number): boolean =>
  ordinal >= startOrdinal(set) && ordinal < startOrdinal(set) + replicasOf(set);

const claimName = (set: StatefulSet, template: Claim, ordinal: number): string =>
  `${template.metadata.name}-${set.metadata.name}-${ordinal}`;

/** The claims that a pod of this ordinal uses, as they are created. */
export function claimsFor(set: StatefulSet, ordinal: number): (NewObject<Claim> & { metadata: { name: string } })[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      ...template.metadata,
      name: claimName(set, template, ordinal),
      namespace: set.metadata.namespace ?? "",
      labels: { ...template.metadata.labels, ...set.spec?.selector.matchLabels },
    },
    spec: template.spec ?? {},
  }));
}

function volumesFor(set: StatefulSet, spec: core_v1.PodSpec, ordinal: number): core_v1.Volume[] {
  const templates = set.spec?.volumeClaimTemplates ?? [];
  const claimed = templates.map((template) => ({
    name: template.metadata.name,
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  const names = new Set(claimed.map((volume) => volume.name));
  return [...claimed, ...(spec.volumes ?? []).filter((volume) => !names.has(volume.name))];
}

const identityLabels = (set: StatefulSet, ordinal: number): Record<string, string> => ({
  [podNameLabel]: podName(set, ordinal),
  [podIndexLabel]: String(ordinal),
});

function newPod(set: StatefulSet, revision: Revision, ordinal: number): NewPod {
  const pod = podFromTemplate(set, revision.template);
  const name = podName(set, ordinal);
  const volumes = volumesFor(set, pod.spec, ordinal);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name,
      namespace: set.metadata.namespace ?? "",
      labels: { ...pod.metadata.labels, ...identityLabels(set, ordinal), [revisionHashLabel]: revision.name },
    },
    spec: {
      ...pod.spec,
      hostname: name,
      ...(set.spec?.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  };
}

export interface Revisions {
  readonly current: Revision;
  readonly update: Revision;
}

/** Below the partition pods keep the current revision; before any partition is given, as many as there are current ones. */
export function versionedPod(set: StatefulSet, { current, update }: Revisions, ordinal: number): NewPod {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  const isCurrent =
    rollingUpdate === undefined
      ? type === "RollingUpdate" && ordinal < startOrdinal(set) + (set.status?.currentReplicas ?? 0)
      : ordinal < startOrdinal(set) + (rollingUpdate.partition ?? 0);
  return newPod(set, isCurrent ? current : update, ordinal);
}

export const revisionOf = (pod: Replica): string => pod.metadata.labels?.[revisionHashLabel] ?? "";
export const isCreated = (pod: Replica): pod is Pod => Boolean(pod.status?.phase);
export const isDeleting = (pod: Replica): boolean => pod.metadata.deletionTimestamp !== undefined;
export const isRunningAndReady = (pod: Replica): boolean => pod.status?.phase === "Running" && isReady(pod as Pod);
export const isPodAvailable = (set: StatefulSet, pod: Replica, nowMs: number): boolean =>
  isAvailable(pod as Pod, set.spec?.minReadySeconds ?? 0, nowMs);

export function identityMatches(set: StatefulSet, pod: Pod): boolean {
  const { parent, ordinal } = parentAndOrdinal(pod.metadata.name);
  return ordinal >= 0 && parent === set.metadata.name && pod.metadata.labels?.[podNameLabel] === pod.metadata.name;
}

export function storageMatches(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(pod);
  if (ordinal < 0) return false;
  const volumes = new Map(pod.spec?.volumes?.map((volume) => [volume.name, volume]));
  return (set.spec?.volumeClaimTemplates ?? []).every(
    (template) =>
      volumes.get(template.metadata.name)?.persistentVolumeClaim?.claimName === claimName(set, template, ordinal),
  );
}

/** The pod with the identity and volumes that it should have. */
export function repairedPod(set: StatefulSet, pod: Pod): Pod {
  const ordinal = ordinalOf(pod);
  const labels = { ...pod.metadata.labels, ...identityLabels(set, ordinal) };
  const spec = storageMatches(set, pod) ? pod.spec : { ...pod.spec, volumes: volumesFor(set, pod.spec, ordinal) };
  return { ...pod, metadata: { ...pod.metadata, labels }, spec };
}
