// ResourceSlice: resource.k8s.io/v1beta2 resourceslices. The same as v1.
import type { ResourceSlice as Stored } from "../../../../facts/types/resource.v1.ts";
import type { ResourceSlice } from "../../../../facts/types/resource.v1beta2.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { resourceSlices } from "../resourceslices/kind.ts";

export const resourceSlicesV1beta2 = kindInVersion<Stored, ResourceSlice>(resourceSlices, "v1beta2");
