// A load of pods for the scheduler, on both sides, as rows.
import type { Row, Setup } from "./part.ts";
import { type ApiPeer, figures, onEachSide } from "./peers.ts";
import { type Load as Pods, schedule } from "./schedule.ts";
import type { Sizes } from "./scheduler-workloads.ts";

function scaled({ namespaces, ...sizes }: Sizes, scale: number): Sizes {
  const all = Object.entries(sizes).map(([what, count]: [string, number]) => [what, Math.ceil(count * scale)]);
  return { ...(Object.fromEntries(all) as Omit<Sizes, "namespaces">), ...(namespaces ? { namespaces } : {}) };
}

/** Upstream's benchmark leaves these out, since its nodes and priorities are bare. */
const disabled = ["ServiceAccount", "TaintNodesByCondition", "Priority"];

export interface SchedulerLoad {
  readonly what: string;
  readonly workload: Pods;
  readonly sizes: Sizes;
  readonly budget: Pick<Row, "budget">;
}

export async function* schedulerRows(
  setup: Setup,
  { what, workload, sizes, budget }: SchedulerLoad,
): AsyncGenerator<Row, void, void> {
  setup.say(what);
  const measure = async (peer: ApiPeer): Promise<ReadonlyMap<string, number>> =>
    new Map(Object.entries(await schedule(peer, workload, scaled(sizes, setup.scale))));
  for await (const each of onEachSide(setup, measure, disabled)) {
    yield { what, unit: "pods/s", better: "more", ...budget, ...figures(each, "podsPerSecond") };
    yield { what, unit: "scheduler's CPU µs a pod", better: "less", ...figures(each, "schedulerCpuUs") };
    yield { what, unit: "server's CPU µs a pod", better: "less", ...figures(each, "serverCpuUs") };
  }
}
