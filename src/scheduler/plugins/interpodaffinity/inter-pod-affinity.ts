// Affinity between pods: required terms filter (filter.ts), preferred ones score (score.ts).
import type { Node, Pod } from "../../../api/index.ts";
import { action, asNode, asPod, type Plugin } from "../../framework.ts";
import { type Handle, namespaceLabels } from "../../handle.ts";
import { allTermsMatch, podTerms } from "../../lib/affinity-terms.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";
import { affinityFilter } from "./filter.ts";
import { affinityScore } from "./score.ts";

export const interPodAffinity = (handle: Handle): Plugin => ({
  name: "InterPodAffinity",
  filter: (pod) => affinityFilter(handle, pod),
  score: (pod, nodes, out) => affinityScore(handle, pod, nodes, out),
  events: [
    {
      resource: "Pod",
      action: action.add | action.updatePodLabel | action.delete,
      hint: (pod, before, after) => podChangeHelps(handle, pod, [asPod(before), asPod(after)]),
    },
    {
      resource: "Node",
      action: action.add | action.updateNodeLabel,
      hint: (pod, before, after) => nodeChangeHelps(pod, asNode(before), asNode(after)!),
    },
  ],
});

const isPlaced = (pod: Pod): boolean => Boolean(pod.spec?.nodeName || pod.status?.nominatedNodeName);

function podChangeHelps(
  handle: Handle,
  pod: PodInfo,
  [before, after]: readonly [Pod | undefined, Pod | undefined],
): boolean {
  if (before !== undefined && after?.metadata.uid === pod.uid) return true;
  if ((after !== undefined && !isPlaced(after)) || (before !== undefined && !isPlaced(before))) return false;
  const { requiredAffinity, requiredAntiAffinity } = pod.terms;
  const subject = (other: Pod) => ({ namespace: other.metadata.namespace ?? "", labels: other.metadata.labels });
  const wanted = (other: Pod): boolean => {
    const { namespace } = subject(other);
    return allTermsMatch(requiredAffinity, subject(other), namespaceLabels(handle.listers, namespace));
  };
  const unwanted = (other: Pod): boolean => {
    const { namespace } = subject(other);
    return allTermsMatch(requiredAntiAffinity, subject(other), namespaceLabels(handle.listers, namespace));
  };
  if (before !== undefined && after !== undefined)
    return (!wanted(before) && wanted(after)) || (unwanted(before) && !unwanted(after));
  if (after !== undefined) return wanted(after);
  if (unwanted(before!)) return true;
  const theirs = podTerms(before!).requiredAntiAffinity;
  return allTermsMatch(theirs, pod, namespaceLabels(handle.listers, pod.namespace));
}

function nodeChangeHelps(pod: PodInfo, before: Node | undefined, after: Node): boolean {
  const { requiredAffinity, requiredAntiAffinity } = pod.terms;
  const is = after.metadata.labels ?? {};
  if (before === undefined)
    return requiredAffinity.some((term) => is[term.topologyKey] !== undefined) || requiredAntiAffinity.length > 0;
  const was = before.metadata.labels ?? {};
  const changed = (key: string): boolean => was[key] !== is[key];
  return (
    requiredAffinity.some(({ topologyKey }) => is[topologyKey] !== undefined && changed(topologyKey)) ||
    requiredAntiAffinity.some(({ topologyKey }) => was[topologyKey] !== undefined && changed(topologyKey))
  );
}
