// Registers the node, keeps its status and its lease. Upstream: kubelet_node_status.go, component-helpers/apimachinery/lease.

import { type Lease, leases, type Node, type NodeStatus, nodes } from "../../api/index.ts";
import { childController, errorText, isAbort, pause, quiet, sleep, together } from "../../base/index.ts";
import { formatMicroTime, isAlreadyExists, isConflict, isNotFound, StatusError } from "../../machinery/index.ts";
import type { Image, RuntimeInfo } from "../../runtime/index.ts";
import type { KubeletContext } from "../context.ts";
import type { MachineInfo } from "../host.ts";
import { conditionEvents, foreignOf, nodeLabels, nodeStatus, nodeStatusChanged, type Pressure } from "./status.ts";

export interface NodeManager {
  /** Reads machine and runtime and creates the node object, or takes over the one that is there. Tries until it works. */
  register(signal: AbortSignal): Promise<Node>;
  /** Status and lease, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Something that the status tells has changed. */
  poke(): void;
  node(): Node | undefined;
  observe(node: Node): void;
}

export interface NodeManagerOptions {
  readonly pressure: () => Pressure;
  readonly extended: () => Readonly<Record<string, string>>;
}

interface Known {
  machine: MachineInfo | undefined;
  node: Node | undefined;
  runtime: RuntimeInfo | undefined;
  runtimeError: string | undefined;
  reportedMs: number;
  wake: (() => void) | undefined;
}

export function createNodeManager(context: KubeletContext, options: NodeManagerOptions): NodeManager {
  const known: Known = {
    machine: undefined,
    node: undefined,
    runtime: undefined,
    runtimeError: undefined,
    reportedMs: Number.NEGATIVE_INFINITY,
    wake: undefined,
  };
  return {
    async register(signal) {
      for (let failures = 0; ; failures++) {
        try {
          const status = await currentStatus(context, options, known);
          known.node = context.config.registerNode
            ? await createOrAdopt(context, known.machine!, status)
            : await context.client.of(nodes).get({ name: context.nodeName });
          known.reportedMs = context.clock.monotonic();
          return known.node;
        } catch (error) {
          if (isAbort(error, signal)) throw error;
          // Upstream's client waits ten times without a word when it is told to come later.
          const busy = error instanceof StatusError && error.code === 429 && failures < 10;
          context.log[busy ? "debug" : "warn"]("the node is not registered yet", { node: context.nodeName, error });
          await sleep(context.clock, Math.min(7000, 100 * 2 ** Math.min(failures, 7)), signal);
        }
      }
    },
    async run(signal) {
      await Promise.all([reportLoop(context, options, { known, signal }), leaseLoop(context, known, signal)]);
    },
    poke: () => known.wake?.(),
    node: () => known.node,
    observe(node) {
      if (
        known.node === undefined ||
        Number(node.metadata.resourceVersion) >= Number(known.node.metadata.resourceVersion)
      )
        known.node = node;
    },
  };
}

async function currentStatus(context: KubeletContext, options: NodeManagerOptions, known: Known): Promise<NodeStatus> {
  const { host, runtime, config, state } = context;
  known.machine = await host.machine();
  state.memoryCapacityBytes = known.machine.memoryBytes;
  state.hostIps = config.nodeIps.length > 0 ? config.nodeIps : known.machine.addresses;
  let images: readonly Image[] = [];
  try {
    known.runtime = await runtime.info();
    known.runtimeError = undefined;
    images = await runtime.listImages();
  } catch (error) {
    known.runtimeError = `container runtime is down: ${errorText(error)}`;
  }
  if (known.runtime !== undefined) {
    state.runtimeName = known.runtime.name;
    state.recursiveReadOnlySupported = known.runtime.handlers.some(
      (each) => each.name === "" && each.recursiveReadOnlyMounts,
    );
    state.cgroupDriver = known.runtime.cgroupDriver ?? config.cgroupDriver;
    const network = known.runtime.problems.find((each) => each.condition === "NetworkReady");
    state.networkProblem =
      network === undefined
        ? undefined
        : `container runtime network not ready: NetworkReady=false reason:${network.reason} message:${network.message}`;
  }
  return nodeStatus({
    ...{
      config,
      machine: known.machine,
      runtime: known.runtime,
      runtimeError: known.runtimeError,
      images,
      hostIps: state.hostIps,
    },
    filesystem: await host.filesystem(config.rootDirectory),
    pressure: options.pressure(),
    nowMs: context.clock.now(),
    old: known.node?.status,
    extended: options.extended(),
  });
}

