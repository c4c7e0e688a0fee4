// How the API server serves RoleBinding.

import type { RoleBinding } from "../../../../facts/types/rbac.v1.ts";
import { pathSegmentName } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";

export const roleBindingRules = defineRules<RoleBinding>({ validateName: (name) => pathSegmentName(name) });
