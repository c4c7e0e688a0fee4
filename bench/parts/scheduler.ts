// The scheduler as a process of its own, through a real API server: the script sched-bench.mjs for plain pods, and the workloads of
// upstream's scheduler benchmark.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "../lib/child.ts";
import { usageOf } from "../lib/cluster-process.ts";
import { type Part, type Row, type Setup, scriptsOf } from "../lib/part.ts";
import { type ApiPeer, figures, onEachSide, token } from "../lib/peers.ts";
import { schedule } from "../lib/schedule.ts";
import { type Sizes, type Workload, workloads } from "../lib/scheduler-workloads.ts";

const basics = [
  { nodes: 1_000, pods: 5_000, budget: 1_500 },
  { nodes: 5_000, pods: 5_000, budget: 1_000 },
] as const;

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** The script starts the scheduler by a shell and ends without it. */
async function basic(peer: ApiPeer, setup: Setup, { nodes, pods }: { nodes: number; pods: number }) {
  const pidFile = join(peer.folder, "scheduler.pid");
  const [program, flags] = peer.scheduler;
  const command = [program, ...flags].map(quoted).join(" ");
  const words = [join(scriptsOf(setup), "sched-bench.mjs"), peer.url, token, String(nodes), String(pods)];
  try {
    const text = await output(process.execPath, words, {
      limitSeconds: 150,
      env: {
        NODE_TLS_REJECT_UNAUTHORIZED: "0",
        NODE_NO_WARNINGS: "1",
        START: `echo $$ > ${pidFile}; exec ${command} > ${join(peer.folder, "scheduler.log")} 2>&1`,
      },
    });
    const found = /: (\d+) pods\/s/.exec(text)?.[1];
    if (found === undefined) throw new Error(`${peer.side}: the script said:\n${text}`);
    const { cpuSeconds } = usageOf(Number(readFileSync(pidFile, "utf8")));
    return new Map([
      ["rate", Number(found)],
      ["cost", (cpuSeconds * 1e6) / pods],
    ]);
  } finally {
    endScheduler(pidFile);
  }
}

function endScheduler(pidFile: string): void {
  try {
    process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
  } catch (error) {
    // Not started, or gone.
    if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

async function basicRows(setup: Setup): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { nodes, pods, budget } of basics) {
    const size = { nodes: Math.ceil(nodes * setup.scale), pods: Math.ceil(pods * setup.scale) };
    const each = await onEachSide(setup, (peer) => basic(peer, setup, size));
    const what = `plain pods, ${nodes} nodes`;
    rows.push({ what, unit: "pods/s", better: "more", budget, ...figures(each, "rate") });
    rows.push({ what, unit: "scheduler's CPU µs a pod, its start included", better: "less", ...figures(each, "cost") });
  }
  return rows;
}

const scaled = ({ nodes, before, measured }: Sizes, scale: number): Sizes => ({
  nodes: Math.ceil(nodes * scale),
  before: Math.ceil(before * scale),
  measured: Math.ceil(measured * scale),
});

/** Upstream's benchmark leaves these out, since its nodes and priorities are bare. */
const disabled = ["ServiceAccount", "TaintNodesByCondition", "Priority"];

async function workloadRows(setup: Setup, workload: Workload): Promise<Row[]> {
  const sizes = scaled(setup.full ? workload.large : workload.small, setup.scale);
  const measure = async (peer: ApiPeer): Promise<ReadonlyMap<string, number>> => {
    const placed = await schedule(peer, workload, sizes);
    return new Map(Object.entries(placed));
  };
  const each = await onEachSide(setup, measure, disabled);
  const { nodes } = setup.full ? workload.large : workload.small;
  const what = `${workload.name}, ${nodes} nodes`;
  const threshold = setup.full && workload.threshold !== undefined ? { budget: workload.threshold } : {};
  return [
    { what, unit: "pods/s", better: "more", ...threshold, ...figures(each, "podsPerSecond") },
    { what, unit: "scheduler's CPU µs a pod", better: "less", ...figures(each, "schedulerCpuUs") },
    { what, unit: "server's CPU µs a pod", better: "less", ...figures(each, "serverCpuUs") },
  ];
}

export const part: Part = {
  about: "scheduler through the real API: plain pods, and upstream's own workloads",
  limitSeconds: 600,
  async run(setup) {
    const rows = await basicRows(setup);
    for (const workload of workloads) {
      setup.say(workload.name);
      rows.push(...(await workloadRows(setup, workload)));
    }
    return rows;
  },
};
