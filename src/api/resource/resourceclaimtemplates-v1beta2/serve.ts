// How the API server serves ResourceClaimTemplate of v1beta2: by the rules of v1.
import type { ResourceClaimTemplate as Stored } from "../../../../facts/types/resource.v1.ts";
import type { ResourceClaimTemplate } from "../../../../facts/types/resource.v1beta2.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { resourceClaimTemplateRules } from "../resourceclaimtemplates/serve.ts";

export const resourceClaimTemplateV1beta2Rules = rulesInVersion<Stored, ResourceClaimTemplate>(
  resourceClaimTemplateRules,
  {
    stored: "resource.k8s.io/v1",
    served: "resource.k8s.io/v1beta2",
  },
);
