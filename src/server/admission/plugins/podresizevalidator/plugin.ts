// A pod that runs is resized only to what its node could ever give, and only on Linux. Upstream: plugin/pkg/admission/podresize.
import {
  addResourceList,
  aggregateContainerResources,
  type Node,
  nodes,
  type Pod,
  pods,
} from "../../../../api/index.ts";
import { compareQuantities, quantityMilliValue, quantityValue, StatusError } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, refuse } from "../../framework.ts";

export const createPodResizeValidator = ({ reader, featureEnabled }: AdmissionHost): AdmissionPlugin => ({
  name: "PodResizeValidator",
  handles: ({ operation, kind, subresource }) =>
    operation === "UPDATE" &&
    kind.group === pods.group &&
    kind.resource === pods.resource &&
    subresource === "resize" &&
    featureEnabled("InPlacePodVerticalScaling"),
  validate(attributes) {
    const pod = draftOf<Pod>(attributes);
    const { nodeName } = pod.spec;
    if (!nodeName || attributes.oldObject?.metadata.generation === pod.metadata.generation) return;
    const node = reader.get<Node>(nodes, "", nodeName);
    if (node === undefined) throw refuse(attributes, `node ${JSON.stringify(nodeName)} not found`);
    const system = node.metadata.labels?.["kubernetes.io/os"];
    if (system !== undefined && system !== "linux")
      throw refuseResize(attributes, {
        reason: "UnsupportedPlatform",
        why: `pod resize is only supported on linux nodes, node "${nodeName}" is "${system}"`,
      });
    const lacking = lackOf(pod, node);
    if (lacking.length > 0)
      throw refuseResize(attributes, {
        reason: "NodeCapacity",
        why: `node didn't have enough allocatable resources: ${lacking.join("; ")}`,
      });
  },
});

function lackOf({ spec }: Pod, { status }: Node): string[] {
  const requests = { ...aggregateContainerResources(spec, "requests"), ...spec.resources?.requests };
  addResourceList(requests, spec.overhead);
  const compare = (name: "cpu" | "memory", show: (amount: string) => number): string[] => {
    const [wanted, there] = [requests[name] ?? "0", status?.allocatable?.[name] ?? "0"];
    if (compareQuantities(wanted, there) <= 0) return [];
    return [`${name}, requested: ${show(wanted)}, allocatable: ${show(there)}`];
  };
  return [...compare("cpu", quantityMilliValue), ...compare("memory", quantityValue)];
}

function refuseResize(attributes: AdmissionAttributes, { reason, why }: { reason: string; why: string }): StatusError {
  const { status } = refuse(attributes, why);
  return new StatusError({ ...status, details: { ...status.details, causes: [{ reason }] } } as ConstructorParameters<
    typeof StatusError
  >[0]);
}
