// How the API server serves PodTemplate.
import type { PodTemplate } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const podTemplateRules = defineRules<PodTemplate>({});
