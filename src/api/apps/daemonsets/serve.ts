// How the API server serves DaemonSet. Upstream: pkg/apis/apps/v1/{defaults,conversion}.go, pkg/registry/apps/daemonset.
import type { DaemonSet, DaemonSetStatus } from "../../../../facts/types/apps.v1.ts";
import { field, identical } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { defaultPodTemplate } from "../../lib/pod-spec/defaults.ts";
import { dropDisabledFields, withoutDisabledFields } from "../../lib/pod-spec/disabled.ts";
import { podTemplate } from "../../lib/pod-spec/spec.ts";
import { labelSelector } from "../../lib/selector-rules.ts";
import { type Check, child, findings, notNegative, optional } from "../../lib/validate.ts";
import {
  atMostAll,
  collisionCount,
  counters,
  endlessPods,
  immutableSelector,
  intOrPercent,
  intOrPercentValue,
  isEmptySelector,
  matcherOfSelector,
  matchingLabels,
  templateWarnings,
} from "../../lib/workloads/workload.ts";

type Spec = DaemonSet["spec"];

/** Counts the templates; all that is left of a field of the old API versions. */
const templateGeneration = "deprecated.daemonset.template.generation";

const generationOf = ({ metadata }: DaemonSet): number => Number(metadata.annotations?.[templateGeneration] ?? 0);

const setGeneration = (set: DaemonSet, generation: number): void => {
  set.metadata.annotations = { ...set.metadata.annotations, [templateGeneration]: String(generation) };
};

const rollingUpdate: Check<NonNullable<NonNullable<Spec["updateStrategy"]>["rollingUpdate"]>> = (value, at, found) => {
  const { maxUnavailable, maxSurge } = value;
  for (const check of [intOrPercent, atMostAll]) {
    check(maxUnavailable, child(at, "maxUnavailable"), found);
    check(maxSurge, child(at, "maxSurge"), found);
  }
  const [unavailable, surge] = [intOrPercentValue(maxUnavailable) !== 0, intOrPercentValue(maxSurge) !== 0];
  if (unavailable && surge)
    found.push(field.invalid(child(at, "maxSurge"), maxSurge, "may not be set when maxUnavailable is non-zero"));
  if (!unavailable && !surge) found.push(field.required(child(at, "maxUnavailable"), "cannot be 0 when maxSurge is 0"));
};

const updateStrategy: Check<Spec["updateStrategy"]> = (value, at, found) => {
  if (value?.type === "OnDelete") return;
  if (value?.type !== "RollingUpdate")
    found.push(
      field.notSupported(at, { Type: value?.type ?? "", RollingUpdate: value?.rollingUpdate ?? null }, [
        "RollingUpdate",
        "OnDelete",
      ]),
    );
  else if (value.rollingUpdate === undefined) found.push(field.required(child(at, "rollingUpdate")));
  else rollingUpdate(value.rollingUpdate, child(at, "rollingUpdate"), found);
};

const spec: Check<Spec> = (value, at, found) => {
  const { selector, template } = value;
  const path = child(at, "template");
  labelSelector(selector, child(at, "selector"), found);
  const matcher = matcherOfSelector(selector);
  if (matcher !== undefined) matchingLabels(matcher, template, path, found);
  if (selector && isEmptySelector(selector))
    found.push(field.invalid(child(at, "selector"), selector, "empty selector is invalid for daemonset"));
  podTemplate(template, path, found);
  endlessPods("DaemonSet")(template, path, found);
  notNegative(value.minReadySeconds, child(at, "minReadySeconds"), found);
  updateStrategy(value.updateStrategy, child(at, "updateStrategy"), found);
  optional(notNegative)(value.revisionHistoryLimit, child(at, "revisionHistoryLimit"), found);
};

const status = counters<DaemonSetStatus>(
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "collisionCount",
);

const templateChanged = (set: DaemonSet, old: DaemonSet): boolean => !identical(set.spec?.template, old.spec?.template);

export const daemonSetRules = defineRules<DaemonSet>({
  default: (set) => {
    const own = (set.spec ??= {} as Spec);
    const update = (own.updateStrategy ??= {});
    update.type ||= "RollingUpdate";
    if (update.type === "RollingUpdate") {
      update.rollingUpdate ??= {};
      update.rollingUpdate.maxUnavailable ??= 1;
      update.rollingUpdate.maxSurge ??= 0;
    } else if (update.rollingUpdate !== undefined) {
      // No pointers behind the versions: what is left out becomes zero.
      update.rollingUpdate.maxUnavailable ??= 0;
      update.rollingUpdate.maxSurge ??= 0;
    }
    own.revisionHistoryLimit ??= 10;
    defaultPodTemplate(own.template);
    if (set.metadata.annotations?.[templateGeneration] === undefined) setGeneration(set, 0);
  },
  generation: true,
  prepareCreate: (set, context) => {
    if (generationOf(set) < 1) setGeneration(set, 1);
    dropDisabledFields(set.spec.template?.spec, context);
  },
  prepareUpdate: (set, old, context) => {
    const { template } = set.spec;
    if (template?.spec) template.spec = withoutDisabledFields(template.spec, old.spec.template?.spec, context);
    setGeneration(set, generationOf(old) + (templateChanged(set, old) ? 1 : 0));
  },
  validate: ({ spec: own }) => findings(own, spec, "spec"),
  validateUpdate: ({ spec: own }, old) => findings(own.selector, immutableSelector(old.spec.selector), "spec.selector"),
  status: {
    prepareUpdate: (set, old) => setGeneration(set, generationOf(old)),
    validateUpdate: (set, old) => {
      const found = findings(set.status, status, "status");
      collisionCount(set, old, found);
      return found;
    },
  },
  warnings: (set, old) =>
    old === undefined || templateChanged(set, old) ? templateWarnings(set.spec?.template, "spec.template") : [],
});
