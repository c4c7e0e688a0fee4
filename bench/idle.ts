// What a cluster of one node costs while nothing happens: `t8s up --sample`, some seconds to settle, then a minute of
// rest. Resident memory and share of a core of the process; containerd and its shims apart, since they are not ours.
//
//   node tools/launch.mjs bench/idle.ts [--seconds 60] [--settle 15] [--t8s ./t8s]
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connectTo, kubeconfigOf, machine, processesOf, startUp, type Usage, usageOf } from "./lib/cluster-process.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    settle: { type: "string", default: "15" },
    t8s: { type: "string", default: "./t8s" },
  },
});
const command = resolve(values.t8s);
const name = "bench";
const dataDirectory = await mkdtemp(join(tmpdir(), "bench-idle-"));

const sum = (pids: readonly number[]): Usage => {
  const all = pids.map(usageOf);
  return {
    cpuSeconds: all.reduce((total, each) => total + each.cpuSeconds, 0),
    rssBytes: all.reduce((total, each) => total + each.rssBytes, 0),
  };
};

try {
  const up = startUp({ command, dataDirectory, name, more: ["--sample"] });
  try {
    (await connectTo(up, kubeconfigOf(dataDirectory, name))).close();
    const deadline = performance.now() + 60_000;
    while (!up.output().includes("sample ready")) {
      if (performance.now() > deadline) throw new Error(`the sample did not come up; t8s said:\n${up.output()}`);
      await delay(50);
    }
    await delay(Number(values.settle) * 1000);
    const runtime = processesOf(dataDirectory, up.pid);
    const rows = (["t8s", "containerd and shims"] as const).map((title) => ({
      title,
      read: () => sum(title === "t8s" ? [up.pid] : runtime),
    }));
    const before = rows.map(({ read }) => read());
    const from = performance.now();
    await delay(Number(values.seconds) * 1000);
    const elapsedSeconds = (performance.now() - from) / 1000;
    console.log(
      `${machine()}; load ${loadavg()[0]!.toFixed(1)}; ${values.seconds} s of rest with the sample's three pods`,
    );
    console.log(`${"".padEnd(22)} RSS MB   CPU % of a core`);
    console.log(`${"budget".padEnd(22)} ${"150".padEnd(8)} 0.50`);
    rows.forEach(({ title, read }, index) => {
      const { cpuSeconds, rssBytes } = read();
      const percent = ((cpuSeconds - before[index]!.cpuSeconds) / elapsedSeconds) * 100;
      console.log(`${title.padEnd(22)} ${(rssBytes / 1e6).toFixed(0).padEnd(8)} ${percent.toFixed(2)}`);
    });
  } finally {
    await up.stop();
  }
} finally {
  spawnSync(command, ["delete", "--name", name, "--data-dir", dataDirectory], { stdio: "ignore" });
  await rm(dataDirectory, { recursive: true, force: true });
}
