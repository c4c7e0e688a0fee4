// Inter-pod affinity terms, compiled. Upstream: k8s.io/kube-scheduler/framework AffinityTerm. matchLabelKeys and
// mismatchLabelKeys were merged into the label selector when the pod was created (KEP-3633), so they need no care here.
import type { Affinity, Pod, PodAffinityTerm } from "../../api/index.ts";
import type { Labels } from "../../machinery/index.ts";
import { compileSelector, matchesNothing, type Selector } from "./selectors.ts";

export interface AffinityTerm {
  /** Equal terms have equal keys. */
  readonly key: string;
  readonly namespaces: readonly string[];
  readonly namespaceSelector: Selector;
  readonly selector: Selector;
  readonly topologyKey: string;
}

export interface WeightedTerm {
  readonly term: AffinityTerm;
  readonly weight: number;
}

export interface PodTerms {
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly WeightedTerm[];
  readonly preferredAntiAffinity: readonly WeightedTerm[];
}

export const noTerms: PodTerms = {
  requiredAffinity: [],
  requiredAntiAffinity: [],
  preferredAffinity: [],
  preferredAntiAffinity: [],
};

function compileTerm(namespace: string, term: PodAffinityTerm): AffinityTerm {
  const own = !term.namespaces?.length && term.namespaceSelector === undefined;
  const namespaces = own ? [namespace] : [...(term.namespaces ?? [])].sort();
  const selector = compileSelector(term.labelSelector);
  const namespaceSelector = compileSelector(term.namespaceSelector);
  return {
    key: `${namespaces.join(",")}|${namespaceSelector.id}|${selector.id}|${term.topologyKey}`,
    namespaces,
    namespaceSelector,
    selector,
    topologyKey: term.topologyKey,
  };
}

/** Throws for a selector that is none; the API server lets no such pod in. */
export function podTerms(pod: Pod): PodTerms {
  const affinity: Affinity | undefined = pod.spec?.affinity;
  if (affinity?.podAffinity === undefined && affinity?.podAntiAffinity === undefined) return noTerms;
  const namespace = pod.metadata.namespace ?? "";
  const required = (terms: readonly PodAffinityTerm[] | undefined): AffinityTerm[] =>
    (terms ?? []).map((term) => compileTerm(namespace, term));
  const preferred = (
    terms: readonly { podAffinityTerm: PodAffinityTerm; weight: number }[] | undefined,
  ): WeightedTerm[] =>
    (terms ?? []).map((each) => ({ term: compileTerm(namespace, each.podAffinityTerm), weight: each.weight }));
  return {
    requiredAffinity: required(affinity.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: required(affinity.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: preferred(affinity.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: preferred(affinity.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  };
}

export interface TermSubject {
  readonly namespace: string;
  readonly labels: Labels | undefined;
}

/** `namespaceLabels`: labels of the subject's namespace. */
export const termMatches = (term: AffinityTerm, pod: TermSubject, namespaceLabels: Labels | undefined): boolean =>
  (term.namespaces.includes(pod.namespace) ||
    (term.namespaceSelector !== matchesNothing && term.namespaceSelector.matches(namespaceLabels))) &&
  term.selector.matches(pod.labels);

/** All terms match; false when there are none. */
export function allTermsMatch(
  terms: readonly AffinityTerm[],
  pod: TermSubject,
  namespaceLabels: Labels | undefined,
): boolean {
  if (terms.length === 0) return false;
  for (const term of terms) if (!termMatches(term, pod, namespaceLabels)) return false;
  return true;
}

export const hasNamespaceSelector = (term: AffinityTerm): boolean => term.namespaceSelector !== matchesNothing;
