// How the API server serves ClusterRoleBinding.
import type { ClusterRoleBinding } from "../../../../facts/types/rbac.v1.ts";
import { defineRules } from "../../kind.ts";

export const clusterRoleBindingRules = defineRules<ClusterRoleBinding>({});
