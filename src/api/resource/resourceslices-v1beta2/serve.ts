// How the API server serves ResourceSlice of v1beta2: by the rules of v1.
import type { ResourceSlice as Stored } from "../../../../facts/types/resource.v1.ts";
import type { ResourceSlice } from "../../../../facts/types/resource.v1beta2.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { resourceSliceRules } from "../resourceslices/serve.ts";

export const resourceSliceV1beta2Rules = rulesInVersion<Stored, ResourceSlice>(resourceSliceRules, {
  stored: "resource.k8s.io/v1",
  served: "resource.k8s.io/v1beta2",
});
