// VolumeAttributesClass: storage.k8s.io/v1beta1 volumeattributesclasses. The same as v1.
import type { VolumeAttributesClass as Stored } from "../../../../facts/types/storage.v1.ts";
import type { VolumeAttributesClass } from "../../../../facts/types/storage.v1beta1.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { volumeAttributesClasses } from "../volumeattributesclasses/kind.ts";

export const volumeAttributesClassesV1beta1 = kindInVersion<Stored, VolumeAttributesClass>(
  volumeAttributesClasses,
  "v1beta1",
);
