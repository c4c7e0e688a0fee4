// `t8s scheduler`: the scheduler alone, with kube-scheduler's flags.
import type { FlagDefinitions } from "../cli/index.ts";
import { acceptedByManagers, tellInert } from "./apiserver/accepted-flags.ts";
import { runScheduler } from "./components.ts";
import { readFlags } from "./lib.ts";
import { healthFlags, runManager } from "./manager.ts";
import { connect, leaderFlags, remoteFlags } from "./remote.ts";

const flags = {
  ...acceptedByManagers,
  ...remoteFlags,
  ...leaderFlags,
  ...healthFlags(10259),
} as const satisfies FlagDefinitions;

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags({ name: "scheduler", about: "Runs the scheduler alone.", flags }, words);
  if (parsed === undefined) return 0;
  const { values } = parsed;
  const remote = connect("kube-scheduler", values);
  tellInert(flags, parsed, remote.log);
  await runManager(remote, "kube-scheduler", { values, work: runScheduler });
  return 0;
}
