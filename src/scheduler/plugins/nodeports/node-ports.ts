// Host ports that the pod wants must be free on the node.
import { action, asPod, check, type Plugin, skip, unschedulable } from "../../framework.ts";
import { hostPorts, portsConflict } from "../../lib/ports.ts";

const name = "NodePorts";
const taken = unschedulable(name, "node(s) didn't have free ports for the requested pod ports");

export const nodePorts = (): Plugin => ({
  name,
  filter: (pod) =>
    pod.ports.length === 0
      ? skip
      : check({
          check: (node) => (node.usedPorts.conflicts(pod.ports) ? taken : undefined),
          sign: () => JSON.stringify(pod.ports),
        }),
  events: [
    {
      resource: "Pod",
      action: action.delete,
      hint: (pod, before) => {
        const gone = asPod(before)!;
        if (!gone.spec?.nodeName && !gone.status?.nominatedNodeName) return false;
        return portsConflict(hostPorts(gone), pod.ports);
      },
    },
    { resource: "Node", action: action.add },
  ],
});
