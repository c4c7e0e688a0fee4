// DeviceClass: resource.k8s.io/v1beta1 deviceclasses. The same as v1.
import type { DeviceClass as Stored } from "../../../../facts/types/resource.v1.ts";
import type { DeviceClass } from "../../../../facts/types/resource.v1beta1.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { deviceClasses } from "../deviceclasses/kind.ts";

export const deviceClassesV1beta1 = kindInVersion<Stored, DeviceClass>(deviceClasses, "v1beta1");
