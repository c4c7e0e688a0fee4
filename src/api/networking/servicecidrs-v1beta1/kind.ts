// ServiceCIDR: networking.k8s.io/v1beta1 servicecidrs. The same as v1.
import type { ServiceCIDR as Stored } from "../../../../facts/types/networking.v1.ts";
import type { ServiceCIDR } from "../../../../facts/types/networking.v1beta1.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { serviceCIDRs } from "../servicecidrs/kind.ts";

export const serviceCIDRsV1beta1 = kindInVersion<Stored, ServiceCIDR>(serviceCIDRs, "v1beta1");
