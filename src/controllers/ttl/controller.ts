// Writes on each node for how long its kubelet may keep Secrets and ConfigMaps. Upstream: pkg/controller/ttl.
import { nodes } from "../../api/index.ts";
import { isNotFound } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { nextStep, ttlSecondsOf } from "./decide.ts";

const annotation = "node.alpha.kubernetes.io/ttl";

export async function runTtl(context: ControllerContext): Promise<void> {
  const queue = newQueue(context, "ttlcontroller");
  let step = 0;
  let count = 0;
  const informer = context.informers.informer(nodes);
  const counted = (change: 1 | -1): void => {
    count += change;
    step = nextStep(step, count);
  };
  watch(context, nodes, {
    add: (node) => {
      counted(1);
      queue.add(node.metadata.name);
    },
    // Nodes report often: a new step reaches each of them with its next report.
    update: (_, node) => queue.add(node.metadata.name),
    delete: () => counted(-1),
  });
  await runLoop(context, {
    queue,
    informers: [informer],
    reconcile: async (name) => {
      const node = informer.get("", name);
      const wanted = String(ttlSecondsOf(step));
      if (node === undefined || node.metadata.annotations?.[annotation] === wanted) return;
      try {
        const patch = { metadata: { annotations: { [annotation]: wanted } } };
        await context.client.of(nodes).patch({ name }, patch, { type: "strategic" });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  });
}
