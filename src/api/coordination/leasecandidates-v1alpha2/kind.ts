// LeaseCandidate: coordination.k8s.io/v1alpha2 leasecandidates. The same as v1beta1.
import type { LeaseCandidate } from "../../../../facts/types/coordination.v1alpha2.ts";
import type { LeaseCandidate as Stored } from "../../../../facts/types/coordination.v1beta1.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { leaseCandidates } from "../leasecandidates/kind.ts";

export const leaseCandidatesV1alpha2 = kindInVersion<Stored, LeaseCandidate>(leaseCandidates, "v1alpha2");
