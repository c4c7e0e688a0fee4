// A pod that names its node goes nowhere else.
import { action, check, type Plugin, skip, unresolvable } from "../../framework.ts";

const name = "NodeName";
const otherNode = unresolvable(name, "node(s) didn't match the requested node name");

export const nodeName = (): Plugin => ({
  name,
  filter: (pod) => {
    const wanted = pod.pod.spec?.nodeName;
    return wanted
      ? check({ check: (node) => (node.name === wanted ? undefined : otherNode), sign: () => wanted })
      : skip;
  },
  events: [{ resource: "Node", action: action.add }],
});
