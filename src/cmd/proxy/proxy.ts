// `t8s proxy`: the service proxy of one node alone, with kube-proxy's flags.
import { hostname } from "node:os";
import { type FlagDefinitions, FlagError, type FlagValues } from "../../cli/index.ts";
import { createInformerFactory } from "../../client/index.ts";
import { nodeAddress } from "../../cluster/index.ts";
import { createProxy } from "../../network/index.ts";
import { createNftBackend, removeProxy, setConntrackLimits } from "../../network/node/index.ts";
import { refused, tellInert } from "../apiserver/accepted-flags.ts";
import { checkGates, gateFlags } from "../gate-flags.ts";
import { serveHealth } from "../health.ts";
import { readFlags } from "../lib.ts";
import { connect, remoteFlags } from "../remote.ts";
import { acceptedByProxy } from "./accepted-flags.ts";
import { conntrackFlags, conntrackLimits } from "./conntrack-flags.ts";
import { nodePortAddresses } from "./node-port-addresses.ts";

const flags = {
  ...acceptedByProxy,
  ...remoteFlags,
  ...gateFlags,
  ...conntrackFlags,
  config: { type: "string", help: "file with a KubeProxyConfiguration; flags win over it" },
  "write-config-to": refused("the file of --config is yours to write"),
  "nodeport-addresses": {
    type: "list",
    help: "primary (default): node ports answer on the node's primary address; or ranges: on the machine's addresses in them",
  },
  "hostname-override": { type: "string", help: "name of the node; the host's when not given" },
  "bind-address": { type: "string", help: "the node's primary address; found when not given" },
  "cluster-cidr": { type: "list", help: "ranges of pod addresses, one a family" },
  "masquerade-all": { type: "boolean", help: "masquerade everything sent to cluster IPs" },
  "healthz-bind-address": { type: "string", help: "address and port of /healthz", default: "0.0.0.0:10256" },
  "rules-name": {
    type: "string",
    help: "name that sets this proxy's nftables tables apart from another's",
    default: "default",
  },
  cleanup: { type: "boolean", help: "remove the rules and return" },
} as const satisfies FlagDefinitions;

type Values = FlagValues<typeof flags>;

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags({ name: "proxy", about: "Runs a node's service proxy alone.", flags }, words);
  if (parsed === undefined) return 0;
  const values = await withFile(parsed.values, parsed.given);
  if (values.cleanup) {
    await removeProxy(values["rules-name"]);
    return 0;
  }
  const [healthAddress, healthPort] = splitAddress(values["healthz-bind-address"]);
  const nodeAddresses = nodePortAddresses(values["nodeport-addresses"], values["bind-address"] ?? nodeAddress());
  const remote = connect("kube-proxy", values);
  const { log, signal } = remote;
  tellInert(flags, parsed, log);
  await checkGates(values["feature-gates"], log);
  await setConntrackLimits(conntrackLimits(values), log);
  const informers = createInformerFactory(remote);
  const proxy = createProxy({
    ...remote,
    informers,
    backend: createNftBackend({
      cluster: values["rules-name"],
      clusterCidrs: values["cluster-cidr"],
      masqueradeAll: values["masquerade-all"],
      log,
    }),
    nodeName: values["hostname-override"] ?? hostname().toLowerCase(),
    nodeAddresses,
  });
  try {
    const health = { address: healthAddress, port: healthPort, healthy: proxy.healthy };
    const stopHealth = await serveHealth({ ...remote, ...health });
    try {
      informers.start();
      await proxy.run(signal);
    } finally {
      stopHealth();
    }
  } finally {
    remote.close();
  }
  return 0;
}

/** A flag that was given wins over the file. */
async function withFile(values: Values, given: ReadonlySet<string>): Promise<Values> {
  if (!values.config) return values;
  const { readProxyFile } = await import("./configuration.ts");
  const ofFile = Object.entries(readProxyFile(values.config)).filter(([flag]) => !given.has(flag));
  return { ...values, ...Object.fromEntries(ofFile) };
}

function splitAddress(text: string): [string, number] {
  if (!/:\d+$/.test(text))
    throw new FlagError(`invalid argument ${JSON.stringify(text)} for "--healthz-bind-address" flag: use ADDRESS:PORT`);
  const colon = text.lastIndexOf(":");
  return [text.slice(0, colon).replace(/^\[|\]$/g, "") || "0.0.0.0", Number(text.slice(colon + 1))];
}
