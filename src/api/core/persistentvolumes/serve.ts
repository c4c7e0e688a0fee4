// How the API server serves PersistentVolume.
import type { PersistentVolume } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const persistentVolumeRules = defineRules<PersistentVolume>({});
