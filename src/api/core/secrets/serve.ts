// How the API server serves Secret.
import type { Secret } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const secretRules = defineRules<Secret>({});
