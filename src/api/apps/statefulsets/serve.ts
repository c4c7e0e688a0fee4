// How the API server serves StatefulSet. Upstream: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation,
// pkg/registry/apps/statefulset.
import type { StatefulSet, StatefulSetStatus } from "../../../../facts/types/apps.v1.ts";
import type { PodTemplateSpec } from "../../../../facts/types/core.v1.ts";
import { deepEqual, field, quantityMilliValue } from "../../../machinery/index.ts";
import { defineRules, type RuleContext } from "../../kind.ts";
import { annotations, labelName, labels } from "../../lib/metadata.ts";
import { allowAlike } from "../../lib/pod-spec/allowed.ts";
import { podAnnotations } from "../../lib/pod-spec/annotations.ts";
import { defaultClaimSpec, defaultPodTemplate } from "../../lib/pod-spec/defaults.ts";
import { dropDisabledFields, withoutDisabledFields } from "../../lib/pod-spec/disabled.ts";
import { podTemplate } from "../../lib/pod-spec/spec.ts";
import {
  all,
  type Check,
  child,
  dnsLabel,
  findings,
  item,
  notNegative,
  oneOf,
  unlessEmpty,
  worthChecking,
} from "../../lib/validate.ts";
import { claimSpec } from "../../lib/volumes/volume-claim.ts";
import {
  atMostAll,
  bounded,
  collisionCount,
  counters,
  endlessPods,
  intOrPercent,
  intOrPercentValue,
  isEmptySelector,
  matcherOfSelector,
  matchingLabels,
  replicaScale,
  requiredSelector,
  specChanged,
  templateWarnings,
} from "../../lib/workloads/workload.ts";

type Spec = StatefulSet["spec"];

interface Leniency {
  /** What can not be changed is not judged again. */
  readonly isUpdate: boolean;
  /** The template was wrong already. */
  readonly skipsTemplate: boolean;
}

const management: Check<Spec["podManagementPolicy"]> = (value, at, found) => {
  if (!value) found.push(field.required(at));
  else if (value !== "OrderedReady" && value !== "Parallel")
    found.push(field.invalid(at, value, "must be 'OrderedReady' or 'Parallel'"));
};

const rollingUpdate: Check<NonNullable<NonNullable<Spec["updateStrategy"]>["rollingUpdate"]>> = (value, at, found) => {
  notNegative(value.partition, child(at, "partition"), found);
  const { maxUnavailable } = value;
  if (maxUnavailable === undefined) return;
  const path = child(at, "maxUnavailable");
  intOrPercent(maxUnavailable, path, found);
  if (intOrPercentValue(maxUnavailable) === 0) found.push(field.invalid(path, maxUnavailable, "cannot be 0"));
  atMostAll(maxUnavailable, path, found);
};

const printed = (value: Spec["updateStrategy"]): object => ({
  Type: value?.type ?? "",
  RollingUpdate: value?.rollingUpdate
    ? { Partition: value.rollingUpdate.partition ?? 0, MaxUnavailable: value.rollingUpdate.maxUnavailable ?? null }
    : null,
});

const updateStrategy: Check<Spec["updateStrategy"]> = (value, at, found) => {
  const rolling = value?.rollingUpdate;
  switch (value?.type) {
    case undefined:
      found.push(field.required(at));
      break;
    case "OnDelete":
      if (rolling !== undefined)
        found.push(
          field.invalid(
            child(at, "rollingUpdate"),
            { Partition: rolling.partition ?? 0, MaxUnavailable: rolling.maxUnavailable ?? null },
            "only allowed for updateStrategy 'RollingUpdate'",
          ),
        );
      break;
    case "RollingUpdate":
      if (rolling !== undefined) rollingUpdate(rolling, child(at, "rollingUpdate"), found);
      break;
    default:
      found.push(field.invalid(at, printed(value), "must be 'RollingUpdate' or 'OnDelete'"));
  }
};

