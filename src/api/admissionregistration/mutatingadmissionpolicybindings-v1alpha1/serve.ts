// How the API server serves MutatingAdmissionPolicyBinding of v1alpha1. Upstream: pkg/registry/admissionregistration/mutatingadmissionpolicybinding.
import type { MutatingAdmissionPolicyBinding as Stored } from "../../../../facts/types/admissionregistration.v1.ts";
import type { MutatingAdmissionPolicyBinding } from "../../../../facts/types/admissionregistration.v1alpha1.ts";
import type { FieldError } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { sameInVersion } from "../../lib/admission/definitions.ts";
import { defaultMatchResources } from "../../lib/admission/match-rules.ts";
import { reservedName, reservedNameWarnings } from "../../lib/admission/names.ts";
import { judgeBinding } from "../../lib/admission/policies.ts";

const toStored = (object: MutatingAdmissionPolicyBinding): Stored =>
  sameInVersion<MutatingAdmissionPolicyBinding, Stored>(object, "admissionregistration.k8s.io/v1");

const judge = (binding: MutatingAdmissionPolicyBinding): FieldError[] =>
  judgeBinding(toStored(binding).spec, { mutating: true });

export const mutatingAdmissionPolicyBindingV1alpha1Rules = defineRules<MutatingAdmissionPolicyBinding>({
  default: (binding) => {
    binding.spec ??= {} as MutatingAdmissionPolicyBinding["spec"];
    if (binding.spec.paramRef) binding.spec.paramRef.parameterNotFoundAction ??= "Deny";
    defaultMatchResources(toStored(binding).spec.matchResources);
  },
  generation: true,
  metadataOnUpdate: "create",
  anyFinalizers: true,
  validate: (binding, context) => [...judge(binding), ...reservedName(binding, context)],
  validateOnUpdate: false,
  validateUpdate: judge,
  warnings: reservedNameWarnings,
  unconditionalUpdate: false,
  convert: {
    toStored,
    fromStored: (stored) =>
      sameInVersion<Stored, MutatingAdmissionPolicyBinding>(stored as Stored, "admissionregistration.k8s.io/v1alpha1"),
  },
});
