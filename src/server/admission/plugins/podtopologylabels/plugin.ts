// A binding carries the node's topology labels to the pod, and so does a pod that names its node, so that containers can read them. KEP-4742.
import { type Node, nodes, type Pod, pods } from "../../../../api/index.ts";
import type { KubeObject } from "../../../../machinery/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf } from "../../framework.ts";

const copied = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

export const createPodTopologyLabels = ({ reader, featureEnabled }: AdmissionHost): AdmissionPlugin => ({
  name: "PodTopologyLabels",
  handles: ({ operation, kind, subresource }) =>
    operation === "CREATE" &&
    kind.group === pods.group &&
    kind.resource === pods.resource &&
    (subresource === "" || subresource === "binding") &&
    featureEnabled("PodTopologyLabelsAdmission"),
  admit(attributes) {
    const object = draftOf<KubeObject>(attributes);
    const nodeName = attributes.subresource === "" ? (object as Pod).spec?.nodeName : targetOf(object);
    if (!nodeName) return;
    const node = reader.get<Node>(nodes, "", nodeName);
    const labels = Object.fromEntries(
      copied.flatMap((key) => (node?.metadata.labels?.[key] === undefined ? [] : [[key, node.metadata.labels[key]]])),
    );
    if (Object.keys(labels).length > 0) object.metadata.labels = { ...object.metadata.labels, ...labels };
  },
});

function targetOf({ target }: KubeObject & { target?: { kind?: string; name?: string } }): string | undefined {
  return target?.kind === "Node" ? target.name : undefined;
}