/** The controller fills in names and the volumes of claims, so they are not judged as written. */
function asPodsGetIt(spec: Spec): PodTemplateSpec {
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? "");
  const { subdomain: _, hostname: __, ...own } = spec.template?.spec ?? ({} as NonNullable<PodTemplateSpec["spec"]>);
  if (claims.length > 0) {
    const names = new Set(claims);
    own.volumes = [
      ...[...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
      ...(own.volumes ?? []).filter(({ name }) => !names.has(name)),
    ];
  }
  allowAlike(own, spec.template?.spec);
  return { ...spec.template, spec: own };
}

const template =
  (spec: Spec, { skipsTemplate }: Leniency): Check<PodTemplateSpec> =>
  (value, at, found) => {
    const matcher = matcherOfSelector(spec.selector);
    if (matcher === undefined) {
      found.push(field.invalid("spec.selector", spec.selector, ""));
      return;
    }
    if (!spec.selector || !isEmptySelector(spec.selector)) matchingLabels(matcher, value, at, found);
    if (!skipsTemplate) podTemplate(value, at, found);
    const meta = value.metadata;
    labels(meta?.labels, child(at, "labels"), found);
    annotations(meta?.annotations, child(at, "annotations"), found);
    if (value.spec) podAnnotations(value.spec)(meta?.annotations, child(at, "annotations"), found);
  };

const retention = oneOf("Retain", "Delete");

const spec =
  (leniency: Leniency): Check<Spec> =>
  (value, at, found) => {
    management(value.podManagementPolicy, child(at, "podManagementPolicy"), found);
    updateStrategy(value.updateStrategy, child(at, "updateStrategy"), found);
    const policy = value.persistentVolumeClaimRetentionPolicy;
    const policyPath = child(at, "persistentVolumeClaimRetentionPolicy");
    if (policy !== undefined) {
      retention(policy.whenDeleted, child(policyPath, "whenDeleted"), found);
      retention(policy.whenScaled, child(policyPath, "whenScaled"), found);
    }
    if (!leniency.isUpdate)
      for (const [index, claim] of worthChecking(value.volumeClaimTemplates ?? [], found))
        claimSpec(claim.spec, child(item(child(at, "volumeClaimTemplates"), index), "spec"), found);
    notNegative(value.replicas, child(at, "replicas"), found);
    notNegative(value.minReadySeconds, child(at, "minReadySeconds"), found);
    if (value.ordinals !== undefined) notNegative(value.ordinals.start, child(at, "ordinals.start"), found);
    if (!leniency.isUpdate) unlessEmpty(dnsLabel)(value.serviceName, child(at, "serviceName"), found);
    requiredSelector("statefulset")(value.selector, child(at, "selector"), found);
    template(value, leniency)(asPodsGetIt(value), child(at, "template"), found);
    endlessPods("StatefulSet")(value.template, child(at, "template"), found);
  };

const fixedText =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

/** What may never change. */
const fixedPart = ({ selector, serviceName, podManagementPolicy, volumeClaimTemplates }: Spec): unknown => ({
  selector,
  serviceName: serviceName || undefined,
  podManagementPolicy,
  volumeClaimTemplates,
});

function validateUpdate({ spec: own }: StatefulSet, { spec: old }: StatefulSet) {
  const wasWrong = findings(old, spec({ isUpdate: true, skipsTemplate: false }), "spec").length > 0;
  const found = findings(own, spec({ isUpdate: true, skipsTemplate: wasWrong }), "spec");
  if (!deepEqual(fixedPart(own), fixedPart(old))) found.push(field.forbidden("spec", fixedText));
  return found;
}

const status = all<StatefulSetStatus | undefined>(
  counters<StatefulSetStatus>(
    "replicas",
    "readyReplicas",
    "currentReplicas",
    "updatedReplicas",
    "availableReplicas",
    "observedGeneration",
    "collisionCount",
  ),
  bounded<StatefulSetStatus>(
    ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
    "replicas",
    "cannot be greater than status.replicas",
  ),
  bounded<StatefulSetStatus>(["availableReplicas"], "readyReplicas", "cannot be greater than status.readyReplicas"),
);

