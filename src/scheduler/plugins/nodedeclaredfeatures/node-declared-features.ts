// Pods that use a feature which kubelets declare run only on nodes that declare it (KEP-5328). Two features of v1.36 show in a
// pod spec: container restart rules that restart all containers, and user namespaces with the host's network.
import type { Pod } from "../../../api/index.ts";
import { action, asNode, asPod, check, type Plugin, skip, unresolvable } from "../../framework.ts";

const name = "NodeDeclaredFeatures";
const lacking = unresolvable(name, "node(s) didn't match Pod's required features");

function requiredFeatures(pod: Pod): string[] {
  const features: string[] = [];
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  if (containers.some((each) => each.restartPolicyRules?.some((rule) => rule.action === "RestartAllContainers")))
    features.push("RestartAllContainersOnContainerExits");
  if (pod.spec?.hostNetwork === true && pod.spec.hostUsers === false) features.push("UserNamespacesHostNetworkSupport");
  return features;
}

export const nodeDeclaredFeatures = (): Plugin => ({
  name,
  filter: (info) => {
    const wanted = requiredFeatures(info.pod);
    if (wanted.length === 0) return skip;
    return check({
      check: (node) => {
        const declared = node.node.status?.declaredFeatures ?? [];
        return wanted.every((feature) => declared.includes(feature)) ? undefined : lacking;
      },
      sign: () => wanted.join(),
    });
  },
  events: [
    {
      resource: "Node",
      action: action.add | action.updateNodeDeclaredFeature,
      hint: (_info, before, after) =>
        before === undefined ||
        asNode(before)?.status?.declaredFeatures?.join() !== asNode(after)?.status?.declaredFeatures?.join(),
    },
    {
      resource: "Pod",
      action: action.update,
      hint: (info, before, after) =>
        asPod(after)?.metadata.uid === info.uid &&
        requiredFeatures(asPod(before)!).join() !== requiredFeatures(asPod(after)!).join(),
    },
  ],
});
