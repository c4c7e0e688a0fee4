// A change of a running pod that its node cannot carry out is refused. KEP-5328.
// Upstream: plugin/pkg/admission/nodedeclaredfeatures, component-helpers' nodedeclaredfeatures.
import { type Node, nodes, type Pod, pods } from "../../../../api/index.ts";
import { deepEqual } from "../../../../machinery/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, refuse } from "../../framework.ts";

/** Features that a change can need, by name. */
const needs: readonly { readonly feature: string; readonly neededBy: (now: Pod, before: Pod) => boolean }[] = [
  {
    feature: "InPlacePodLevelResourcesVerticalScaling",
    neededBy: (now, before) => !deepEqual(now.spec.resources, before.spec.resources),
  },
  {
    feature: "InPlacePodVerticalScalingInitContainers",
    neededBy: (now, before) =>
      (before.spec.initContainers ?? []).some(
        ({ restartPolicy, resources }, index) =>
          restartPolicy !== "Always" && !deepEqual(resources, now.spec.initContainers?.[index]?.resources),
      ),
  },
];

export const createNodeDeclaredFeatureValidator = ({ reader, featureEnabled }: AdmissionHost): AdmissionPlugin => ({
  name: "NodeDeclaredFeatureValidator",
  handles: ({ operation, kind, subresource }) =>
    operation === "UPDATE" &&
    kind.group === pods.group &&
    kind.resource === pods.resource &&
    (subresource === "" || subresource === "resize") &&
    featureEnabled("NodeDeclaredFeatures"),
  validate(attributes) {
    const pod = draftOf<Pod>(attributes);
    const old = attributes.oldObject as Pod;
    const { nodeName } = pod.spec;
    if (!nodeName || old.metadata.generation === pod.metadata.generation) return;
    const wanted = needs.filter(({ neededBy }) => neededBy(pod, old)).map(({ feature }) => feature);
    if (wanted.length === 0) return;
    const node = reader.get<Node>(nodes, "", nodeName);
    if (node === undefined) throw refuse(attributes, `node ${JSON.stringify(nodeName)} not found`);
    const missing = wanted.filter((feature) => !node.status?.declaredFeatures?.includes(feature));
    if (missing.length > 0)
      throw refuse(
        attributes,
        `pod update requires features ${missing.join(", ")} which are not available on node ${JSON.stringify(nodeName)}`,
      );
  },
});
