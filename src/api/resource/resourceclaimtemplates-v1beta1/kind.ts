// ResourceClaimTemplate: resource.k8s.io/v1beta1 resourceclaimtemplates.
import type { ResourceClaimTemplate as Stored } from "../../../../facts/types/resource.v1.ts";
import type { ResourceClaimTemplate } from "../../../../facts/types/resource.v1beta1.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { resourceClaimTemplates } from "../resourceclaimtemplates/kind.ts";

export const resourceClaimTemplatesV1beta1 = kindInVersion<Stored, ResourceClaimTemplate>(
  resourceClaimTemplates,
  "v1beta1",
);
