// The workloads of upstream's scheduler benchmark, through a real API server.
import type { Part } from "../lib/part.ts";
import { type SchedulerLoad, schedulerRows } from "../lib/scheduler-rows.ts";
import { type Workload, workloads } from "../lib/scheduler-workloads.ts";

function loadOf(workload: Workload, full: boolean): SchedulerLoad {
  const sizes = full ? workload.large : workload.small;
  const { threshold } = workload;
  return {
    what: `${workload.name}, ${sizes.nodes} nodes`,
    ...{ workload, sizes },
    budget: full && threshold !== undefined ? { budget: threshold } : {},
  };
}

export const part: Part = {
  about: "scheduler through the real API: upstream's own workloads",
  limitSeconds: 900,
  async *run(setup) {
    const wanted = workloads.filter(({ fullOnly }) => setup.full || !fullOnly);
    for (const each of wanted) yield* schedulerRows(setup, loadOf(each, setup.full));
  },
};
