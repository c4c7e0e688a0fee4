// Holds a pod back until its spec.schedulingGates are gone (KEP-3521).
import { action, asPod, type Plugin, unresolvable } from "../../framework.ts";

const name = "SchedulingGates";

export const schedulingGates = (): Plugin => ({
  name,
  preEnqueue: (pod) => {
    const gates = pod.spec?.schedulingGates ?? [];
    return gates.length === 0
      ? undefined
      : unresolvable(name, `waiting for scheduling gates: [${gates.map((gate) => gate.name).join(" ")}]`);
  },
  events: [
    {
      resource: "Pod",
      action: action.updatePodSchedulingGatesEliminated,
      hint: (pod, _before, after) => asPod(after)?.metadata.uid === pod.uid,
    },
  ],
});
