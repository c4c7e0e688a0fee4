// How the API server serves VolumeAttributesClass of v1beta1: by the rules of v1.
import type { VolumeAttributesClass as Stored } from "../../../../facts/types/storage.v1.ts";
import type { VolumeAttributesClass } from "../../../../facts/types/storage.v1beta1.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { volumeAttributesClassRules } from "../volumeattributesclasses/serve.ts";

export const volumeAttributesClassV1beta1Rules = rulesInVersion<Stored, VolumeAttributesClass>(
  volumeAttributesClassRules,
  {
    stored: "storage.k8s.io/v1",
    served: "storage.k8s.io/v1beta1",
  },
);