async function createOrAdopt(context: KubeletContext, machine: MachineInfo, status: NodeStatus): Promise<Node> {
  const { config, nodeName } = context;
  const client = context.client.of(nodes);
  const labels = nodeLabels(machine, config);
  try {
    const created = await client.create({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: nodeName,
        labels,
        annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
      },
      spec: {
        ...(config.providerId === undefined ? {} : { providerID: config.providerId }),
        ...(config.registerWithTaints.length > 0 ? { taints: [...config.registerWithTaints] } : {}),
      },
      status,
    } as Parameters<typeof client.create>[0]);
    return created.status?.conditions === undefined ? await writeStatus(context, created, status) : created;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  let node = await client.get({ name: nodeName });
  const wrong = Object.entries(labels).filter(([key, value]) => node.metadata.labels?.[key] !== value);
  if (wrong.length > 0)
    node = await client.patch(
      { name: nodeName },
      { metadata: { labels: Object.fromEntries(wrong) } },
      { type: "strategic" },
    );
  return writeStatus(context, node, withoutForeign(node, status));
}

/** A kubelet that starts does not know what extended resources there are: none, until somebody says so again. */
function withoutForeign(node: Node, status: NodeStatus): NodeStatus {
  const none = Object.fromEntries(Object.keys(foreignOf(node.status?.capacity)).map((name) => [name, "0"]));
  return { ...status, capacity: { ...none, ...status.capacity }, allocatable: { ...none, ...status.allocatable } };
}

async function writeStatus(context: KubeletContext, node: Node, status: NodeStatus): Promise<Node> {
  const before = (node.status ?? {}) as Record<string, unknown>;
  const patch: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(status)) {
    if (name === "conditions") patch[name] = value;
    else if (name === "addresses") patch[name] = [...(value as object[]), { $patch: "replace" }];
    else if (JSON.stringify(before[name]) !== JSON.stringify(value)) patch[name] = withNulls(before[name], value);
  }
  return context.client
    .of(nodes)
    .patch({ name: node.metadata.name }, { status: patch }, { type: "strategic", subresource: "status" });
}

/** A merge patch keeps keys it does not name: those that are gone are named. */
function withNulls(before: unknown, after: unknown): unknown {
  if (typeof before !== "object" || before === null || Array.isArray(before) || Array.isArray(after)) return after;
  const gone = Object.keys(before).filter((key) => !(key in (after as object)));
  return { ...Object.fromEntries(gone.map((key) => [key, null])), ...(after as object) };
}

async function reportLoop(
  context: KubeletContext,
  options: NodeManagerOptions,
  { known, signal }: { known: Known; signal: AbortSignal },
): Promise<void> {
  const { clock, config, log } = context;
  const hurryUntilMs = clock.monotonic() + readyGraceMs;
  while (!signal.aborted) {
    try {
      const status = await currentStatus(context, options, known);
      const dueMs = known.reportedMs + config.nodeStatusReportFrequencySeconds * 1000;
      if (known.node !== undefined && (clock.monotonic() >= dueMs || nodeStatusChanged(known.node.status, status)))
        await report(context, known, status);
    } catch (error) {
      if (isAbort(error, signal)) return;
      if (isNotFound(error) && config.registerNode) await registerAgain(context, options, known);
      else log.warn("node status is not written", { node: context.nodeName, error });
    }
    const waiting = childController(signal);
    known.wake = () => waiting.abort();
    await untilNextLook(context, { hurryUntilMs, signal: waiting.signal });
    known.wake = undefined;
    waiting.detach();
  }
}

/** The node object was deleted. */
async function registerAgain(context: KubeletContext, options: NodeManagerOptions, known: Known): Promise<void> {
  try {
    const status = await currentStatus(context, options, known);
    known.node = await createOrAdopt(context, known.machine!, status);
  } catch (error) {
    context.log.warn("the deleted node is not registered again", { node: context.nodeName, error });
  }
}

