// How the API server serves MutatingAdmissionPolicy of v1beta1. Upstream: pkg/registry/admissionregistration/mutatingadmissionpolicy.
import type { MutatingAdmissionPolicy as Stored } from "../../../../facts/types/admissionregistration.v1.ts";
import type { MutatingAdmissionPolicy } from "../../../../facts/types/admissionregistration.v1beta1.ts";
import { defineRules } from "../../kind.ts";
import { sameInVersion } from "../../lib/admission/definitions.ts";
import { loadExpressions } from "../../lib/admission/expressions.ts";
import { reservedName, reservedNameWarnings } from "../../lib/admission/names.ts";
import { defaultPolicySpec, judgeMutatingPolicy } from "../../lib/admission/policies.ts";

const toStored = (object: MutatingAdmissionPolicy): Stored =>
  sameInVersion<MutatingAdmissionPolicy, Stored>(object, "admissionregistration.k8s.io/v1");

export const mutatingAdmissionPolicyV1beta1Rules = defineRules<MutatingAdmissionPolicy>({
  ready: loadExpressions,
  default: (policy) => {
    policy.spec ??= {};
    defaultPolicySpec(toStored(policy).spec);
  },
  generation: true,
  metadataOnUpdate: "create",
  anyFinalizers: true,
  validate: (policy, context) => [...judgeMutatingPolicy(toStored(policy)), ...reservedName(policy, context)],
  validateOnUpdate: false,
  validateUpdate: (policy, old) => judgeMutatingPolicy(toStored(policy), toStored(old)),
  warnings: reservedNameWarnings,
  unconditionalUpdate: false,
  convert: {
    toStored,
    fromStored: (stored) =>
      sameInVersion<Stored, MutatingAdmissionPolicy>(stored as Stored, "admissionregistration.k8s.io/v1beta1"),
  },
});
