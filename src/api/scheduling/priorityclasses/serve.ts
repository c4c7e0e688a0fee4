// How the API server serves PriorityClass.
import type { PriorityClass } from "../../../../facts/types/scheduling.v1.ts";
import { defineRules } from "../../kind.ts";

export const priorityClassRules = defineRules<PriorityClass>({});
