// Gives each node its range of pod addresses. Upstream: pkg/controller/nodeipam (`--allocate-node-cidrs`, RangeAllocator).
// Reads options.clusterCidr (one range, or two of both families with a comma; without it the controller has nothing to do),
// options.serviceCidr (left out of it, likewise), options.nodeCidrMaskSizeIpv4 (24) and options.nodeCidrMaskSizeIpv6 (64).
import { type Node, nodes } from "../../api/index.ts";
import { isNotFound } from "../../machinery/index.ts";
import { type ControllerContext, newQueue, runLoop, watch } from "../lib/index.ts";
import { type BlockSet, createBlockSet, overlaps, parseRange } from "./blocks.ts";

export async function runNodeIpam(context: ControllerContext): Promise<void> {
  const { clusterCidr } = context.options;
  if (typeof clusterCidr !== "string" || clusterCidr === "") return;
  const sets = createSets(context, clusterCidr);
  const recorder = context.recorder("cidrAllocator");
  const queue = newQueue(context, "node_ipam");
  const informer = watch(context, nodes, {
    add: (node) => queue.add(node.metadata.name),
    update: (_, node) => queue.add(node.metadata.name),
    delete: (node) => {
      for (const [index, cidr] of (node.spec?.podCIDRs ?? []).entries()) sets[index]?.release(cidr);
    },
  });

  async function assign(node: Node): Promise<void> {
    const podCIDRs: string[] = [];
    const giveBack = (): void => {
      for (const [index, cidr] of podCIDRs.entries()) sets[index]!.release(cidr);
    };
    for (const [index, set] of sets.entries()) {
      const cidr = set.allocate();
      if (cidr === undefined) {
        giveBack();
        tell(node, "CIDRNotAvailable");
        throw new Error(
          `failed to allocate cidr from cluster cidr at idx:${index}: CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range`,
        );
      }
      podCIDRs.push(cidr);
    }
    const { name, uid } = node.metadata;
    try {
      const patch = { metadata: { uid }, spec: { podCIDR: podCIDRs[0], podCIDRs } };
      await context.client.of(nodes).patch({ name }, patch, { type: "strategic" });
    } catch (error) {
      giveBack();
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
      else await assign(node);
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
