// How the API server serves Service.
import type { Service } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const serviceRules = defineRules<Service>({});
