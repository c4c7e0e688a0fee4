// How the API server serves ValidatingAdmissionPolicyBinding. Upstream: pkg/registry/admissionregistration/validatingadmissionpolicybinding.
import type { ValidatingAdmissionPolicyBinding } from "../../../../facts/types/admissionregistration.v1.ts";
import type { FieldError } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { defaultMatchResources } from "../../lib/admission/match-rules.ts";
import { reservedName, reservedNameWarnings } from "../../lib/admission/names.ts";
import { judgeBinding, validationActions } from "../../lib/admission/policies.ts";
import { findings } from "../../lib/validate.ts";

const judge = ({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] => [
  ...judgeBinding(spec, { mutating: false }),
  ...findings(spec?.validationActions, validationActions, "spec.validationActions"),
];

export const validatingAdmissionPolicyBindingRules = defineRules<ValidatingAdmissionPolicyBinding>({
  default: (binding) => {
    binding.spec ??= {} as ValidatingAdmissionPolicyBinding["spec"];
    defaultMatchResources(binding.spec.matchResources);
  },
  generation: true,
  metadataOnUpdate: "create",
  anyFinalizers: true,
  validate: (binding, context) => [...judge(binding), ...reservedName(binding, context)],
  validateOnUpdate: false,
  validateUpdate: judge,
  warnings: reservedNameWarnings,
  unconditionalUpdate: false,
});
