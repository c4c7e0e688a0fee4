// How the API server serves DeviceClass of v1beta1: by the rules of v1.
import type { DeviceClass as Stored } from "../../../../facts/types/resource.v1.ts";
import type { DeviceClass } from "../../../../facts/types/resource.v1beta1.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { deviceClassRules } from "../deviceclasses/serve.ts";

export const deviceClassV1beta1Rules = rulesInVersion<Stored, DeviceClass>(deviceClassRules, {
  stored: "resource.k8s.io/v1",
  served: "resource.k8s.io/v1beta1",
});
