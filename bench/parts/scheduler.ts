// The scheduler as a process of its own, through a real API server: plain pods.
import type { Part } from "../lib/part.ts";
import { schedulerRows } from "../lib/scheduler-rows.ts";
import { plain } from "../lib/scheduler-workloads.ts";

const loads = [
  { nodes: 1_000, pods: 5_000, budget: 1_500 },
  { nodes: 5_000, pods: 5_000, budget: 1_000 },
] as const;

export const part: Part = {
  about: "scheduler through the real API: plain pods",
  limitSeconds: 300,
  async *run(setup) {
    for (const { nodes, pods, budget } of loads) {
      const sizes = { nodes, before: 0, measured: pods };
      yield* schedulerRows(setup, { what: `plain pods, ${nodes} nodes`, workload: plain, sizes, budget: { budget } });
    }
  },
};
