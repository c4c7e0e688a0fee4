// How the API server serves ReplicationController.
import type { ReplicationController } from "../../../../facts/types/core.v1.ts";
import { dns1123Label, field, labelsMatcher } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { mapOrNull } from "../../lib/internal-form.ts";
import { subdomainName } from "../../lib/metadata.ts";
import { defaultPodTemplate } from "../../lib/pod-spec/defaults.ts";
import { dropDisabledFields, withoutDisabledFields } from "../../lib/pod-spec/disabled.ts";
import { podTemplate } from "../../lib/pod-spec/spec.ts";
import { podSpecWarnings } from "../../lib/pod-spec/warnings.ts";
import { type Check, child, findings, notNegative, oneOf } from "../../lib/validate.ts";

type Spec = NonNullable<ReplicationController["spec"]>;

const template =
  (selector: Readonly<Record<string, string>>): Check<Spec["template"]> =>
  (value, at, found) => {
    if (value === undefined) {
      found.push(field.required(at));
      return;
    }
    const labels = value.metadata?.labels;
    if (Object.entries(selector).some(([key, wanted]) => labels?.[key] !== wanted))
      found.push(
        field.invalid(
          child(at, "metadata.labels"),
          mapOrNull(value.metadata, "labels"),
          "`selector` does not match template `labels`",
        ),
      );
    podTemplate(value, at, found);
    oneOf("Always")(value.spec?.restartPolicy, child(at, "spec.restartPolicy"), found);
    if (value.spec?.activeDeadlineSeconds !== undefined)
      found.push(
        field.forbidden(
          child(at, "spec.activeDeadlineSeconds"),
          "activeDeadlineSeconds in ReplicationController is not Supported",
        ),
      );
  };

const spec: Check<Spec> = (value, at, found) => {
  const selector = value.selector ?? {};
  notNegative(value.minReadySeconds, child(at, "minReadySeconds"), found);
  if (Object.keys(selector).length === 0) found.push(field.required(child(at, "selector")));
  if (value.replicas === undefined) found.push(field.required(child(at, "replicas")));
  else notNegative(value.replicas, child(at, "replicas"), found);
  template(selector)(value.template, child(at, "template"), found);
};

const counts = [
  "replicas",
  "fullyLabeledReplicas",
  "readyReplicas",
  "availableReplicas",
  "observedGeneration",
] as const;

const status: Check<ReplicationController["status"]> = (value, at, found) => {
  for (const name of counts) notNegative(value?.[name], child(at, name), found);
  const total = value?.replicas ?? 0;
  for (const name of ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"] as const) {
    const count = value?.[name] ?? 0;
    if (count > total) found.push(field.invalid(child(at, name), count, "cannot be greater than status.replicas"));
  }
  const available = value?.availableReplicas ?? 0;
  if (available > (value?.readyReplicas ?? 0))
    found.push(field.invalid(child(at, "availableReplicas"), available, "cannot be greater than readyReplicas"));
};

const nameWarnings = ({ metadata }: ReplicationController): string[] => {
  const texts = dns1123Label(metadata.name);
  return texts.length === 0
    ? []
    : [
        `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${texts.join(" ")}]`,
      ];
};

export const replicationControllerRules = defineRules<ReplicationController>({
  default: (controller) => {
    const labels = controller.spec?.template?.metadata?.labels;
    const own = (controller.spec ??= {} as Spec);
    if (labels !== undefined) {
      if (Object.keys(own.selector ?? {}).length === 0) own.selector = { ...labels };
      if (Object.keys(controller.metadata.labels ?? {}).length === 0) controller.metadata.labels = { ...labels };
    }
    own.replicas ??= 1;
    defaultPodTemplate(own.template);
  },
  // Only the name that comes of generateName has to be right.
  validateName: (name, prefix) => (prefix ? [] : subdomainName(name, false)),
  generation: true,
  prepareCreate: ({ spec: own }, context) => dropDisabledFields(own?.template?.spec, context),
  prepareUpdate: ({ spec: own }, old, context) => {
    if (own?.template?.spec)
      own.template.spec = withoutDisabledFields(own.template.spec, old.spec?.template?.spec, context);
  },
  validate: ({ spec: own }) => findings(own as Spec, spec, "spec"),
  status: { validateUpdate: (controller) => findings(controller.status, status, "status") },
  scale: {
    read: ({ spec: own, status: observed }) => ({
      replicas: own?.replicas ?? 0,
      statusReplicas: observed?.replicas ?? 0,
      selector: labelsMatcher(own?.selector).toString(),
    }),
    write: (draft, replicas) => {
      draft.spec = { ...draft.spec, replicas } as Spec;
    },
  },
  defaultPropagation: "Orphan",
  warnings: (controller, old) => [
    ...(old === undefined ? nameWarnings(controller) : []),
    ...(controller.spec?.template?.spec
      ? podSpecWarnings({
          spec: controller.spec.template.spec,
          metadata: controller.spec.template.metadata,
          at: "spec.template",
        })
      : []),
  ],
});
