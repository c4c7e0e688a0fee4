// How the API server serves FlowSchema.
import type { FlowSchema } from "../../../../facts/types/flowcontrol.v1.ts";
import { defineRules } from "../../kind.ts";

export const flowSchemaRules = defineRules<FlowSchema>({});
