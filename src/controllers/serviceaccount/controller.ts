// Every live namespace has a ServiceAccount `default`. Upstream: pkg/controller/serviceaccount/serviceaccounts_controller.go.
import { namespaces, serviceAccounts } from "../../api/index.ts";
import { isAlreadyExists, isNotFound } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";

const accountName = "default";

export async function runServiceAccounts(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "serviceaccount");
  const live = watch(context, namespaces, {
    add: (namespace) => queue.add(namespace.metadata.name),
    update: (_, namespace) => queue.add(namespace.metadata.name),
  });
  const accounts = watch(context, serviceAccounts, {
    delete: (account) => queue.add(account.metadata.namespace ?? ""),
  });
  await runLoop(context, {
    queue,
    informers: [live, accounts],
    reconcile: async (name) => {
      if (live.get("", name)?.status?.phase !== "Active" || accounts.get(name, accountName) !== undefined) return;
      try {
        await context.client.of(serviceAccounts).create({
          apiVersion: "v1",
          kind: "ServiceAccount",
          metadata: { name: accountName, namespace: name },
        });
      } catch (error) {
        // Somebody else made it, or the namespace went in the meantime: both are what was wanted.
        if (!isAlreadyExists(error) && !isNotFound(error)) throw error;
      }
    },
  });
}
