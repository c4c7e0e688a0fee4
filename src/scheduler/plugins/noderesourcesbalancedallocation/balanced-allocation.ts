// Prefers nodes whose cpu and memory use come closer together with the pod: score = 50 + (50 + with − without) / 2, each
// being (1 − standard deviation of the used shares) · 100.
import { maxNodeScore, type Plugin } from "../../framework.ts";
import type { NodeInfo } from "../../snapshot/node-info.ts";

const share = (requested: number, allocatable: number): number => Math.min(requested / allocatable, 1);

/** With two resources the standard deviation is half their distance. One alone is balanced. */
function balance(node: NodeInfo, cpu: number, memory: number): number {
  const { allocatableCpu, allocatableMemory } = node;
  if (allocatableCpu === 0 || allocatableMemory === 0) return maxNodeScore;
  const deviation = Math.abs((share(cpu, allocatableCpu) - share(memory, allocatableMemory)) / 2);
  return Math.trunc((1 - deviation) * maxNodeScore);
}

export const balancedAllocation = (): Plugin => ({
  name: "NodeResourcesBalancedAllocation",
  score: (pod, nodes, out) => {
    const { cpu, memory } = pod.requests;
    if (cpu === 0 && memory === 0) return false;
    for (let index = 0; index < nodes.length; index++) {
      const node = nodes[index]!;
      const { requestedCpu, requestedMemory } = node;
      const after = balance(node, requestedCpu + cpu, requestedMemory + memory);
      const before = balance(node, requestedCpu, requestedMemory);
      out[index] = maxNodeScore / 2 + Math.trunc((maxNodeScore / 2 + after - before) / 2);
    }
    return true;
  },
});
