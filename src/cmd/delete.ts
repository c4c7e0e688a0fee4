// `t8s delete`: stops a cluster, cleans the machine up after it and removes its data.
import { existsSync, rmSync } from "node:fs";
import process from "node:process";
import { readConfig, releaseClaims } from "../cluster/index.ts";
import { stopCluster } from "./down.ts";
import { clusterFlags, layoutOf, processLogger, readFlags } from "./lib.ts";
import { teardown } from "./up/teardown.ts";

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags(
    { name: "delete", about: "Stops a cluster and removes its data.", flags: clusterFlags },
    words,
  );
  if (parsed === undefined) return 0;
  const layout = layoutOf(parsed.values);
  const config = existsSync(layout.configFile) ? readConfig(layout) : undefined;
  if (config === undefined) throw new Error(`there is no cluster ${layout.name} in ${parsed.values["data-dir"]}`);
  await stopCluster(layout);
  await teardown({ layout, config, log: processLogger("delete", "warn") });
  rmSync(layout.directory, { recursive: true, force: true });
  releaseClaims(layout, config);
  process.stdout.write(`cluster ${layout.name} is deleted\n`);
  return 0;
}
