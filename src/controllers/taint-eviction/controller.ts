// Deletes pods that do not tolerate a NoExecute taint of their node, when their time is up.
// Upstream: pkg/controller/tainteviction (KEP-3902).
import { type Node, nodes, type Pod, pods, type Taint, type Toleration } from "../../api/index.ts";
import { formatTime, isConflict, isNotFound, objectKey, parseTime, splitKey } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";

export async function runTaintEviction(context: ControllerContext): Promise<void> {
  const { clock, client } = context;
  const queue = newQueue(context, "noexec_taint_pod");
  const recorder = context.recorder("taint-eviction-controller");
  /** When a pod was first seen beside the taints it has now: toleration counts from there. */
  const since = new Map<string, { taints: string; atMs: number }>();
  const podInformer = watch(context, pods, {
    add: (pod) => enqueue(pod),
    update: (_, pod) => enqueue(pod),
    delete: (pod) => since.delete(objectKey(pod)),
  });
  podInformer.addIndex("node", (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
  const nodeInformer = watch(context, nodes, {
    add: (node) => enqueueAll(node),
    update: (before, node) => {
      if (before.spec?.taints !== node.spec?.taints) enqueueAll(node);
    },
  });
  const noExecute = (nodeName: string): Taint[] =>
    (nodeInformer.get("", nodeName)?.spec?.taints ?? []).filter((taint) => taint.effect === "NoExecute");
  const enqueue = (pod: Pod): void => {
    if (pod.spec?.nodeName && (noExecute(pod.spec.nodeName).length > 0 || since.has(objectKey(pod))))
      queue.add(objectKey(pod));
  };
  const enqueueAll = (node: Node): void => {
    for (const pod of podInformer.byIndex("node", node.metadata.name)) queue.add(objectKey(pod));
  };
  const cancelled = (pod: Pod): void => {
    if (since.delete(objectKey(pod)))
      recorder.event(pod, {
        type: "Normal",
        reason: "TaintManagerEviction",
        message: `Cancelling deletion of Pod ${objectKey(pod)}`,
      });
  };

  await runLoop(context, {
    queue,
    informers: [podInformer, nodeInformer],
    workers: 8,
    reconcile: async (key) => {
      const pod = podInformer.byKey(key);
      if (pod?.spec?.nodeName === undefined || pod.metadata.deletionTimestamp !== undefined) {
        since.delete(key);
        return;
      }
      const taints = noExecute(pod.spec.nodeName);
      if (taints.length === 0) return cancelled(pod);
      const toleratedMs = toleration(pod.spec.tolerations ?? [], taints);
      if (toleratedMs === undefined) return cancelled(pod);
      const shown = taints.map((taint) => `${taint.key}=${taint.value ?? ""}`).join();
      const known = since.get(key);
      const start = known?.taints === shown ? known.atMs : firstSeen(taints, clock.now());
      since.set(key, { taints: shown, atMs: start });
      const waitMs = start + toleratedMs - clock.now();
      if (waitMs > 0) return waitMs;
      recorder.event(pod, {
        type: "Normal",
        reason: "TaintManagerEviction",
        message: `Marking for deletion Pod ${key}`,
      });
      await evict(pod);
    },
  });

  async function evict(pod: Pod): Promise<void> {
    const { namespace, name } = splitKey(objectKey(pod));
    const now = formatTime(clock.now());
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "DeletionByTaintManager",
      message: "Taint manager: deleting due to NoExecute taint",
      lastTransitionTime: now,
    };
    try {
      await client
        .of(pods)
        .patch(
          { namespace, name },
          { status: { conditions: [condition] } },
          { type: "strategic", subresource: "status" },
        );
      await client.of(pods).delete({ namespace, name }, { preconditions: { uid: pod.metadata.uid } });
      since.delete(objectKey(pod));
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}

/** From when tolerations count: the newest taint's time, or now for taints without one. */
const firstSeen = (taints: readonly Taint[], nowMs: number): number => {
  const times = taints.map((taint) => parseTime(taint.timeAdded)).filter((time) => !Number.isNaN(time));
  return times.length === taints.length ? Math.max(...times) : nowMs;
};

/** How long the pod may stay beside the taints: 0 when one is not tolerated, undefined when all are for ever. */
export function toleration(tolerations: readonly Toleration[], taints: readonly Taint[]): number | undefined {
  let shortestMs: number | undefined;
  for (const taint of taints) {
    const matching = tolerations.filter((each) => tolerates(each, taint));
    if (matching.length === 0) return 0;
    for (const { tolerationSeconds } of matching) {
      if (tolerationSeconds === undefined) continue;
      if (tolerationSeconds <= 0) return 0;
      shortestMs = Math.min(shortestMs ?? Number.POSITIVE_INFINITY, tolerationSeconds * 1000);
    }
  }
  return shortestMs;
}

const tolerates = (toleration: Toleration, taint: Taint): boolean =>
  (!toleration.effect || toleration.effect === taint.effect) &&
  (!toleration.key || toleration.key === taint.key) &&
  (toleration.operator === "Exists" ||
    ((toleration.operator ?? "Equal") === "Equal" && (toleration.value ?? "") === (taint.value ?? "")));
