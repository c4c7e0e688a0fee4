// How the API server serves Pod.
import type { Pod } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const podRules = defineRules<Pod>({});
