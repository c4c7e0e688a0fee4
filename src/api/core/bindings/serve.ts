// How the API server serves Binding.
import type { Binding } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const bindingRules = defineRules<Binding>({});