function defaultSpec(own: Spec, features: Features | undefined): void {
  own.podManagementPolicy ||= "OrderedReady";
  const update = (own.updateStrategy ??= {});
  if (!update.type) {
    update.type = "RollingUpdate";
    update.rollingUpdate ??= {};
  }
  if (update.type === "RollingUpdate" && update.rollingUpdate !== undefined) {
    update.rollingUpdate.partition ??= 0;
    if (features?.featureEnabled(unavailableGate) === true) update.rollingUpdate.maxUnavailable ??= 1;
  }
  const policy = (own.persistentVolumeClaimRetentionPolicy ??= {});
  policy.whenDeleted ||= "Retain";
  policy.whenScaled ||= "Retain";
  own.replicas ??= 1;
  own.revisionHistoryLimit ??= 10;
  defaultPodTemplate(own.template);
  for (const claim of own.volumeClaimTemplates ?? []) {
    claim.kind = "PersistentVolumeClaim";
    claim.apiVersion = "v1";
    claim.status ??= {};
    claim.status.phase ??= "Pending";
    if (claim.spec) defaultClaimSpec(claim.spec);
  }
}

type Features = Pick<RuleContext, "featureEnabled">;

const unavailableGate = "MaxUnavailableStatefulSet";

function dropMaxUnavailable({ updateStrategy: update }: Spec, { featureEnabled }: Features): void {
  if (featureEnabled(unavailableGate)) return;
  if (update?.rollingUpdate?.maxUnavailable === undefined) return;
  const { maxUnavailable: _, ...rest } = update.rollingUpdate;
  update.rollingUpdate = rest;
}

/** `at` as upstream writes it: on update the path has a capital S. */
const claimWarnings = ({ spec: own }: StatefulSet, specName: "spec" | "Spec"): string[] =>
  (own?.volumeClaimTemplates ?? []).flatMap(({ spec: claim }, index) =>
    (["requests", "limits"] as const).flatMap((list) => {
      const quantity = claim?.resources?.[list]?.["storage"];
      if (quantity === undefined || quantityMilliValue(quantity) % 1000 === 0) return [];
      const path = `spec.volumeClaimTemplates[${index}]${specName === "Spec" ? ".Spec" : ""}`;
      return [
        `${path}.resources.${list}[storage]: fractional byte value ${JSON.stringify(quantity)} is invalid, must be an integer`,
      ];
    }),
  );

export const statefulSetRules = defineRules<StatefulSet>({
  default: (set, features) => defaultSpec((set.spec ??= {} as Spec), features),
  validateName: labelName,
  generation: true,
  prepareCreate: ({ spec: own }, context) => {
    dropMaxUnavailable(own, context);
    dropDisabledFields(own.template?.spec, context);
  },
  prepareUpdate: ({ spec: own }, old, context) => {
    if (old.spec.updateStrategy?.rollingUpdate?.maxUnavailable === undefined) dropMaxUnavailable(own, context);
    if (own.template?.spec)
      own.template.spec = withoutDisabledFields(own.template.spec, old.spec.template?.spec, context);
  },
  validate: ({ spec: own }) => findings(own, spec({ isUpdate: false, skipsTemplate: false }), "spec"),
  validateOnUpdate: false,
  validateUpdate,
  status: {
    validateUpdate: (set, old) => {
      const found = findings(set.status, status, "status");
      collisionCount(set, old, found);
      return found;
    },
  },
  scale: replicaScale,
  warnings: (set, old) => [
    ...(old === undefined || specChanged(set, old) ? templateWarnings(set.spec?.template, "spec.template") : []),
    ...claimWarnings(set, old === undefined ? "spec" : "Spec"),
    ...((set.spec?.revisionHistoryLimit ?? 0) < 0
      ? ["spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"]
      : []),
  ],
});
