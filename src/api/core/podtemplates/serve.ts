// How the API server serves PodTemplate.
import type { PodTemplate } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";
import { defaultPodTemplate } from "../../lib/pod-spec/defaults.ts";
import { dropDisabledFields, withoutDisabledFields } from "../../lib/pod-spec/disabled.ts";
import { podTemplate } from "../../lib/pod-spec/spec.ts";
import { podSpecWarnings } from "../../lib/pod-spec/warnings.ts";
import { findings } from "../../lib/validate.ts";

export const podTemplateRules = defineRules<PodTemplate>({
  default: ({ template }) => defaultPodTemplate(template),
  generation: ({ template }) => template,
  prepareCreate: ({ template }, context) => dropDisabledFields(template?.spec, context),
  prepareUpdate: ({ template }, old, context) => {
    if (template?.spec) template.spec = withoutDisabledFields(template.spec, old.template?.spec, context);
  },
  validate: ({ template }) => findings(template, podTemplate, "template"),
  warnings: ({ template }) =>
    template?.spec ? podSpecWarnings({ spec: template.spec, metadata: template.metadata, at: "template" }) : [],
});
