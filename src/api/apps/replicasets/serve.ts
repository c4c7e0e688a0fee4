// How the API server serves ReplicaSet. Upstream: pkg/apis/apps/v1/defaults.go, pkg/registry/apps/replicaset.
import type { ReplicaSet } from "../../../../facts/types/apps.v1.ts";
import { labelSelectorMatcher } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { defaultPodTemplate } from "../../lib/pod-spec/defaults.ts";
import { dropDisabledFields } from "../../lib/pod-spec/disabled.ts";

type Spec = NonNullable<ReplicaSet["spec"]>;

export const replicaSetRules = defineRules<ReplicaSet>({
  default: (set) => {
    const spec = (set.spec ??= {} as Spec);
    spec.replicas ??= 1;
    defaultPodTemplate(spec.template);
  },
  generation: true,
  prepareCreate: ({ spec }) => dropDisabledFields(spec?.template?.spec),
  status: {},
  scale: {
    read: ({ spec, status }) => ({
      replicas: spec?.replicas ?? 0,
      statusReplicas: status?.replicas ?? 0,
      selector: labelSelectorMatcher(spec?.selector).toString(),
    }),
    write: (draft, replicas) => {
      draft.spec = { ...draft.spec, replicas } as Spec;
    },
  },
});
