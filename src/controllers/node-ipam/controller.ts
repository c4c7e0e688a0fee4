// Gives each node its range of pod addresses. Upstream: pkg/controller/nodeipam (`--allocate-node-cidrs`, RangeAllocator).
// Reads options.clusterCidr (one range, or two of both families with a comma; without it the controller has nothing to do),
// options.serviceCidr (left out of it, likewise), options.nodeCidrMaskSizeIpv4 (24) and options.nodeCidrMaskSizeIpv6 (64).
import { type Node, nodes } from "../../api/index.ts";
import { hasReason, isNotFound } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { type BlockSet, createBlockSet, overlaps, parseRange } from "./blocks.ts";

export async function runNodeIpam(context: ControllerContext): Promise<void> {
  const { clusterCidr } = context.options;
  if (typeof clusterCidr !== "string" || clusterCidr === "") return;
  const sets = createSets(context, clusterCidr);
  const recorder = context.recorder("cidrAllocator");
  const queue = newQueue(context, "cidrallocator_node");
  /** What nodes were given and the informer has not shown yet, by uid: a node that looks empty until then gets no second one. */
  const given = new Map<string, readonly string[]>();
  const release = (podCIDRs: readonly string[]): void => {
    for (const [index, cidr] of podCIDRs.entries()) sets[index]?.release(cidr);
  };
  const seen = ({ metadata, spec }: Node): void => {
    if ((spec?.podCIDRs ?? []).length > 0) given.delete(metadata.uid);
    queue.add(metadata.name);
  };
  const informer = watch(context, nodes, {
    add: seen,
    update: (_, node) => seen(node),
    delete: ({ metadata, spec }) => {
      const last = spec?.podCIDRs ?? [];
      release(last.length > 0 ? last : (given.get(metadata.uid) ?? []));
      given.delete(metadata.uid);
    },
  });

  async function assign(node: Node): Promise<void> {
    const podCIDRs: string[] = [];
    for (const [index, set] of sets.entries()) {
      const cidr = set.allocate();
      if (cidr === undefined) {
        release(podCIDRs);
        tell(node, "CIDRNotAvailable");
        throw new Error(
          `failed to allocate cidr from cluster cidr at idx:${index}: CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range`,
        );
      }
      podCIDRs.push(cidr);
    }
    const { name, uid } = node.metadata;
    given.set(uid, podCIDRs);
    try {
      const patch = { metadata: { uid }, spec: { podCIDR: podCIDRs[0], podCIDRs } };
      await context.client.of(nodes).patch({ name }, patch, { type: "strategic" });
    } catch (error) {
      given.delete(uid);
      // Nobody knows whether a write that timed out was done: what may be the node's is no one else's.
      if (!hasReason(error, "ServerTimeout")) release(podCIDRs);
      if (isNotFound(error)) return;
      tell(node, "CIDRAssignmentFailed");
      throw error;
    }
  }

  const tell = (node: Node, reason: string): void =>
    recorder.event(
      { ...node, apiVersion: "v1", kind: "Node" },
      { type: "Normal", reason, message: `Node ${node.metadata.name} status is now: ${reason}` },
    );

  try {
    await informer.whenSynced(context.signal);
  } catch (error) {
    if (context.signal.aborted) return;
    throw error;
  }
  // All that is taken, before the first is given out.
  for (const node of informer.list()) occupy(sets, node);
  await runLoop(context, {
    queue,
    informers: [informer],
    // One after the other: what one node is given the next must see as taken.
    workers: 1,
    reconcile: async (name) => {
      const node = informer.get("", name);
      if (node === undefined || node.metadata.deletionTimestamp !== undefined) return;
      if ((node.spec?.podCIDRs ?? []).length > 0) occupy(sets, node);
      else if (!given.has(node.metadata.uid)) await assign(node);
    },
  });
}

/** Throws Error for ranges that are not the cluster's. */
function occupy(sets: readonly BlockSet[], node: Node): void {
  for (const [index, cidr] of (node.spec?.podCIDRs ?? []).entries()) {
    const set = sets[index];
    if (set === undefined)
      throw new Error(
        `node:${node.metadata.name} has an allocated cidr: ${cidr} at index:${index} that does not exist in cluster cidrs configuration`,
      );
    set.occupy(cidr);
  }
}

function createSets({ options }: ControllerContext, clusterCidr: string): readonly BlockSet[] {
  const sizes = {
    4: (options["nodeCidrMaskSizeIpv4"] as number | undefined) ?? 24,
    6: (options["nodeCidrMaskSizeIpv6"] as number | undefined) ?? 64,
  };
  const services = typeof options["serviceCidr"] === "string" ? options["serviceCidr"].split(",") : [];
  return clusterCidr.split(",").map((text) => {
    const cidr = text.trim();
    const set = createBlockSet(cidr, sizes[parseRange(cidr).family]);
    for (const service of services) if (overlaps(cidr, service.trim())) set.occupy(service.trim());
    return set;
  });
}
