// DeviceClass: resource.k8s.io/v1beta2 deviceclasses. The same as v1.
import type { DeviceClass as Stored } from "../../../../facts/types/resource.v1.ts";
import type { DeviceClass } from "../../../../facts/types/resource.v1beta2.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { deviceClasses } from "../deviceclasses/kind.ts";

export const deviceClassesV1beta2 = kindInVersion<Stored, DeviceClass>(deviceClasses, "v1beta2");
