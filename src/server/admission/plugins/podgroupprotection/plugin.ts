// Pod groups are kept by a finalizer while pods belong to them. Upstream: plugin/pkg/admission/scheduling/podgroupprotection.
import { podGroups } from "../../../../api/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain } from "../../framework.ts";

const finalizer = "scheduling.k8s.io/podgroup-protection";

export const createPodGroupProtection = ({ featureEnabled }: AdmissionHost): AdmissionPlugin => ({
  name: "PodGroupProtection",
  handles: (attributes) =>
    attributes.operation === "CREATE" && isMain(attributes, podGroups) && featureEnabled("GenericWorkload"),
  admit(attributes) {
    const { metadata } = draftOf(attributes);
    if (metadata.finalizers?.includes(finalizer)) return;
    metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
});
