// A pod group that names a template of a workload needs both. Upstream: plugin/pkg/admission/podgroup.
import { type PodGroup, podGroups, type Workload, workloads } from "../../../../api/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain, refuse } from "../../framework.ts";

export const createPodGroupWorkloadExists = ({ reader, featureEnabled }: AdmissionHost): AdmissionPlugin => ({
  name: "PodGroupWorkloadExists",
  handles: (attributes) =>
    attributes.operation === "CREATE" && isMain(attributes, podGroups) && featureEnabled("GenericWorkload"),
  validate(attributes) {
    const { metadata, spec } = draftOf<PodGroup>(attributes);
    const reference = spec.podGroupTemplateRef?.workload;
    if (!reference) return;
    const { workloadName = "", podGroupTemplateName = "" } = reference;
    const quoted = JSON.stringify(workloadName);
    const workload = reader.get<Workload>(workloads, metadata.namespace ?? "", workloadName);
    if (workload === undefined) throw refuse(attributes, `PodGroup rejected: Workload ${quoted} not found`);
    if (workload.metadata.deletionTimestamp !== undefined)
      throw refuse(attributes, `PodGroup rejected: Workload ${quoted} is being deleted`);
    if (!workload.spec.podGroupTemplates?.some(({ name }) => name === podGroupTemplateName))
      throw refuse(
        attributes,
        `PodGroup rejected: PodGroupTemplate ${JSON.stringify(podGroupTemplateName)} not found in Workload ${quoted}`,
      );
  },
});
