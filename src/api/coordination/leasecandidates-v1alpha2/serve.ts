// How the API server serves LeaseCandidate of v1alpha2: by the rules of v1beta1.
import type { LeaseCandidate } from "../../../../facts/types/coordination.v1alpha2.ts";
import type { LeaseCandidate as Stored } from "../../../../facts/types/coordination.v1beta1.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { leaseCandidateRules } from "../leasecandidates/serve.ts";

export const leaseCandidateV1alpha2Rules = rulesInVersion<Stored, LeaseCandidate>(leaseCandidateRules, {
  stored: "coordination.k8s.io/v1beta1",
  served: "coordination.k8s.io/v1alpha2",
});
