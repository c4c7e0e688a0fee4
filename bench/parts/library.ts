// How long a test waits for a cluster of its own: from the call of startCluster to a Deployment of one that is available on a simulated
// node, several times in one process. Measures the built package.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { median } from "../lib/cluster-process.ts";
import { type Library, once, type Run } from "../lib/library-run.ts";
import type { Part, Row } from "../lib/part.ts";

const laterClusters = 5;

/** What the first process after a build leaves to the others: compiled code. */
function runElsewhere(file: string): void {
  const runner = new URL("../lib/library-run.ts", import.meta.url).href;
  const program = `const { once } = await import(${JSON.stringify(runner)}); await once(await import(${JSON.stringify(file)}));`;
  const { status } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
  if (status !== 0) throw new Error("a process with one cluster failed; its messages stand above");
}

export const part: Part = {
  about: "a cluster inside a test: startCluster of the npm package",
  limitSeconds: 60,
  async *run(setup) {
    const file = pathToFileURL(join(dirname(setup.command), "dist", "library.mjs")).href;
    runElsewhere(file);
    const loaded = (await import(file)) as Library;
    // What the import began to load is there when a test begins.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const first = await once(loaded);
    const later: Run[] = [];
    for (let index = 0; index < laterClusters; index++) later.push(await once(loaded));
    const rssMb = process.memoryUsage.rss() / 1e6;
    const middle = (of: (run: Run) => number): number => median(later.map(of));
    const wall = { unit: "ms", better: "less" } as const;
    const cpu = { unit: "CPU ms", better: "less" } as const;
    const rows: Row[] = [
      { what: "first cluster answers", ...wall, budget: 150, ours: first.answers.wallMs },
      { what: "first cluster answers", ...cpu, ours: first.answers.cpuMs },
      { what: "first Deployment available", ...wall, budget: 150, ours: first.available.wallMs },
      { what: "later cluster answers, median", ...wall, budget: 30, ours: middle(({ answers }) => answers.wallMs) },
      { what: "later cluster answers, median", ...cpu, ours: middle(({ answers }) => answers.cpuMs) },
      {
        what: "later Deployment available, median",
        ...wall,
        budget: 30,
        ours: middle(({ available }) => available.wallMs),
      },
      { what: "after six clusters", unit: "MB resident", better: "less", ours: rssMb },
    ];
    yield* rows;
  },
};
