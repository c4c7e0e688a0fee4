// How the API server serves Role.

import type { Role } from "../../../../facts/types/rbac.v1.ts";
import { pathSegmentName } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";

export const roleRules = defineRules<Role>({ validateName: (name) => pathSegmentName(name) });
