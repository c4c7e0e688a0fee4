// How the API server serves ServiceCIDR.
import type { ServiceCIDR } from "../../../../facts/types/networking.v1.ts";
import { defineRules } from "../../kind.ts";

export const serviceCIDRRules = defineRules<ServiceCIDR>({});
