// How the API server serves DeviceTaintRule of v1alpha3: by the rules of v1beta2.
import type { DeviceTaintRule } from "../../../../facts/types/resource.v1alpha3.ts";
import type { DeviceTaintRule as Stored } from "../../../../facts/types/resource.v1beta2.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { deviceTaintRuleRules } from "../devicetaintrules/serve.ts";

export const deviceTaintRuleV1alpha3Rules = rulesInVersion<Stored, DeviceTaintRule>(deviceTaintRuleRules, {
  stored: "resource.k8s.io/v1beta2",
  served: "resource.k8s.io/v1alpha3",
});
