// How the API server serves PersistentVolumeClaim.
import type { PersistentVolumeClaim } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const persistentVolumeClaimRules = defineRules<PersistentVolumeClaim>({});
