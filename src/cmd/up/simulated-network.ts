// Addresses of simulated nodes and of their pods. They lead nowhere, so a cluster of more nodes than its own range has blocks for takes a
// wider one.

export interface SimulatedNetwork {
  /** Of all pods. */
  readonly podCidr: string;
  /** Of the pods of one node, /24; `index` counts from 0. */
  nodePodCidr(index: number): string;
  nodeAddress(index: number): string;
}

/** Blocks of 256 addresses in the /16 that a cluster has. */
const usualNodes = 256;
/** 10.128.0.0/9 has as many blocks. */
export const mostSimulatedNodes = 32_768;

export function simulatedNetwork(podCidr: string, nodeCount: number): SimulatedNetwork {
  if (nodeCount > mostSimulatedNodes) throw new Error(`at most ${mostSimulatedNodes} simulated nodes are possible`);
  const [first, second] = nodeCount <= usualNodes ? podCidr.split(".").map(Number) : [10, 128];
  return {
    podCidr: nodeCount <= usualNodes ? podCidr : "10.128.0.0/9",
    nodePodCidr: (index) => `${first}.${second! + (index >> 8)}.${index & 255}.0/24`,
    // The range for benchmarks of networks (RFC 2544).
    nodeAddress: (index) => `198.${18 + ((index + 1) >> 16)}.${((index + 1) >> 8) & 255}.${(index + 1) & 255}`,
  };
}
