// How the API server serves ReplicaSet. Upstream: pkg/apis/apps/v1/defaults.go, pkg/registry/apps/replicaset.
import type { ReplicaSet, ReplicaSetStatus } from "../../../../facts/types/apps.v1.ts";
import { defineRules } from "../../kind.ts";
import { defaultPodTemplate } from "../../lib/pod-spec/defaults.ts";
import { dropDisabledFields, withoutDisabledFields } from "../../lib/pod-spec/disabled.ts";
import { all, type Check, child, findings, notNegative } from "../../lib/validate.ts";
import {
  bounded,
  counters,
  hostNameWarnings,
  immutableSelector,
  replicaScale,
  replicatedTemplate,
  requiredSelector,
  specChanged,
  templateWarnings,
} from "../../lib/workloads/workload.ts";

type Spec = NonNullable<ReplicaSet["spec"]>;

const spec: Check<Spec> = (value, at, found) => {
  notNegative(value.replicas, child(at, "replicas"), found);
  notNegative(value.minReadySeconds, child(at, "minReadySeconds"), found);
  // Upstream says deployment here too.
  requiredSelector("deployment")(value.selector, child(at, "selector"), found);
  replicatedTemplate(value.selector)(value.template, child(at, "template"), found);
};

const status = all<ReplicaSetStatus | undefined>(
  counters<ReplicaSetStatus>(
    "replicas",
    "fullyLabeledReplicas",
    "readyReplicas",
    "availableReplicas",
    "observedGeneration",
    "terminatingReplicas",
  ),
  bounded<ReplicaSetStatus>(
    ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
    "replicas",
    "cannot be greater than status.replicas",
  ),
  bounded<ReplicaSetStatus>(["availableReplicas"], "readyReplicas", "cannot be greater than readyReplicas"),
);

export const replicaSetRules = defineRules<ReplicaSet>({
  default: (set) => {
    const own = (set.spec ??= {} as Spec);
    own.replicas ??= 1;
    defaultPodTemplate((own.template ??= {}));
  },
  generation: true,
  prepareCreate: ({ spec: own }, context) => dropDisabledFields(own?.template?.spec, context),
  prepareUpdate: ({ spec: own }, old, context) => {
    if (own?.template?.spec)
      own.template.spec = withoutDisabledFields(own.template.spec, old.spec?.template?.spec, context);
  },
  validate: ({ spec: own }) => findings(own as Spec, spec, "spec"),
  validateUpdate: ({ spec: own }, old) =>
    findings(own?.selector, immutableSelector(old.spec?.selector), "spec.selector"),
  status: { validateUpdate: (set) => findings(set.status, status, "status") },
  scale: replicaScale,
  warnings: (set, old) => [
    ...(old === undefined ? hostNameWarnings(set) : []),
    ...(old === undefined || specChanged(set, old) ? templateWarnings(set.spec?.template, "spec.template") : []),
  ],
});
