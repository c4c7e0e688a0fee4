// How the API server serves Deployment.
import type { Deployment } from "../../../../facts/types/apps.v1.ts";
import { defineRules } from "../../kind.ts";

export const deploymentRules = defineRules<Deployment>({});
