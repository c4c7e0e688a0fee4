// No new pods on nodes with spec.unschedulable, except for pods that tolerate the taint that goes with it.
import { action, asNode, asPod, check, type Plugin, skip, unresolvable } from "../../framework.ts";
import type { Handle } from "../../handle.ts";
import { isTolerated, unschedulableTaint } from "../../lib/taints.ts";

const name = "NodeUnschedulable";
const cordoned = unresolvable(name, "node(s) were unschedulable");

export const nodeUnschedulable = ({ snapshot }: Handle): Plugin => ({
  name,
  filter: (pod) => {
    if (snapshot.marked.unschedulable === 0 || isTolerated(unschedulableTaint, pod.pod.spec?.tolerations)) return skip;
    return check({ check: (node) => (node.unschedulable ? cordoned : undefined), sign: () => "" });
  },
  events: [
    {
      resource: "Node",
      action: action.add | action.updateNodeTaint,
      hint: (_pod, before, after) =>
        asNode(after)?.spec?.unschedulable !== true &&
        (before === undefined || asNode(before)?.spec?.unschedulable === true),
    },
    {
      resource: "Pod",
      action: action.updatePodToleration,
      hint: (pod, _before, after) =>
        asPod(after)?.metadata.uid === pod.uid && isTolerated(unschedulableTaint, asPod(after)?.spec?.tolerations),
    },
  ],
});
