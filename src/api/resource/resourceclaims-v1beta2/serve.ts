// How the API server serves ResourceClaim of v1beta2: by the rules of v1.
import type { ResourceClaim as Stored } from "../../../../facts/types/resource.v1.ts";
import type { ResourceClaim } from "../../../../facts/types/resource.v1beta2.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { resourceClaimRules } from "../resourceclaims/serve.ts";

export const resourceClaimV1beta2Rules = rulesInVersion<Stored, ResourceClaim>(resourceClaimRules, {
  stored: "resource.k8s.io/v1",
  served: "resource.k8s.io/v1beta2",
});
