// Deletes pods that do not tolerate a NoExecute taint of their node, when their time is up.
// Upstream: pkg/controller/tainteviction (KEP-3902).
import { type Node, nodes, type Pod, pods, type Taint } from "../../api/index.ts";
import { deepEqual, isConflict, isNotFound, type KubeObject, objectKey } from "../../machinery/index.ts";
import { type ControllerContext, disruptionTarget, newQueue, runLoop, watch } from "../lib/index.ts";
import { toleration } from "./decide.ts";

export async function runTaintEviction(context: ControllerContext): Promise<void> {
  const { clock } = context;
  const queue = newQueue(context, "noexec_taint_pod");
  const recorder = context.recorder("taint-eviction-controller");
  /** When pods are to go, on the monotonic clock: counted from when a pod was first seen beside a taint that it bears for a while. */
  const due = new Map<string, number>();
  const podInformer = context.informers.informer(pods);
  const nodeInformer = context.informers.informer(nodes);
  podInformer.addIndex("node", (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
  const noExecute = (nodeName: string): Taint[] =>
    (nodeInformer.get("", nodeName)?.spec?.taints ?? []).filter((taint) => taint.effect === "NoExecute");
  const enqueue = (pod: Pod): void => {
    if (pod.spec?.nodeName && (noExecute(pod.spec.nodeName).length > 0 || due.has(objectKey(pod))))
      queue.add(objectKey(pod));
  };
  const enqueueAll = (node: Node): void => {
    for (const pod of podInformer.byIndex("node", node.metadata.name)) queue.add(objectKey(pod));
  };
  // Last: what is in the caches already is told at once.
  watch(context, pods, {
    add: (pod) => enqueue(pod),
    update: (_, pod) => enqueue(pod),
    delete: (pod) => due.delete(objectKey(pod)),
  });
  watch(context, nodes, {
    add: (node) => enqueueAll(node),
    update: (before, node) => {
      if (!deepEqual(before.spec?.taints, node.spec?.taints)) enqueueAll(node);
    },
  });
  const tell = (pod: Pod, message: string): void =>
    recorder.event(nameOf(pod), { type: "Normal", reason: "TaintManagerEviction", message });
  const cancelled = (pod: Pod): void => {
    if (due.delete(objectKey(pod))) tell(pod, `Cancelling deletion of Pod ${objectKey(pod)}`);
  };

  await runLoop(context, {
    queue,
    informers: [podInformer, nodeInformer],
    workers: 8,
    reconcile: async (key) => {
      const pod = podInformer.byKey(key);
      if (pod?.spec?.nodeName === undefined || pod.metadata.deletionTimestamp !== undefined) {
        due.delete(key);
        return;
      }
      const nowMs = clock.monotonic();
      const toleratedMs = toleration(pod.spec.tolerations ?? [], noExecute(pod.spec.nodeName));
      if (toleratedMs === undefined) return cancelled(pod);
      if (toleratedMs === 0) cancelled(pod);
      else {
        // What was decided once stays, as upstream: other taints beside the first neither shorten nor lengthen the time.
        const dueMs = due.get(key) ?? nowMs + toleratedMs;
        due.set(key, dueMs);
        if (dueMs > nowMs) return dueMs - nowMs;
      }
      tell(pod, `Marking for deletion Pod ${key}`);
      await evict(context, pod);
      due.delete(key);
    },
  });
}

async function evict({ client, clock }: ControllerContext, pod: Pod): Promise<void> {
  const status = disruptionTarget(pod, {
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
    nowMs: clock.now(),
  });
  const { uid } = pod.metadata;
  try {
    const patch = { metadata: { uid }, status };
    await client.of(pods).patch(pod.metadata, patch, { type: "strategic", subresource: "status" });
    await client.of(pods).delete(pod.metadata, uid === undefined ? {} : { preconditions: { uid } });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** Upstream's events name the pod alone, without uid. */
const nameOf = ({ metadata: { namespace = "", name } }: Pod): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace, name } as KubeObject["metadata"],
});
