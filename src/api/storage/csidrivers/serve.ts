// How the API server serves CSIDriver.
import type { CSIDriver } from "../../../../facts/types/storage.v1.ts";
import { defineRules } from "../../kind.ts";

export const csiDriverRules = defineRules<CSIDriver>({});
