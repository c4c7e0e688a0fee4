// DeviceTaintRule: resource.k8s.io/v1alpha3 devicetaintrules. The same as v1beta2.
import type { DeviceTaintRule } from "../../../../facts/types/resource.v1alpha3.ts";
import type { DeviceTaintRule as Stored } from "../../../../facts/types/resource.v1beta2.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { deviceTaintRules } from "../devicetaintrules/kind.ts";

export const deviceTaintRulesV1alpha3 = kindInVersion<Stored, DeviceTaintRule>(deviceTaintRules, "v1alpha3");
