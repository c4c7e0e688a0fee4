// How the API server serves Endpoints.
import type { Endpoints } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const endpointsRules = defineRules<Endpoints>({});
