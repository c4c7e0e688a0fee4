// How the API server serves Deployment. Upstream: pkg/apis/apps/v1/defaults.go, pkg/registry/apps/deployment.
import type { Deployment } from "../../../../facts/types/apps.v1.ts";
import { labelSelectorMatcher } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { defaultPodTemplate } from "../../lib/pod-spec/defaults.ts";
import { dropDisabledFields } from "../../lib/pod-spec/disabled.ts";

type Spec = Deployment["spec"];

export const deploymentRules = defineRules<Deployment>({
  default: (deployment) => {
    const spec = (deployment.spec ??= {} as Spec);
    spec.replicas ??= 1;
    spec.strategy ??= {};
    spec.strategy.type ??= "RollingUpdate";
    if (spec.strategy.type === "RollingUpdate") {
      spec.strategy.rollingUpdate ??= {};
      spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
      spec.strategy.rollingUpdate.maxSurge ??= "25%";
    }
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    defaultPodTemplate(spec.template);
  },
  // Annotations count: the controller copies them to its ReplicaSets.
  generation: ({ metadata, spec }) => ({ spec, annotations: metadata.annotations }),
  prepareCreate: ({ spec }) => dropDisabledFields(spec?.template?.spec),
  status: {},
  scale: {
    read: ({ spec, status }) => ({
      replicas: spec?.replicas ?? 0,
      statusReplicas: status?.replicas ?? 0,
      selector: labelSelectorMatcher(spec?.selector).toString(),
    }),
    write: (draft, replicas) => {
      draft.spec = { ...draft.spec, replicas };
    },
  },
});
