// How the API server serves ResourceClaimTemplate of v1beta1: by the rules of v1, on its form.
import { claimTemplateForms } from "../../lib/devices/beta-form.ts";
import { rulesThroughStored } from "../../lib/other-version.ts";
import { resourceClaimTemplateRules } from "../resourceclaimtemplates/serve.ts";

export const resourceClaimTemplateV1beta1Rules = rulesThroughStored(resourceClaimTemplateRules, claimTemplateForms);
