// MutatingAdmissionPolicy: policies in CEL that live in the cluster. What evaluates them is loaded with the first request that one is about.
import { mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings } from "../../../../api/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { createPolicySource } from "../../policies/source.ts";

export function createMutatingAdmissionPolicy(host: AdmissionHost): AdmissionPlugin {
  const source = createPolicySource(host, {
    policies: mutatingAdmissionPolicies,
    bindings: mutatingAdmissionPolicyBindings,
  });
  return {
    name: "MutatingAdmissionPolicy",
    handles: (attributes) => attributes.operation !== "DELETE" && source.candidates(attributes).length > 0,
    async admit(attributes) {
      const { mutateByPolicies } = await import("../../policies/mutating.ts");
      await mutateByPolicies(host, attributes, source.candidates(attributes));
    },
    close: source.close,
  };
}
