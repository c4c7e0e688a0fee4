// Spreads pods over topology domains (KEP-895): hard constraints filter (filter.ts), soft ones score (score.ts).
import type { Node, Pod, Toleration } from "../../../api/index.ts";
import { action, asNode, asPod, type Plugin } from "../../framework.ts";
import type { Handle } from "../../handle.ts";
import type { PodInfo } from "../../snapshot/pod-info.ts";
import { matchesAll, type SpreadConstraint, spreadConstraints } from "./constraints.ts";
import { spreadFilter } from "./filter.ts";
import { spreadScore } from "./score.ts";

export const podTopologySpread = (handle: Handle): Plugin => {
  const hardConstraints = (pod: PodInfo): SpreadConstraint[] => spreadConstraints(handle.listers, pod, "DoNotSchedule");
  return {
    name: "PodTopologySpread",
    filter: (pod) => spreadFilter(handle, pod),
    score: (pod, nodes, out) => spreadScore(handle, pod, nodes, out),
    events: [
      {
        resource: "Pod",
        action: action.add | action.updatePodLabel | action.updatePodToleration | action.delete,
        hint: (pod, before, after) => podChangeHelps(pod, hardConstraints(pod), [asPod(before), asPod(after)]),
      },
      {
        resource: "Node",
        action: action.add | action.delete | action.updateNodeLabel | action.updateNodeTaint,
        hint: (pod, before, after) => nodeChangeHelps(hardConstraints(pod), asNode(before), asNode(after)),
      },
    ],
  };
};

const isInvolved = (other: Pod, pod: PodInfo): boolean =>
  other.metadata.uid === pod.uid ||
  (Boolean(other.spec?.nodeName || other.status?.nominatedNodeName) && other.metadata.namespace === pod.namespace);

function podChangeHelps(
  pod: PodInfo,
  constraints: readonly SpreadConstraint[],
  [before, after]: readonly [Pod | undefined, Pod | undefined],
): boolean {
  if (after !== undefined && !isInvolved(after, pod)) return false;
  if (before !== undefined && !isInvolved(before, pod)) return false;
  const counts = (other: Pod): boolean => constraints.some((each) => matchesAll(each, other.metadata.labels));
  if (before === undefined || after === undefined) return counts((before ?? after)!);
  const gotTolerant =
    after.metadata.uid === pod.uid && !equalTolerations(after.spec?.tolerations, before.spec?.tolerations);
  if (gotTolerant && constraints.some((each) => each.honorsTaints)) return true;
  return constraints.some(
    (each) => matchesAll(each, before.metadata.labels) !== matchesAll(each, after.metadata.labels),
  );
}

const equalTolerations = (a: readonly Toleration[] | undefined, b: readonly Toleration[] | undefined): boolean =>
  JSON.stringify(a ?? []) === JSON.stringify(b ?? []);

function nodeChangeHelps(
  constraints: readonly SpreadConstraint[],
  before: Node | undefined,
  after: Node | undefined,
): boolean {
  const hasKeys = (node: Node): boolean =>
    constraints.every((each) => node.metadata.labels?.[each.topologyKey] !== undefined);
  if (before === undefined || after === undefined) return hasKeys((before ?? after)!);
  if (hasKeys(before) !== hasKeys(after)) return true;
  if (!hasKeys(after)) return false;
  const moved = constraints.some(
    ({ topologyKey }) => before.metadata.labels?.[topologyKey] !== after.metadata.labels?.[topologyKey],
  );
  return moved || JSON.stringify(before.spec?.taints ?? []) !== JSON.stringify(after.spec?.taints ?? []);
}
