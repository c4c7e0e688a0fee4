// Keeps the rules of aggregated ClusterRoles (admin, edit, view and the users' own). Upstream: pkg/controller/clusterroleaggregation.
import { clusterRoles } from "../../api/index.ts";
import { deepEqual } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { aggregatedRules } from "./decide.ts";

const fieldManager = "clusterrole-aggregation-controller";

export async function runClusterRoleAggregation(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "ClusterRoleAggregator");
  // Any role may be part of any other, also by way of a third: every change asks all that aggregate.
  const wakeAll = (): void => {
    for (const role of roles.list()) if (role.aggregationRule !== undefined) queue.add(role.metadata.name);
  };
  const roles = context.informers.informer(clusterRoles);
  watch(context, clusterRoles, { add: wakeAll, update: wakeAll, delete: wakeAll });
  await runLoop(context, {
    queue,
    informers: [roles],
    reconcile: async (name) => {
      const role = roles.get("", name);
      if (role?.aggregationRule === undefined) return;
      const rules = aggregatedRules(role, roles.list());
      if (deepEqual(rules, role.rules ?? [])) return;
      const applied = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name }, rules };
      await context.client.of(clusterRoles).patch({ name }, applied, { type: "apply", force: true, fieldManager });
    },
  });
}
