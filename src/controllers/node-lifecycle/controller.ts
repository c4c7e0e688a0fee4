// Watches nodes live: taints them by their conditions, declares those that fell silent unknown, and tells their pods.
// Upstream: pkg/controller/nodelifecycle. Taints that evict are added at `--node-eviction-rate` (0.1/s) a zone, halted when a whole zone
// is down, slowed when more than 55 % of a large one is.
import { type Lease, leases, type Node, nodes, type Pod, pods } from "../../api/index.ts";
import { formatTime, isConflict, isNotFound } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { readyStatus, sameTaints, unknownConditions, wantedTaints } from "./decide.ts";
import { createEvictionLimits, defaultEvictionSettings, type EvictionSettings } from "./zones.ts";

/** What `options["nodeLifecycle"]` may say. */
export interface NodeLifecycleSettings extends EvictionSettings {
  /** `--node-monitor-grace-period`: for so long a node may be silent. */
  readonly gracePeriodMs: number;
  /** `--node-startup-grace-period`: the same for one that has not told its state yet. */
  readonly startupGracePeriodMs: number;
}

const defaults: NodeLifecycleSettings = {
  ...defaultEvictionSettings,
  gracePeriodMs: 50_000,
  startupGracePeriodMs: 60_000,
};
const leaseNamespace = "kube-node-lease";

interface Sign {
  /** What was last seen of the node: a change is a sign of life. */
  readonly heartbeat: string;
  readonly lease: string;
  readonly atMs: number;
}

export async function runNodeLifecycle(context: ControllerContext): Promise<void> {
  const { clock } = context;
  const settings = { ...defaults, ...(context.options["nodeLifecycle"] as Partial<NodeLifecycleSettings> | undefined) };
  const { gracePeriodMs, startupGracePeriodMs } = settings;
  const queue = newQueue(context, "node_lifecycle_controller");
  const signs = new Map<string, Sign>();
  const recorder = context.recorder("node-controller");
  const limits = createEvictionLimits(clock, settings);
  const nodeInformer = watch(context, nodes, {
    add: (node, initial) => {
      limits.observe(node);
      if (!initial)
        recorder.event(nodeReference(node), {
          type: "Normal",
          reason: "RegisteredNode",
          message: `Node ${node.metadata.name} event: Registered Node ${node.metadata.name} in Controller`,
        });
      queue.add(node.metadata.name);
    },
    update: (_, node) => {
      limits.observe(node);
      queue.add(node.metadata.name);
    },
    delete: (node) => {
      signs.delete(node.metadata.name);
      limits.forget(node.metadata.name);
      recorder.event(nodeReference(node), {
        type: "Normal",
        reason: "RemovingNode",
        message: `Node ${node.metadata.name} event: Removing Node ${node.metadata.name} from Controller`,
      });
    },
  });
  const leaseInformer = context.informers.informer(leases, { namespace: leaseNamespace });
  const podInformer = watch(context, pods);
  podInformer.addIndex("node", (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));

  /** Milliseconds until the node's silence counts; 0 or less: it counts now. */
  function untilUnknown(node: Node): number {
    const ready = node.status?.conditions?.find((each) => each.type === "Ready");
    const lease: Lease | undefined = leaseInformer.get(leaseNamespace, node.metadata.name);
    const heartbeat = ready?.lastHeartbeatTime ?? "";
    const renewed = lease?.spec?.renewTime ?? "";
    const sign = signs.get(node.metadata.name);
    const now = clock.monotonic();
    if (sign === undefined || sign.heartbeat !== heartbeat || sign.lease !== renewed) {
      signs.set(node.metadata.name, { heartbeat, lease: renewed, atMs: now });
      return ready === undefined ? startupGracePeriodMs : gracePeriodMs;
    }
    return sign.atMs + (ready === undefined ? startupGracePeriodMs : gracePeriodMs) - now;
  }

  async function reconcile(name: string): Promise<number | undefined> {
    const node = nodeInformer.get("", name);
    if (node === undefined) return undefined;
    const remainingMs = untilUnknown(node);
    try {
      const told = remainingMs <= 0 ? await declareUnknown(node) : node;
      const ready = readyStatus(told);
      const mayEvict = ready === "True" || limits.mayTaint(told);
      await taint(told, mayEvict);
      if (ready !== "True") await tellPods(told);
      // Whether to evict is asked again soon; otherwise the next look is when silence would count.
      return mayEvict ? Math.max(remainingMs, 5000) : 1000;
    } catch (error) {
      if (isConflict(error) || isNotFound(error)) return 100; // the node changed meanwhile
      throw error;
    }
  }

  async function declareUnknown(node: Node): Promise<Node> {
    if (readyStatus(node) === "Unknown" && node.status?.conditions?.some((each) => each.type === "Ready")) return node;
    const conditions = unknownConditions(node, formatTime(clock.now()));
    recorder.event(nodeReference(node), {
      type: "Normal",
      reason: "NodeNotReady",
      message: `Node ${node.metadata.name} status is now: NodeNotReady`,
    });
    return context.client.of(nodes).updateStatus({ ...node, status: { ...node.status, conditions } });
  }

  async function taint(node: Node, evict: boolean): Promise<void> {
    const wanted = wantedTaints(node, evict, formatTime(clock.now()));
    const before = node.spec?.taints ?? [];
    if (sameTaints(before, wanted)) return;
    const guard = { resourceVersion: node.metadata.resourceVersion };
    await context.client
      .of(nodes)
      .patch(
        { name: node.metadata.name },
        { metadata: guard, spec: { taints: wanted.length > 0 ? wanted : null } },
        { type: "merge" },
      );
  }

  /** Pods of a node that is not ready are not ready either, whatever they last said. */
  async function tellPods(node: Node): Promise<void> {
    const ready = (pod: Pod): boolean =>
      pod.status?.conditions?.some((each) => each.type === "Ready" && each.status === "True") ?? false;
    for (const pod of podInformer.byIndex("node", node.metadata.name)) {
      if (!ready(pod)) continue;
      const now = formatTime(clock.now());
      const conditions = pod.status?.conditions?.map((each) =>
        each.type === "Ready" ? { ...each, status: "False", lastTransitionTime: now } : each,
      );
      try {
        await context.client
          .of(pods)
          .updateStatus({ ...pod, status: { ...pod.status, ...(conditions ? { conditions } : {}) } });
        recorder.event(pod, { type: "Warning", reason: "NodeNotReady", message: "Node is not ready" });
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
      }
    }
  }

  await runLoop(context, {
    queue,
    informers: [nodeInformer, leaseInformer, podInformer],
    workers: 8,
    reconcile: async (name) => (await reconcile(name)) as number,
  });
}

/** Events about nodes name them as uid too: that is how upstream's are found by `kubectl describe node`. */
const nodeReference = (node: Node): Node => ({ ...node, apiVersion: "v1", kind: "Node" });
