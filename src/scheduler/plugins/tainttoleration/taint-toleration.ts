// Keeps pods off nodes with NoSchedule and NoExecute taints they do not tolerate, and prefers nodes with fewer intolerable
// PreferNoSchedule taints.
import type { Taint } from "../../../api/index.ts";
import { action, asNode, asPod, check, type Plugin, skip, unresolvable } from "../../framework.ts";
import type { Handle } from "../../handle.ts";
import { normalize } from "../../lib/normalize.ts";
import { hasUntoleratedTaint, isTolerated } from "../../lib/taints.ts";

const name = "TaintToleration";
const tainted = unresolvable(name, "node(s) had untolerated taint(s)");

export const taintToleration = ({ snapshot }: Handle): Plugin => ({
  name,
  filter: (pod) => {
    if (snapshot.marked.hardTaints === 0) return skip;
    const tolerations = pod.pod.spec?.tolerations;
    return check({
      check: (node) =>
        node.hardTaints.length > 0 && hasUntoleratedTaint(node.hardTaints, tolerations) ? tainted : undefined,
      sign: () => JSON.stringify(tolerations ?? []),
    });
  },
  score: (pod, nodes, out) => {
    if (snapshot.marked.softTaints === 0) return false;
    const tolerations = pod.pod.spec?.tolerations?.filter((each) => !each.effect || each.effect === "PreferNoSchedule");
    const intolerable = (taint: Taint): boolean => !isTolerated(taint, tolerations);
    for (let index = 0; index < nodes.length; index++) {
      const { softTaints } = nodes[index]!;
      out[index] = softTaints.length === 0 ? 0 : softTaints.filter(intolerable).length;
    }
    normalize(out, nodes.length, "lower is better");
    return true;
  },
  events: [
    {
      resource: "Node",
      action: action.add | action.updateNodeTaint,
      hint: (pod, before, after) => {
        const tolerations = pod.pod.spec?.tolerations;
        const was = before === undefined || hasUntoleratedTaint(asNode(before)?.spec?.taints, tolerations);
        return was && !hasUntoleratedTaint(asNode(after)?.spec?.taints, tolerations);
      },
    },
    {
      resource: "Pod",
      action: action.updatePodToleration,
      hint: (pod, _before, after) => asPod(after)?.metadata.uid === pod.uid,
    },
  ],
});
