// `t8s scheduler`: the scheduler alone, with kube-scheduler's flags.
import type { FlagDefinitions, FlagValues } from "../../cli/index.ts";
import { acceptedByManagers, inert, refused, tellInert } from "../apiserver/accepted-flags.ts";
import { runScheduler } from "../components.ts";
import { checkGates, gateFlags, refuseVersions, versionFlags } from "../gate-flags.ts";
import { readFlags } from "../lib.ts";
import { healthFlags, runManager } from "../manager.ts";
import { metricFlags, metricLimits } from "../metric-flags.ts";
import { connect, leaderFlags, remoteFlags } from "../remote.ts";
import type { SchedulerFile } from "./configuration.ts";

const flags = {
  ...acceptedByManagers,
  ...remoteFlags,
  ...leaderFlags,
  ...healthFlags(10259),
  ...metricFlags,
  ...gateFlags,
  ...versionFlags,
  config: { type: "string", help: "file with a KubeSchedulerConfiguration; flags win over it" },
  "write-config-to": refused("the file of --config is yours to write"),
  "pod-max-in-unschedulable-pods-duration": inert("duration", "pods are looked at again when something has changed"),
} as const satisfies FlagDefinitions;

type Values = FlagValues<typeof flags>;

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags({ name: "scheduler", about: "Runs the scheduler alone.", flags }, words);
  if (parsed === undefined) return 0;
  const file = await fileOf(parsed.values.config);
  const values = withFile(parsed.values, parsed.given, file);
  refuseVersions(values);
  const limits = metricLimits(values);
  const remote = connect("kube-scheduler", values);
  tellInert(flags, parsed, remote.log);
  await checkGates(values["feature-gates"], remote.log);
  await runManager(remote, "kube-scheduler", { values, limits, work: (base) => runScheduler(base, file?.profile) });
  return 0;
}

async function fileOf(path: string | undefined): Promise<SchedulerFile | undefined> {
  if (!path) return undefined;
  const { readSchedulerFile } = await import("./configuration.ts");
  return readSchedulerFile(path);
}

/** A flag that was given wins over the file. */
function withFile(values: Values, given: ReadonlySet<string>, file: SchedulerFile | undefined): Values {
  if (file === undefined) return values;
  const { leader, kubeconfig } = file;
  const said = Object.entries({ ...leader, ...(kubeconfig === undefined ? {} : { kubeconfig }) });
  return { ...values, ...Object.fromEntries(said.filter(([flag]) => !given.has(flag))) };
}
