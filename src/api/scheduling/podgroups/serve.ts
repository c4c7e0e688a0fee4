// How the API server serves PodGroup. Upstream: pkg/apis/scheduling/validation, pkg/registry/scheduling/podgroup.
import type {
  PodGroup,
  PodGroupResourceClaimStatus,
  PodGroupTemplateReference,
} from "../../../../facts/types/scheduling.v1alpha2.ts";
import { field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { conditions } from "../../lib/conditions.ts";
import { keepMetadata } from "../../lib/metadata.ts";
import { type Check, child, findings, optional, required, worthChecking } from "../../lib/validate.ts";
import {
  dropDisabledGroupFields,
  judgeGrouped,
  keepsAll,
  keyedClaimStatuses,
  longName,
  schedulingPolicy,
  shortName,
  union,
} from "../../lib/workloads/pod-groups.ts";

const templateReference: Check<PodGroupTemplateReference> = (reference, at, found) => {
  union<PodGroupTemplateReference>("workload")(reference, at, found);
  const { workload } = reference;
  if (!workload) return;
  const path = child(at, "workload");
  required(longName)(workload.workloadName, child(path, "workloadName"), found);
  shortName(workload.podGroupTemplateName, child(path, "podGroupTemplateName"), found);
};

const claimStatus: Check<PodGroupResourceClaimStatus> = ({ resourceClaimName }, at, found) =>
  optional(longName)(resourceClaimName, child(at, "resourceClaimName"), found);

const judgeStatus = ({ spec, status }: PodGroup) =>
  findings(
    status,
    (value, at, found) => {
      conditions(value?.conditions, child(at, "conditions"), found);
      const path = child(at, "resourceClaimStatuses");
      for (const [index, { name = "" }] of worthChecking(value?.resourceClaimStatuses ?? [], found))
        if (!spec.resourceClaims?.some((claim) => claim.name === name))
          found.push(
            field.invalid(`${path}[${index}].name`, name, "must match the name of an entry in `spec.resourceClaims`"),
          );
      keyedClaimStatuses(claimStatus)(value?.resourceClaimStatuses, path, found);
    },
    "status",
  );

export const podGroupRules = defineRules<PodGroup>({
  default: (draft) => {
    draft.spec ??= {} as PodGroup["spec"];
    draft.spec.schedulingPolicy ??= {};
    draft.spec.disruptionMode ??= "Pod";
    draft.status ??= {};
  },
  prepareCreate: ({ spec }, { featureEnabled }) => dropDisabledGroupFields(spec, { old: undefined, featureEnabled }),
  prepareUpdate: ({ spec }, old, { featureEnabled }) =>
    dropDisabledGroupFields(spec, { old: old.spec, featureEnabled }),
  validate: ({ spec }) =>
    findings(
      spec,
      (value, at, found) => {
        optional(templateReference)(value.podGroupTemplateRef, child(at, "podGroupTemplateRef"), found);
        schedulingPolicy(value.schedulingPolicy, child(at, "schedulingPolicy"), found);
        judgeGrouped(value, at, found);
      },
      "spec",
    ),
  validateOnUpdate: false,
  validateUpdate: ({ spec }, old) =>
    findings(
      spec,
      (value, at, found) =>
        keepsAll(value, old.spec, {
          at,
          names: [
            "podGroupTemplateRef",
            "schedulingPolicy",
            "schedulingConstraints",
            "resourceClaims",
            "disruptionMode",
            "priorityClassName",
            "priority",
          ],
          found,
        }),
      "spec",
    ),
  resetFields: { "": ["status"], status: ["metadata", "spec"] },
  status: {
    prepareUpdate: (draft, old, { featureEnabled }) => {
      keepMetadata(draft, old);
      const inUse = featureEnabled("DRAWorkloadResourceClaims") || (old.spec.resourceClaims?.length ?? 0) > 0;
      if (!inUse) delete draft.status?.resourceClaimStatuses;
    },
    validateUpdate: judgeStatus,
  },
});
