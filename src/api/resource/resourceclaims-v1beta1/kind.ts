// ResourceClaim: resource.k8s.io/v1beta1 resourceclaims.
import type { ResourceClaim as Stored } from "../../../../facts/types/resource.v1.ts";
import type { ResourceClaim } from "../../../../facts/types/resource.v1beta1.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { resourceClaims } from "../resourceclaims/kind.ts";

export const resourceClaimsV1beta1 = kindInVersion<Stored, ResourceClaim>(resourceClaims, "v1beta1");
