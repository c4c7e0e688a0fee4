// How the API server serves MutatingAdmissionPolicyBinding. Upstream: pkg/registry/admissionregistration/mutatingadmissionpolicybinding.
import type { MutatingAdmissionPolicyBinding } from "../../../../facts/types/admissionregistration.v1.ts";
import type { FieldError } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { defaultMatchResources } from "../../lib/admission/match-rules.ts";
import { reservedName, reservedNameWarnings } from "../../lib/admission/names.ts";
import { judgeBinding } from "../../lib/admission/policies.ts";

const judge = ({ spec }: MutatingAdmissionPolicyBinding): FieldError[] => judgeBinding(spec, { mutating: true });

export const mutatingAdmissionPolicyBindingRules = defineRules<MutatingAdmissionPolicyBinding>({
  default: (binding) => {
    binding.spec ??= {} as MutatingAdmissionPolicyBinding["spec"];
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
