// A binding carries the node's topology labels to the pod, so that containers can read them. KEP-4742.
import { type Node, nodes } from "../../../../api/index.ts";
import type { KubeObject } from "../../../../machinery/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf } from "../../framework.ts";

const copied = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

export const createPodTopologyLabels = ({ reader }: AdmissionHost): AdmissionPlugin => ({
  name: "PodTopologyLabels",
  handles: ({ operation, bodyKind, kind }) =>
    operation === "CREATE" && bodyKind.kind === "Binding" && kind.group === "",
  admit(attributes) {
    const binding = draftOf<KubeObject & { target?: { kind?: string; name?: string } }>(attributes);
    const { target } = binding;
    if (!target?.name || (target.kind ?? "Node") !== "Node") return;
    const node = reader.get<Node>(nodes, "", target.name);
    const labels = Object.fromEntries(
      copied.flatMap((key) => (node?.metadata.labels?.[key] === undefined ? [] : [[key, node.metadata.labels[key]]])),
    );
    if (Object.keys(labels).length > 0) binding.metadata.labels = { ...binding.metadata.labels, ...labels };
  },
});
