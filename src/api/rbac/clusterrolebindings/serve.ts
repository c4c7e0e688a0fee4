// How the API server serves ClusterRoleBinding.

import type { ClusterRoleBinding } from "../../../../facts/types/rbac.v1.ts";
import { pathSegmentName } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";

export const clusterRoleBindingRules = defineRules<ClusterRoleBinding>({
  validateName: (name) => pathSegmentName(name),
});
