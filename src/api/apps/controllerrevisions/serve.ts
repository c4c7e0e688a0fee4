// How the API server serves ControllerRevision.
import type { ControllerRevision } from "../../../../facts/types/apps.v1.ts";
import { defineRules } from "../../kind.ts";

export const controllerRevisionRules = defineRules<ControllerRevision>({});
