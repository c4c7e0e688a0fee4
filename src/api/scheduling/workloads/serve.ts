// How the API server serves Workload. Upstream: pkg/apis/scheduling/validation, pkg/registry/scheduling/workload.
import type {
  PodGroupTemplate,
  TypedLocalObjectReference,
  Workload,
} from "../../../../facts/types/scheduling.v1alpha2.ts";
import { field, pathSegmentName } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { type Check, child, findings, named, optional, required } from "../../lib/validate.ts";
import {
  dropDisabledGroupFields,
  judgeGrouped,
  keepsAll,
  keyedList,
  longName,
  schedulingPolicy,
  shortName,
} from "../../lib/workloads/pod-groups.ts";

const mostTemplates = 8;

const controller: Check<TypedLocalObjectReference> = ({ apiGroup, kind, name }, at, found) => {
  if (apiGroup) longName(apiGroup, child(at, "apiGroup"), found);
  required(named(pathSegmentName))(kind, child(at, "kind"), found);
  required(named(pathSegmentName))(name, child(at, "name"), found);
};

const template: Check<PodGroupTemplate> = (value, at, found) => {
  shortName(value.name, child(at, "name"), found);
  schedulingPolicy(value.schedulingPolicy, child(at, "schedulingPolicy"), found);
  judgeGrouped(value, at, found);
};

const templates: Check<readonly PodGroupTemplate[] | undefined | null> = (list, at, found) => {
  if (!list?.length) found.push(field.required(at));
  else keyedList<PodGroupTemplate>(mostTemplates, ({ name }) => name, template)(list, at, found);
};

export const workloadRules = defineRules<Workload>({
  default: (draft) => {
    draft.spec ??= {} as Workload["spec"];
  },
  prepareCreate: ({ spec }, { featureEnabled }) => {
    for (const draft of spec.podGroupTemplates ?? [])
      dropDisabledGroupFields(draft, { old: undefined, featureEnabled });
  },
  prepareUpdate: ({ spec }, old, { featureEnabled }) => {
    for (const [index, draft] of (spec.podGroupTemplates ?? []).entries())
      dropDisabledGroupFields(draft, { old: old.spec.podGroupTemplates?.[index], featureEnabled });
  },
  validate: ({ spec }) =>
    findings(
      spec,
      (value, at, found) => {
        optional(controller)(value.controllerRef, child(at, "controllerRef"), found);
        templates(value.podGroupTemplates, child(at, "podGroupTemplates"), found);
      },
      "spec",
    ),
  validateOnUpdate: false,
  validateUpdate: ({ spec }, old) =>
    findings(
      spec,
      (value, at, found) => keepsAll(value, old.spec, { at, names: ["controllerRef", "podGroupTemplates"], found }),
      "spec",
    ),
});
