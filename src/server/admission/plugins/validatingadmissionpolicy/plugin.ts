// ValidatingAdmissionPolicy: policies in CEL that live in the cluster. What evaluates them is loaded with the first request that one is about.
import { validatingAdmissionPolicies, validatingAdmissionPolicyBindings } from "../../../../api/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { staticPolicies } from "../../manifests/policies.ts";
import { lifeOf } from "../../manifests/source.ts";
import { createPolicySource } from "../../policies/source.ts";

const name = "ValidatingAdmissionPolicy";
const kinds = { policies: validatingAdmissionPolicies, bindings: validatingAdmissionPolicyBindings };

export function createValidatingAdmissionPolicy(host: AdmissionHost): AdmissionPlugin {
  const manifests = staticPolicies(host, { plugin: name, ...kinds });
  const source = createPolicySource(host, kinds, manifests);
  return {
    name,
    handles: (attributes) => source.candidates(attributes).length > 0,
    async validate(attributes) {
      const { validateByPolicies } = await import("../../policies/validating.ts");
      await validateByPolicies(host, attributes, source.candidates(attributes));
    },
    ...lifeOf(source, manifests),
  };
}
