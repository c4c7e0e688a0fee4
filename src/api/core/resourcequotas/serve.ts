// How the API server serves ResourceQuota.
import type { ResourceQuota } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const resourceQuotaRules = defineRules<ResourceQuota>({});
