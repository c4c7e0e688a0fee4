// How the API server serves Namespace.
import type { Namespace } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const namespaceRules = defineRules<Namespace>({});
