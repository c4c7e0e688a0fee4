// How the API server serves ServiceAccount.
import type { ServiceAccount } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const serviceAccountRules = defineRules<ServiceAccount>({});
