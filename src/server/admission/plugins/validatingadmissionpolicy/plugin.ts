// ValidatingAdmissionPolicy: policies in CEL that live in the cluster. What evaluates them is loaded with the first request that one is about.
import { validatingAdmissionPolicies, validatingAdmissionPolicyBindings } from "../../../../api/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { createPolicySource } from "../../policies/source.ts";

export function createValidatingAdmissionPolicy(host: AdmissionHost): AdmissionPlugin {
  const source = createPolicySource(host, {
    policies: validatingAdmissionPolicies,
    bindings: validatingAdmissionPolicyBindings,
  });
  return {
    name: "ValidatingAdmissionPolicy",
    handles: (attributes) => source.candidates(attributes).length > 0,
    async validate(attributes) {
      const { validateByPolicies } = await import("../../policies/validating.ts");
      await validateByPolicies(host, attributes, source.candidates(attributes));
    },
    close: source.close,
  };
}