/** How long after its start a kubelet looks for its network at short intervals. Upstream: kubelet.fastStatusUpdateOnce. */
const readyGraceMs = 120_000;
const hurryMs = 100;

/** The usual time; shorter when the network, which keeps a new node from being ready, has come up. */
async function untilNextLook(
  context: KubeletContext,
  { hurryUntilMs, signal }: { hurryUntilMs: number; signal: AbortSignal },
): Promise<void> {
  const { clock, config, runtime, state } = context;
  const endMs = clock.monotonic() + together(clock, config.nodeStatusUpdateFrequencySeconds * 1000);
  // A runtime that does not answer is told by the next look, at its time.
  const networkIsUp = (): Promise<boolean> =>
    runtime.info().then(
      ({ problems }) => !problems.some((each) => each.condition === "NetworkReady"),
      () => false,
    );
  try {
    while (state.networkProblem !== undefined && clock.monotonic() < Math.min(endMs, hurryUntilMs)) {
      await sleep(clock, hurryMs, signal);
      if (await networkIsUp()) return;
    }
    await sleep(clock, Math.max(0, endMs - clock.monotonic()), signal);
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  }
}

async function report(context: KubeletContext, known: Known, status: NodeStatus): Promise<void> {
  const before = known.node!;
  known.node = await writeStatus(context, before, status);
  known.reportedMs = context.clock.monotonic();
  for (const condition of status.conditions ?? []) {
    const old = before.status?.conditions?.find((each) => each.type === condition.type);
    const names = conditionEvents[condition.type];
    if (old === undefined || old.status === condition.status || names === undefined) continue;
    const reason = condition.status === "True" ? names[0] : names[1];
    context.events.event(nodeReference(context), {
      type: "Normal",
      reason,
      message: `Node ${context.nodeName} status is now: ${reason}`,
    });
  }
}

/** Events about nodes carry the name as uid, as upstream's do. */
export const nodeReference = (context: KubeletContext): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: context.nodeName, uid: context.nodeName, resourceVersion: "", creationTimestamp: "" },
  spec: {},
});

const longestStartMs = 250;

async function leaseLoop(context: KubeletContext, known: Known, signal: AbortSignal): Promise<void> {
  const { clock, config, log, nodeName } = context;
  const periodMs = config.nodeLeaseDurationSeconds * 250;
  const client = context.client.of(leases);
  let lease: Lease | undefined;
  // The status that was just written says the same: what else there is to do at a start goes first.
  await quiet(clock, longestStartMs, signal).catch(() => undefined);
  while (!signal.aborted) {
    try {
      lease = await renewed(lease);
    } catch (error) {
      if (isAbort(error, signal)) return;
      lease = undefined;
      log.warn("the node's lease is not renewed", { node: nodeName, error });
    }
    await pause(clock, together(clock, periodMs * (1 + 0.04 * context.rng.next())), signal);
  }

  /** A lease that somebody else wrote or deleted is read again at once: the next turn may be too late for the node. */
  async function renewed(before: Lease | undefined): Promise<Lease> {
    try {
      return await renew(before);
    } catch (error) {
      if (before === undefined || !(isConflict(error) || isNotFound(error))) throw error;
      return renew(undefined);
    }
  }

  async function renew(before: Lease | undefined): Promise<Lease> {
    const renewTime = formatMicroTime(clock.now());
    const name = { namespace: "kube-node-lease", name: nodeName };
    const current = before ?? (await client.find(name));
    if (current !== undefined)
      return client.update({
        ...current,
        spec: {
          ...current.spec,
          holderIdentity: nodeName,
          leaseDurationSeconds: config.nodeLeaseDurationSeconds,
          renewTime,
        },
      });
    const uid = known.node?.metadata.uid;
    return client.create({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        ...name,
        ...(uid === undefined ? {} : { ownerReferences: [{ apiVersion: "v1", kind: "Node", name: nodeName, uid }] }),
      },
      spec: { holderIdentity: nodeName, leaseDurationSeconds: config.nodeLeaseDurationSeconds, renewTime },
    });
  }
}
