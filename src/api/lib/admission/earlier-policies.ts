// MutatingAdmissionPolicy in its versions before v1, which have the fields of v1: judged in the stored form.
// Upstream: pkg/registry/admissionregistration/mutatingadmissionpolicy.
import type { MutatingAdmissionPolicy as Stored } from "../../../../facts/types/admissionregistration.v1.ts";
import type { MutatingAdmissionPolicy as V1alpha1 } from "../../../../facts/types/admissionregistration.v1alpha1.ts";
import type { MutatingAdmissionPolicy as V1beta1 } from "../../../../facts/types/admissionregistration.v1beta1.ts";
import { defineRules, type ServeRules } from "../../kind.ts";
import { sameInVersion } from "./definitions.ts";
import { loadExpressions } from "./expressions.ts";
import { reservedName, reservedNameWarnings } from "./names.ts";
import { defaultPolicySpec, judgeMutatingPolicy } from "./policies.ts";

export function earlierMutatingPolicyRules<T extends V1alpha1 | V1beta1>(apiVersion: T["apiVersion"]): ServeRules<T> {
  const toStored = (object: T): Stored => sameInVersion<T, Stored>(object, "admissionregistration.k8s.io/v1");
  return defineRules<T>({
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
    convert: { toStored, fromStored: (stored) => sameInVersion<Stored, T>(stored as Stored, apiVersion) },
  });
}
