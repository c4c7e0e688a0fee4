// `t8s down`: asks the process of a cluster to end, waits for that, and cleans up when it was killed before.
import { existsSync } from "node:fs";
import process from "node:process";
import { systemClock } from "../base/index.ts";
import {
  type ClusterLayout,
  isAlive,
  type ProcessRecord,
  readConfig,
  readRecord,
  stopProcess,
} from "../cluster/index.ts";
import { clusterFlags, layoutOf, processLogger, readFlags } from "./lib.ts";
import { teardown } from "./up/teardown.ts";

/** Long enough for pods to end within their grace periods' default. */
const stopGraceMs = 60_000;

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags(
    { name: "down", about: "Stops a cluster. Its data stays: t8s up resumes it.", flags: clusterFlags },
    words,
  );
  if (parsed === undefined) return 0;
  const layout = layoutOf(parsed.values);
  if (!existsSync(layout.configFile))
    throw new Error(`there is no cluster ${layout.name} in ${parsed.values["data-dir"]}`);
  const stopped = await stopCluster(layout);
  process.stdout.write(`cluster ${layout.name} ${stopped ? "is stopped" : "was not running"}\n`);
  return 0;
}

/** Ends the cluster's process and whatever it left. False when nothing ran. */
export async function stopCluster(layout: ClusterLayout): Promise<boolean> {
  const record = readRecord<ProcessRecord>(layout.processFile);
  const running = isAlive(record);
  await stopProcess(record, systemClock, stopGraceMs);
  const config = readConfig(layout);
  // Also after an orderly stop: it finds nothing to do then.
  if (config !== undefined && existsSync(layout.processFile))
    await teardown({ layout, config, log: processLogger("down", "warn") });
  return running || record !== undefined;
}
