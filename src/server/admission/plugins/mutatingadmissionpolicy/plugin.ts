// MutatingAdmissionPolicy: policies in CEL that live in the cluster. What evaluates them is loaded with the first request that one is about.
import { mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings } from "../../../../api/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { staticPolicies } from "../../manifests/policies.ts";
import { lifeOf } from "../../manifests/source.ts";
import { createPolicySource } from "../../policies/source.ts";

const name = "MutatingAdmissionPolicy";
const kinds = { policies: mutatingAdmissionPolicies, bindings: mutatingAdmissionPolicyBindings };

export function createMutatingAdmissionPolicy(host: AdmissionHost): AdmissionPlugin {
  const manifests = staticPolicies(host, { plugin: name, ...kinds });
  const source = createPolicySource(host, kinds, manifests);
  return {
    name,
    handles: (attributes) => attributes.operation !== "DELETE" && source.candidates(attributes).length > 0,
    async admit(attributes) {
      const { mutateByPolicies } = await import("../../policies/mutating.ts");
      await mutateByPolicies(host, attributes, source.candidates(attributes));
    },
    ...lifeOf(source, manifests),
  };
}
