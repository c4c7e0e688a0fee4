// The blocks of a cluster CIDR that nodes can have, and which are taken. Upstream: pkg/controller/nodeipam/ipam/cidrset.
import {
  type CidrBlock,
  cidrAddress,
  cidrContains,
  cidrSize,
  cidrsOverlap,
  formatCidr,
  parseCidr,
} from "../../machinery/index.ts";

export interface BlockSet {
  /** The next free block, in turn: a released one is not given out again at once. Undefined when all are taken. */
  allocate(): string | undefined;
  /** Marks what a range covers as taken. Throws Error for a range that is no part of the cluster's. */
  occupy(cidr: string): void;
  release(cidr: string): void;
}

/** Most subnets of one range that are kept track of, as upstream. */
const maxSubnetBits = 16;

export function createBlockSet(clusterCidr: string, nodePrefixLength: number): BlockSet {
  const cluster = parseRange(clusterCidr);
  const bits = nodePrefixLength - cluster.prefixLength;
  if (bits < 0)
    throw new Error(
      `the node mask size /${nodePrefixLength} is shorter than the cluster CIDR ${clusterCidr}: give a longer one or a larger range`,
    );
  if (bits > maxSubnetBits)
    throw new Error(
      `the node mask size /${nodePrefixLength} cuts ${clusterCidr} into more than 2^${maxSubnetBits} blocks: give a shorter one`,
    );
  const count = 2 ** bits;
  const size = cidrSize({ ...cluster, prefixLength: nodePrefixLength });
  const taken = new Set<number>();
  let next = 0;
  const blockAt = (index: number): string =>
    formatCidr({ ...cluster, network: cluster.network + BigInt(index) * size, prefixLength: nodePrefixLength });
  const indexesOf = (cidr: string): readonly number[] => {
    const block = parseRange(cidr);
    if (block.family !== cluster.family || !cidrsOverlap(block, cluster))
      throw new Error(`cidr ${cidr} is out the range of cluster cidr ${clusterCidr}`);
    if (cidrContains(block, cidrAddress(cluster, 0n)) && block.prefixLength <= cluster.prefixLength)
      return Array.from({ length: count }, (_, index) => index);
    const first = Number((block.network - cluster.network) / size);
    const last = Number((block.network + cidrSize(block) - 1n - cluster.network) / size);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  };
  return {
    allocate() {
      if (taken.size >= count) return undefined;
      while (taken.has(next)) next = (next + 1) % count;
      const index = next;
      taken.add(index);
      next = (index + 1) % count;
      return blockAt(index);
    },
    occupy(cidr) {
      for (const index of indexesOf(cidr)) taken.add(index);
    },
    release(cidr) {
      for (const index of indexesOf(cidr)) taken.delete(index);
    },
  };
}

export function parseRange(cidr: string): CidrBlock {
  const block = parseCidr(cidr);
  if (block === undefined) throw new Error(`${JSON.stringify(cidr)} is no CIDR: write it as 10.244.0.0/16`);
  return block;
}

export const overlaps = (a: string, b: string): boolean => {
  const [left, right] = [parseRange(a), parseRange(b)];
  return left.family === right.family && cidrsOverlap(left, right);
};
