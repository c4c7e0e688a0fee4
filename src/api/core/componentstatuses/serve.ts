// How the API server serves ComponentStatus: read only, so there are no rules.
import type { ComponentStatus } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const componentStatusRules = defineRules<ComponentStatus>({});
