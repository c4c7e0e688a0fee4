// A job whose pods are scheduled as a gang keeps its size. Off by default. Upstream: plugin/pkg/admission/job.
import { type Job, jobs } from "../../../../api/index.ts";
import type { KubeObject } from "../../../../machinery/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain, refuse } from "../../framework.ts";

const podGroups = ["scheduling.k8s.io", "v1alpha2", "podgroups"] as const;

type PodGroup = KubeObject & {
  readonly spec?: {
    readonly schedulingPolicy?: { readonly gang?: object };
  };
};
export const createJobValidation = (host: AdmissionHost): AdmissionPlugin => ({
  name: "JobValidation",
  handles: (attributes) =>
    attributes.operation === "UPDATE" &&
    isMain(attributes, jobs) &&
    (host.featureEnabled("GenericWorkload") || host.featureEnabled("WorkloadWithJob")),
  async validate(attributes) {
    const old = attributes.oldObject as Job;
    if (draftOf<Job>(attributes).spec?.parallelism === old.spec?.parallelism) return;
    const resource = host.catalog.find(...podGroups);
    if (resource === undefined) return;
    const all = (await host.objects.list(resource, attributes.namespace)) as readonly PodGroup[];
    const podSpec = old.spec?.template.spec as { schedulingGroup?: { podGroupName?: string } } | undefined;
    const named = podSpec?.schedulingGroup?.podGroupName;
    const gang = all.find(
      ({ metadata, spec }) =>
        spec?.schedulingPolicy?.gang !== undefined &&
        (named === undefined
          ? metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === old.metadata.uid)
          : metadata.name === named),
    );
    if (gang !== undefined)
      throw refuse(
        attributes,
        `cannot change parallelism for a Job referencing gang-scheduled PodGroup ${JSON.stringify(gang.metadata.name)}`,
      );
  },
});
