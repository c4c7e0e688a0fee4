// Clears away pods that nobody else will: of nodes that are gone, finished ones beyond a number, ending ones without a kubelet.
// Upstream: pkg/controller/podgc. Reads options["terminated-pod-gc-threshold"] (default 12500, 0 keeps all).
import { nodes, type Pod, pods } from "../../api/index.ts";
import { isAbort, sleep } from "../../base/index.ts";
import { isNotFound, objectKey } from "../../machinery/index.ts";
import { all, type ControllerContext, disruptionTarget, isDeleting, watch } from "../lib/index.ts";
import { isFinished, surplusTerminated, terminatingOutOfService, terminatingUnscheduled } from "./decide.ts";

const periodMs = 20_000;
/** A node that was not seen for this long is asked for, and its pods go when it is not there. */
const quarantineMs = 40_000;
const defaultThreshold = 12_500;

/** The pods of a large cluster are not gone over: what may have to go is known by index. */
const byState = "podGarbage";
const byNode = "node";
const stateOf = (pod: Pod): readonly string[] => [
  ...(isFinished(pod) ? ["finished"] : []),
  ...(isDeleting(pod) ? ["ending"] : []),
];

export async function runPodGarbageCollector(context: ControllerContext): Promise<void> {
  const { clock, signal, log } = context;
  const podInformer = watch(context, pods);
  podInformer.addIndex(byState, stateOf);
  podInformer.addIndex(byNode, (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
  const nodeInformer = watch(context, nodes);
  const threshold = (context.options["terminated-pod-gc-threshold"] as number | undefined) ?? defaultThreshold;
  const quarantine = new Map<string, number>();

  async function goneNodes(): Promise<ReadonlySet<string>> {
    const missing = new Set<string>();
    for (const name of podInformer.valuesOf(byNode)) if (nodeInformer.get("", name) === undefined) missing.add(name);
    const nowMs = clock.monotonic();
    for (const name of missing) if (!quarantine.has(name)) quarantine.set(name, nowMs + quarantineMs);
    const gone = new Set<string>();
    for (const [name, dueMs] of quarantine) {
      if (dueMs > nowMs) continue;
      quarantine.delete(name);
      if (!missing.has(name)) continue;
      try {
        await context.client.of(nodes).get({ name });
      } catch (error) {
        if (isNotFound(error)) gone.add(name);
        else log.warn("could not ask for a node that has pods, will ask again", { node: name, error });
      }
    }
    return gone;
  }

  async function clear(found: readonly Pod[], orphaned: "orphaned" | undefined): Promise<void> {
    await all(found, async (pod) => {
      try {
        await remove(context, pod, orphaned);
      } catch (error) {
        if (!isNotFound(error)) log.warn("could not clear away a pod, will try again", { pod: objectKey(pod), error });
      }
    });
  }

  try {
    await Promise.all([podInformer.whenSynced(signal), nodeInformer.whenSynced(signal)]);
    while (!signal.aborted) {
      const ending = podInformer.byIndex(byState, "ending");
      await clear(surplusTerminated(podInformer.byIndex(byState, "finished"), threshold), undefined);
      await clear(
        terminatingOutOfService(ending, (name) => nodeInformer.get("", name)),
        undefined,
      );
      for (const name of await goneNodes()) await clear(podInformer.byIndex(byNode, name), "orphaned");
      await clear(terminatingUnscheduled(ending), undefined);
      await sleep(clock, periodMs, signal);
    }
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}

/** A pod that still counts as alive is declared failed first: nobody else will say so, and Jobs wait for it. */
async function remove(context: ControllerContext, pod: Pod, orphaned: "orphaned" | undefined): Promise<void> {
  const client = context.client.of(pods);
  if (pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed") {
    const condition =
      orphaned === undefined
        ? {}
        : disruptionTarget(pod, {
            reason: "DeletionByPodGC",
            message: "PodGC: node no longer exists",
            nowMs: context.clock.now(),
          });
    const status = { phase: "Failed", observedGeneration: pod.metadata.generation, ...condition };
    const patch = { metadata: { uid: pod.metadata.uid }, status };
    await client.patch(pod.metadata, patch, { type: "strategic", subresource: "status" });
  }
  await client.delete(pod.metadata, { gracePeriodSeconds: 0 });
}
