// How the API server serves ServiceCIDR of v1beta1: by the rules of v1.
import type { ServiceCIDR as Stored } from "../../../../facts/types/networking.v1.ts";
import type { ServiceCIDR } from "../../../../facts/types/networking.v1beta1.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { serviceCIDRRules } from "../servicecidrs/serve.ts";

export const serviceCIDRV1beta1Rules = rulesInVersion<Stored, ServiceCIDR>(serviceCIDRRules, {
  stored: "networking.k8s.io/v1",
  served: "networking.k8s.io/v1beta1",
});
