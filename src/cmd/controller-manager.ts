// `t8s controller-manager`: the controllers alone, with kube-controller-manager's flags.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { uuid } from "../base/index.ts";
import type { FlagDefinitions } from "../cli/index.ts";
import { runControllerManager } from "./components.ts";
import { readFlags } from "./lib.ts";
import { connect, leaderFlags, leading, remoteFlags, serveHealth } from "./remote.ts";

const flags = {
  ...remoteFlags,
  ...leaderFlags,
  controllers: { type: "list", help: "controllers to run: * for those on by default, NAME, -NAME", default: "*" },
  "cluster-cidr": { type: "string", help: "range of pod addresses" },
  "root-ca-file": { type: "string", help: "certificates that pods trust the API server by" },
  "bind-address": { type: "string", help: "address of the health port", default: "127.0.0.1" },
  "secure-port": { type: "integer", help: "port of /healthz and /metrics; 0 turns it off", default: "0" },
} as const satisfies FlagDefinitions;

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags({ name: "controller-manager", about: "Runs the controllers alone.", flags }, words);
  if (parsed === undefined) return 0;
  const { values } = parsed;
  const remote = connect("kube-controller-manager", values);
  const rootCa = values["root-ca-file"] ? readFileSync(values["root-ca-file"], "utf8") : undefined;
  const stopHealth = serveHealth({
    address: values["bind-address"],
    port: values["secure-port"],
    healthy: () => true,
    ...remote,
  });
  await leading(remote, "kube-controller-manager", {
    values,
    identity: `${hostname()}_${uuid(remote.rng)}`,
    work: (base) =>
      runControllerManager(base, {
        names: values.controllers,
        ...(rootCa ? { rootCa } : {}),
        ...(values["cluster-cidr"] ? { clusterCidr: values["cluster-cidr"] } : {}),
      }),
  });
  stopHealth();
  remote.close();
  return 0;
}
