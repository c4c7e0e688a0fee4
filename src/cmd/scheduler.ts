// `t8s scheduler`: the scheduler alone, with kube-scheduler's flags.
import { hostname } from "node:os";
import { uuid } from "../base/index.ts";
import type { FlagDefinitions } from "../cli/index.ts";
import { runScheduler } from "./components.ts";
import { readFlags } from "./lib.ts";
import { connect, leaderFlags, leading, remoteFlags, serveHealth } from "./remote.ts";

const flags = {
  ...remoteFlags,
  ...leaderFlags,
  "bind-address": { type: "string", help: "address of the health port", default: "127.0.0.1" },
  "secure-port": { type: "integer", help: "port of /healthz and /metrics; 0 turns it off", default: "0" },
} as const satisfies FlagDefinitions;

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags({ name: "scheduler", about: "Runs the scheduler alone.", flags }, words);
  if (parsed === undefined) return 0;
  const { values } = parsed;
  const remote = connect("kube-scheduler", values);
  const stopHealth = serveHealth({
    address: values["bind-address"],
    port: values["secure-port"],
    healthy: () => true,
    ...remote,
  });
  await leading(remote, "kube-scheduler", {
    values,
    identity: `${hostname()}_${uuid(remote.rng)}`,
    work: runScheduler,
  });
  stopHealth();
  remote.close();
  return 0;
}
