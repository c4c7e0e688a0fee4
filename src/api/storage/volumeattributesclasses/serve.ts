// How the API server serves VolumeAttributesClass.
import type { VolumeAttributesClass } from "../../../../facts/types/storage.v1.ts";
import { defineRules } from "../../kind.ts";

export const volumeAttributesClassRules = defineRules<VolumeAttributesClass>({});
