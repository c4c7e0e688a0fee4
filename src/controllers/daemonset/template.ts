// The pods of a DaemonSet. Upstream: pkg/controller/daemon/util.
import type { apps_v1, core_v1 } from "../../api/index.ts";
import { revisionHashLabel } from "../lib/index.ts";

export type DaemonSet = apps_v1.DaemonSet;
export type Pod = core_v1.Pod;
type PodTemplate = core_v1.PodTemplateSpec;

const generationAnnotation = "deprecated.daemonset.template.generation";
const generationLabel = "pod-template-generation";

/** What every node may be while a daemon still runs there. */
const tolerations = (hostNetwork: boolean): core_v1.Toleration[] => [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
  ...(hostNetwork
    ? [{ key: "node.kubernetes.io/network-unavailable", operator: "Exists", effect: "NoSchedule" } as const]
    : []),
];

const sameTaints = (a: core_v1.Toleration, b: core_v1.Toleration): boolean =>
  a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? "") === (b.value ?? "");

export function tolerationsOf(set: DaemonSet): core_v1.Toleration[] {
  const { spec } = set.spec.template;
  const all = [...(spec?.tolerations ?? [])];
  for (const wanted of tolerations(spec?.hostNetwork ?? false)) {
    const at = all.findIndex((each) => sameTaints(each, wanted));
    if (at < 0) all.push(wanted);
    else all[at] = wanted;
  }
  return all;
}

const templateGeneration = (set: DaemonSet): string | undefined => {
  const text = set.metadata.annotations?.[generationAnnotation];
  return text !== undefined && /^[+-]?\d+$/.test(text) ? text : undefined;
};

/** The template for one node: bound to it by affinity, so that the scheduler still has its say. */
export function templateFor(set: DaemonSet, hash: string, nodeName: string): PodTemplate {
  const { template } = set.spec;
  const generation = templateGeneration(set);
  const spec = template.spec ?? { containers: [] };
  const nodeAffinity = spec.affinity?.nodeAffinity;
  const required = {
    nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In" as const, values: [nodeName] }] }],
  };
  return {
    ...template,
    metadata: {
      ...template.metadata,
      labels: {
        ...template.metadata?.labels,
        ...(generation !== undefined ? { [generationLabel]: generation } : {}),
        [revisionHashLabel]: hash,
      },
    } as PodTemplate["metadata"] & object,
    spec: {
      ...spec,
      tolerations: tolerationsOf(set),
      affinity: {
        ...spec.affinity,
        nodeAffinity: { ...nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required },
      },
    },
  };
}

/** Where a pod runs or is meant to run; undefined for a pod that names no node. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const requirement = terms
    ?.flatMap((term) => term.matchFields ?? [])
    .find((field) => field.key === "metadata.name" && field.operator === "In");
  return requirement?.values?.length === 1 ? requirement.values[0] : undefined;
}

export function isUpdated(set: DaemonSet, pod: Pod, hash: string): boolean {
  const generation = templateGeneration(set);
  return (
    (hash !== "" && pod.metadata.labels?.[revisionHashLabel] === hash) ||
    (generation !== undefined && pod.metadata.labels?.[generationLabel] === generation)
  );
}
