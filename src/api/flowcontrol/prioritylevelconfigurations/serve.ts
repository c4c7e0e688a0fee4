// How the API server serves PriorityLevelConfiguration.
import type { PriorityLevelConfiguration } from "../../../../facts/types/flowcontrol.v1.ts";
import { defineRules } from "../../kind.ts";

export const priorityLevelConfigurationRules = defineRules<PriorityLevelConfiguration>({});
