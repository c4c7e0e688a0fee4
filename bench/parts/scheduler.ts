// The scheduler as a process of its own, through a real API server: plain pods, and the workloads of upstream's scheduler benchmark.
import type { Part, Row, Setup } from "../lib/part.ts";
import { type ApiPeer, figures, onEachSide } from "../lib/peers.ts";
import { type Load as Pods, schedule } from "../lib/schedule.ts";
import { plain, type Sizes, type Workload, workloads } from "../lib/scheduler-workloads.ts";

const basics = [
  { nodes: 1_000, pods: 5_000, budget: 1_500 },
  { nodes: 5_000, pods: 5_000, budget: 1_000 },
] as const;

function scaled({ namespaces, ...sizes }: Sizes, scale: number): Sizes {
  const all = Object.entries(sizes).map(([what, count]: [string, number]) => [what, Math.ceil(count * scale)]);
  return { ...(Object.fromEntries(all) as Omit<Sizes, "namespaces">), ...(namespaces ? { namespaces } : {}) };
}

/** Upstream's benchmark leaves these out, since its nodes and priorities are bare. */
const disabled = ["ServiceAccount", "TaintNodesByCondition", "Priority"];

interface Load {
  readonly what: string;
  readonly workload: Pods;
  readonly sizes: Sizes;
  readonly budget: Pick<Row, "budget">;
}

async function* rowsOf(setup: Setup, { what, workload, sizes, budget }: Load): AsyncGenerator<Row, void, void> {
  setup.say(what);
  const measure = async (peer: ApiPeer): Promise<ReadonlyMap<string, number>> =>
    new Map(Object.entries(await schedule(peer, workload, scaled(sizes, setup.scale))));
  for await (const each of onEachSide(setup, measure, disabled)) {
    yield { what, unit: "pods/s", better: "more", ...budget, ...figures(each, "podsPerSecond") };
    yield { what, unit: "scheduler's CPU µs a pod", better: "less", ...figures(each, "schedulerCpuUs") };
    yield { what, unit: "server's CPU µs a pod", better: "less", ...figures(each, "serverCpuUs") };
  }
}

function loadOf(workload: Workload, full: boolean): Load {
  const sizes = full ? workload.large : workload.small;
  const { threshold } = workload;
  return {
    what: `${workload.name}, ${sizes.nodes} nodes`,
    ...{ workload, sizes },
    budget: full && threshold !== undefined ? { budget: threshold } : {},
  };
}

export const part: Part = {
  about: "scheduler through the real API: plain pods, and upstream's own workloads",
  limitSeconds: 900,
  async *run(setup) {
    const loads = [
      ...basics.map(
        ({ nodes, pods, budget }): Load => ({
          what: `plain pods, ${nodes} nodes`,
          workload: plain,
          sizes: { nodes, before: 0, measured: pods },
          budget: { budget },
        }),
      ),
      ...workloads.filter(({ fullOnly }) => setup.full || !fullOnly).map((workload) => loadOf(workload, setup.full)),
    ];
    for (const load of loads) yield* rowsOf(setup, load);
  },
};
