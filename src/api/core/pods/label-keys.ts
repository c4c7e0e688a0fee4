// matchLabelKeys and mismatchLabelKeys become requirements of the selector beside them when a pod is created (KEP-3633, KEP-3243).
import type { Pod, PodAffinityTerm, TopologySpreadConstraint } from "../../../../facts/types/core.v1.ts";
import type { LabelSelectorRequirement } from "../../../machinery/index.ts";

type Labels = Readonly<Record<string, string>> | undefined;

const requirements = (
  keys: readonly string[] | undefined,
  operator: string,
  labels: Labels,
): LabelSelectorRequirement[] =>
  (keys ?? []).flatMap((key) => {
    const value = labels?.[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });

function addTo(target: Pick<PodAffinityTerm, "labelSelector">, added: readonly LabelSelectorRequirement[]): void {
  if (target.labelSelector === undefined || added.length === 0) return;
  target.labelSelector.matchExpressions = [...(target.labelSelector.matchExpressions ?? []), ...added];
}

const mergeTerm = (term: PodAffinityTerm | undefined, labels: Labels): void => {
  if (term === undefined) return;
  addTo(term, [
    ...requirements(term.matchLabelKeys, "In", labels),
    ...requirements(term.mismatchLabelKeys, "NotIn", labels),
  ]);
};

const mergeConstraint = (constraint: TopologySpreadConstraint, labels: Labels): void =>
  addTo(constraint, requirements(constraint.matchLabelKeys, "In", labels));

/** Changes the draft. */
export function mergeLabelKeys({ spec, metadata }: Pod): void {
  for (const affinity of [spec?.affinity?.podAffinity, spec?.affinity?.podAntiAffinity]) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) mergeTerm(term, metadata.labels);
    for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      mergeTerm(podAffinityTerm, metadata.labels);
  }
  for (const constraint of spec?.topologySpreadConstraints ?? []) mergeConstraint(constraint, metadata.labels);
}
