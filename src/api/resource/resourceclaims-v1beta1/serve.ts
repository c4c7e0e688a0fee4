// How the API server serves ResourceClaim of v1beta1: by the rules of v1, on its form.
import { claimForms } from "../../lib/devices/beta-form.ts";
import { rulesThroughStored } from "../../lib/other-version.ts";
import { resourceClaimRules } from "../resourceclaims/serve.ts";

export const resourceClaimV1beta1Rules = rulesThroughStored(resourceClaimRules, claimForms);
