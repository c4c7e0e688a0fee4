// How the API server serves Deployment. Upstream: pkg/apis/apps/v1/defaults.go, pkg/registry/apps/deployment.
import type { Deployment, DeploymentStatus } from "../../../../facts/types/apps.v1.ts";
import { deepEqual, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { defaultPodTemplate } from "../../lib/pod-spec/defaults.ts";
import { dropDisabledFields, withoutDisabledFields } from "../../lib/pod-spec/disabled.ts";
import { all, type Check, child, findings, notNegative, optional } from "../../lib/validate.ts";
import {
  atMostAll,
  bounded,
  collisionCount,
  counters,
  hostNameWarnings,
  immutableSelector,
  intOrPercent,
  intOrPercentValue,
  replicaScale,
  replicatedTemplate,
  requiredSelector,
  specChanged,
  templateWarnings,
} from "../../lib/workloads/workload.ts";

type Spec = Deployment["spec"];

const strategy: Check<Spec["strategy"]> = (value, at, found) => {
  const rolling = value?.rollingUpdate;
  const path = child(at, "rollingUpdate");
  switch (value?.type) {
    case "Recreate":
      if (rolling !== undefined)
        found.push(field.forbidden(path, "may not be specified when strategy `type` is 'Recreate'"));
      break;
    case "RollingUpdate": {
      const unavailable = child(path, "maxUnavailable");
      intOrPercent(rolling?.maxUnavailable, unavailable, found);
      intOrPercent(rolling?.maxSurge, child(path, "maxSurge"), found);
      if (intOrPercentValue(rolling?.maxUnavailable) === 0 && intOrPercentValue(rolling?.maxSurge) === 0)
        found.push(field.invalid(unavailable, rolling?.maxUnavailable ?? 0, "may not be 0 when `maxSurge` is 0"));
      atMostAll(rolling?.maxUnavailable, unavailable, found);
      break;
    }
    default:
      found.push(field.notSupported(at, internalForm("apps.DeploymentStrategy", value), ["Recreate", "RollingUpdate"]));
  }
};

const spec: Check<Spec> = (value, at, found) => {
  notNegative(value.replicas, child(at, "replicas"), found);
  requiredSelector("deployment")(value.selector, child(at, "selector"), found);
  replicatedTemplate(value.selector)(value.template, child(at, "template"), found);
  strategy(value.strategy, child(at, "strategy"), found);
  notNegative(value.minReadySeconds, child(at, "minReadySeconds"), found);
  optional(notNegative)(value.revisionHistoryLimit, child(at, "revisionHistoryLimit"), found);
  const deadline = value.progressDeadlineSeconds;
  if (deadline === undefined) return;
  notNegative(deadline, child(at, "progressDeadlineSeconds"), found);
  if (deadline <= (value.minReadySeconds ?? 0))
    found.push(field.invalid(child(at, "progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds"));
};

const status = all<DeploymentStatus | undefined>(
  counters<DeploymentStatus>(
    "observedGeneration",
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "terminatingReplicas",
    "collisionCount",
  ),
  bounded<DeploymentStatus>(
    ["updatedReplicas", "readyReplicas", "availableReplicas"],
    "replicas",
    "cannot be greater than status.replicas",
  ),
  bounded<DeploymentStatus>(["availableReplicas"], "readyReplicas", "cannot be greater than readyReplicas"),
);

/** Annotations count: the controller copies them to its ReplicaSets. */
const changed = (deployment: Deployment, old: Deployment): boolean =>
  specChanged(deployment, old) || !deepEqual(deployment.metadata.annotations, old.metadata.annotations);

export const deploymentRules = defineRules<Deployment>({
  resetFields: { status: ["spec", "metadata.labels"] },
  default: (deployment) => {
    const own = (deployment.spec ??= {} as Spec);
    own.replicas ??= 1;
    const update = (own.strategy ??= {});
    update.type ||= "RollingUpdate";
    if (update.type === "RollingUpdate") {
      update.rollingUpdate ??= {};
      update.rollingUpdate.maxUnavailable ??= "25%";
      update.rollingUpdate.maxSurge ??= "25%";
    }
    own.revisionHistoryLimit ??= 10;
    own.progressDeadlineSeconds ??= 600;
    defaultPodTemplate(own.template);
  },
  generation: ({ metadata, spec: own }) => ({ spec: own, annotations: metadata.annotations }),
  prepareCreate: ({ spec: own }, context) => dropDisabledFields(own?.template?.spec, context),
  prepareUpdate: (deployment, old, context) => {
    const { template } = deployment.spec;
    if (template?.spec) template.spec = withoutDisabledFields(template.spec, old.spec.template?.spec, context);
  },
  validate: ({ spec: own }) => findings(own, spec, "spec"),
  validateUpdate: ({ spec: own }, old) => findings(own.selector, immutableSelector(old.spec.selector), "spec.selector"),
  status: {
    prepareUpdate: ({ metadata }, old) => {
      if (old.metadata.labels === undefined) delete metadata.labels;
      else metadata.labels = old.metadata.labels;
    },
    validateUpdate: (deployment, old) => {
      const found = findings(deployment.status, status, "status");
      collisionCount(deployment, old, found);
      return found;
    },
  },
  scale: replicaScale,
  warnings: (deployment, old) => [
    ...(old === undefined ? hostNameWarnings(deployment) : []),
    ...(old === undefined || changed(deployment, old)
      ? templateWarnings(deployment.spec?.template, "spec.template")
      : []),
  ],
});
