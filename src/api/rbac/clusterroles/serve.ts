// How the API server serves ClusterRole.

import type { ClusterRole } from "../../../../facts/types/rbac.v1.ts";
import { pathSegmentName } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";

export const clusterRoleRules = defineRules<ClusterRole>({ validateName: (name) => pathSegmentName(name) });
