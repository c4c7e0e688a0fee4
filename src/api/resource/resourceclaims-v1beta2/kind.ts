// ResourceClaim: resource.k8s.io/v1beta2 resourceclaims. The same as v1.
import type { ResourceClaim as Stored } from "../../../../facts/types/resource.v1.ts";
import type { ResourceClaim } from "../../../../facts/types/resource.v1beta2.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { resourceClaims } from "../resourceclaims/kind.ts";

export const resourceClaimsV1beta2 = kindInVersion<Stored, ResourceClaim>(resourceClaims, "v1beta2");
