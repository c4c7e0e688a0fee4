// How the API server serves CSIStorageCapacity.
import type { CSIStorageCapacity } from "../../../../facts/types/storage.v1.ts";
import { defineRules } from "../../kind.ts";

export const csiStorageCapacityRules = defineRules<CSIStorageCapacity>({});
