// ResourceSlice: resource.k8s.io/v1beta1 resourceslices.
import type { ResourceSlice as Stored } from "../../../../facts/types/resource.v1.ts";
import type { ResourceSlice } from "../../../../facts/types/resource.v1beta1.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { resourceSlices } from "../resourceslices/kind.ts";

export const resourceSlicesV1beta1 = kindInVersion<Stored, ResourceSlice>(resourceSlices, "v1beta1");
