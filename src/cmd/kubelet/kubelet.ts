// `t8s kubelet`: the kubelet of one node alone, with upstream's flags.
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Taint } from "../../api/index.ts";
import { type Clock, type Rng, systemClock } from "../../base/index.ts";
import { type FlagDefinitions, FlagError, type FlagValues } from "../../cli/index.ts";
import { nodeAddress } from "../../cluster/index.ts";
import { createKubelet, type KubeletOptions } from "../../kubelet/index.ts";
import { createNodeHost, type KubeletServer, measuredRuntime, serveKubelet } from "../../kubelet/node/index.ts";
import { connectCri } from "../../runtime/cri/index.ts";
import { tellInert } from "../apiserver/accepted-flags.ts";
import { readFlagFile, selfSigned, servingFiles } from "../apiserver/self-signed.ts";
import { checkGates, gateFlags } from "../gate-flags.ts";
import { portError, serveHealth } from "../health.ts";
import { readFlags } from "../lib.ts";
import { connect, type Remote, remoteFlags } from "../remote.ts";
import { runSimulatedNode } from "../simulated-node.ts";
import { acceptedByKubelet } from "./accepted-flags.ts";
import { type Fields, processFlags, readConfiguration } from "./configuration.ts";
import { settingFlags, settingsOf, settingsOfFlags } from "./settings.ts";

const flags = {
  ...acceptedByKubelet,
  ...remoteFlags,
  ...settingFlags,
  ...gateFlags,
  "bootstrap-kubeconfig": {
    type: "string",
    help: "credentials with which the node asks for a certificate of its own when --kubeconfig is not there or not good any more",
  },
  "cert-dir": { type: "string", help: "directory of the certificate asked for", default: "/var/lib/kubelet/pki" },
  "rotate-certificates": {
    type: "boolean",
    help: "ask for a new client certificate before the one in use ends; it is kept in --cert-dir",
  },
  "rotate-server-certificates": {
    type: "boolean",
    help: "ask for the serving certificate and for the next one before it ends; somebody has to approve the requests; it is kept in --cert-dir",
  },
  config: { type: "string", help: "file with a KubeletConfiguration; flags win over it" },
  "config-dir": {
    type: "string",
    help: "directory of further such files, NAME.conf, that are merged over --config in the order of their names",
  },
  simulated: { type: "boolean", help: "only pretend to run containers: a node for tests of everything else" },
  "hostname-override": { type: "string", help: "name of the node; the host's when not given" },
  "node-ip": { type: "string", help: "address of the node; found when not given" },
  "container-runtime-endpoint": {
    type: "string",
    help: "socket of the container runtime",
    default: "unix:///run/containerd/containerd.sock",
  },
  "root-dir": { type: "string", help: "directory of volumes and state", default: "/var/lib/kubelet" },
  "pod-logs-dir": { type: "string", help: "directory of container logs", default: "/var/log/pods" },
  "cluster-dns": { type: "list", help: "addresses of the cluster's DNS" },
  "cluster-domain": { type: "string", help: "domain of the cluster", default: "cluster.local" },
  "resolv-conf": {
    type: "string",
    help: "resolver configuration for pods that use the node's",
    default: "/etc/resolv.conf",
  },
  "pod-cidr": { type: "string", help: "range of this node's pods, when no controller hands one out" },
  "cgroup-root": { type: "string", help: "cgroup below which pods' cgroups are made", default: "/" },
  "cgroup-driver": { type: "string", help: "cgroupfs or systemd", default: "cgroupfs" },
  "max-pods": { type: "integer", help: "most pods on this node", default: "110" },
  "register-node": { type: "boolean", help: "create the Node object", default: "true" },
  "node-labels": { type: "map", help: "labels of the Node object" },
  "register-with-taints": { type: "list", help: "taints of the Node object: KEY=VALUE:EFFECT" },
  "pod-manifest-path": { type: "string", help: "directory of static pods" },
  address: { type: "string", help: "address that the kubelet listens on", default: "0.0.0.0" },
  port: { type: "integer", help: "port of the kubelet's API", default: "10250" },
  "healthz-bind-address": { type: "string", help: "address of /healthz", default: "127.0.0.1" },
  "healthz-port": { type: "integer", help: "port of /healthz; 0 turns it off", default: "10248" },
  "tls-cert-file": { type: "string", help: "serving certificate; self-signed when not given" },
  "tls-private-key-file": { type: "string", help: "key of --tls-cert-file" },
  "client-ca-file": { type: "string", help: "authorities of client certificates" },
  "host-port-rules": {
    type: "string",
    help: "keep pods' host ports in nftables tables of this name; without it the network plugin has them",
  },
  "host-port-masquerade-from": {
    type: "string",
    help: "range of pods whose connections to host ports are masqueraded, where bridges pass no rules",
  },
} as const satisfies FlagDefinitions;

type Values = FlagValues<typeof flags>;

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags({ name: "kubelet", about: "Runs a node's kubelet alone.", flags }, words);
  if (parsed === undefined) return 0;
  const { given } = parsed;
  const document = readConfiguration(parsed.values.config, parsed.values["config-dir"]);
  const values = withFile(parsed.values, given, document);
  const settings = {
    ...settingsOf(document),
    ...settingsOfFlags(values, given),
  };
  const runtimeSocket = socketOf(values["container-runtime-endpoint"]);
  const taints = values["register-with-taints"].map(parseTaint);
  const nodeName = values["hostname-override"] ?? hostname().toLowerCase();
  await joinCluster(values, nodeName);
  const rotation = await rotationOf(values, nodeName);
  const remote = connect("kubelet", values, rotation?.certificate);
  tellInert(flags, parsed, remote.log);
  await checkGates(values["feature-gates"], remote.log);
  const rotated = rotation?.run(remote);
  try {
    const stopHealth = await serveHealth({
      ...remote,
      address: values["healthz-bind-address"],
      port: values["healthz-port"],
      healthy: () => true,
    });
    try {
      const address = values["node-ip"] ?? nodeAddress();
      if (values.simulated)
        await runSimulatedNode(remote, { name: nodeName, address, podCidr: values["pod-cidr"] ?? "10.244.0.0/24" });
      else await runNode(remote, { values, given, nodeName, address, runtimeSocket, taints, settings });
    } finally {
      stopHealth();
    }
  } finally {
    remote.close();
  }
  await rotated;
  return 0;
}

/** A flag that was given wins over the file. */
function withFile(values: Values, given: ReadonlySet<string>, document: Fields): Values {
  const ofFile = Object.entries(processFlags(document)).filter(([flag]) => !given.has(flag));
  return { ...values, ...Object.fromEntries(ofFile) };
}

async function rotationOf(values: Values, nodeName: string) {
  if (!values["rotate-certificates"] || values.kubeconfig === undefined) return undefined;
  const { certificateRotation } = await import("./rotation.ts");
  return certificateRotation({ kubeconfig: values.kubeconfig, certDir: values["cert-dir"], nodeName }, systemClock);
}

async function joinCluster(values: Values, nodeName: string): Promise<void> {
  const { "bootstrap-kubeconfig": bootstrapKubeconfig, kubeconfig, v } = values;
  if (bootstrapKubeconfig === undefined) return;
  if (kubeconfig === undefined) throw new FlagError("--bootstrap-kubeconfig needs --kubeconfig: the file to write");
  const { bootstrapNode } = await import("./bootstrap.ts");
  await bootstrapNode({ kubeconfig, bootstrapKubeconfig, certDir: values["cert-dir"], nodeName, v }, systemClock);
}

interface NodeSettings {
  readonly values: Values;
  readonly nodeName: string;
  readonly address: string;
  readonly runtimeSocket: string;
  readonly taints: readonly Taint[];
  readonly given: ReadonlySet<string>;
  readonly settings: KubeletOptions["config"];
}

async function runNode(remote: Remote, settings: NodeSettings): Promise<void> {
  const { clock, log } = remote;
  const { values, nodeName, address } = settings;
  const config = kubeletConfig(settings);
  for (const directory of [config?.rootDirectory, config?.podLogsDirectory, config?.containerLogsDirectory])
    if (directory !== undefined) mkdirSync(directory, { recursive: true });
  const runtime = await connectCri({ socket: settings.runtimeSocket, clock, log });
  try {
    const kubelet = createKubelet({
      ...remote,
      nodeName,
      runtime: measuredRuntime(runtime, remote),
      host: createNodeHost({ clock, log, hostname: nodeName }),
      config,
    });
    const asking = values["rotate-server-certificates"];
    const server = await serveKubelet({
      ...remote,
      kubelet,
      tls: asking ? ofClients(values) : tlsMaterial(values, { ...remote, nodeName, address }),
      bindAddress: values.address,
      port: values.port,
    }).catch((error: NodeJS.ErrnoException) => {
      throw new Error(portError(error, `${values.address}:${values.port}`), { cause: error });
    });
    try {
      await Promise.all([
        kubelet.run(remote.signal),
        keepHostPorts(remote, settings),
        ...(asking ? [keepServing(remote, settings, server)] : []),
      ]);
    } finally {
      await server.close();
    }
  } finally {
    await runtime.close();
  }
}

async function keepServing(remote: Remote, of: NodeSettings, server: KubeletServer): Promise<void> {
  const { rotateServing } = await import("./serving.ts");
  const { nodeName, address, values } = of;
  const given = servingFiles(values);
  await rotateServing(remote, { ...{ nodeName, address, server }, certDir: values["cert-dir"], given });
}

async function keepHostPorts(remote: Remote, { values, nodeName }: NodeSettings): Promise<void> {
  const rulesName = values["host-port-rules"];
  if (rulesName === undefined) return;
  const { runHostPorts } = await import("./host-ports.ts");
  await runHostPorts(remote, { nodeName, rulesName, masqueradeFrom: values["host-port-masquerade-from"] });
}

/** The flags that were given win over the configuration file, and that over the defaults of flags. */
function kubeletConfig({ values, given, address, taints, settings }: NodeSettings): KubeletOptions["config"] {
  const ofFlags = {
    "cluster-dns": { clusterDns: values["cluster-dns"] },
    "cluster-domain": { clusterDomain: values["cluster-domain"] },
    "pod-manifest-path": { staticPodPath: values["pod-manifest-path"] },
    "resolv-conf": { resolverConfig: values["resolv-conf"] },
    "register-node": { registerNode: values["register-node"] },
    "max-pods": { maxPods: values["max-pods"] },
    "pod-cidr": { podCidr: values["pod-cidr"] },
    "cgroup-root": { cgroupRoot: values["cgroup-root"] },
    "cgroup-driver": { cgroupDriver: cgroupDriver(values["cgroup-driver"]) },
    "pod-logs-dir": { podLogsDirectory: values["pod-logs-dir"] },
  } satisfies Record<string, KubeletOptions["config"]>;
  const entries = Object.entries(ofFlags);
  const merged: KubeletOptions["config"] = Object.assign(
    {},
    ...entries.map(([, part]) => part),
    settings,
    ...entries.filter(([flag]) => given.has(flag)).map(([, part]) => part),
  );
  return {
    ...merged,
    rootDirectory: values["root-dir"],
    containerLogsDirectory: join(merged?.podLogsDirectory ?? values["pod-logs-dir"], "..", "containers"),
    nodeIps: [address],
    nodeLabels: values["node-labels"],
    registerWithTaints: taints,
    port: values.port,
  };
}

function socketOf(endpoint: string): string {
  if (!endpoint.startsWith("unix://") && !endpoint.startsWith("/"))
    throw new FlagError(
      `--container-runtime-endpoint ${endpoint}: only unix sockets are known, as in unix:///run/containerd/containerd.sock`,
    );
  return endpoint.replace(/^unix:\/\//, "");
}

function parseTaint(text: string): Taint {
  const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text);
  if (match === null)
    throw new FlagError(`invalid taint ${JSON.stringify(text)} for "--register-with-taints": use KEY=VALUE:EFFECT`);
  return { key: match[1]!, ...(match[2] ? { value: match[2] } : {}), effect: match[3] as Taint["effect"] };
}

function cgroupDriver(text: string): "cgroupfs" | "systemd" {
  if (text !== "cgroupfs" && text !== "systemd")
    throw new FlagError(
      `invalid argument ${JSON.stringify(text)} for "--cgroup-driver" flag: there are cgroupfs and systemd`,
    );
  return text;
}

interface NodeIdentity {
  readonly nodeName: string;
  readonly address: string;
  readonly clock: Clock;
  readonly rng: Rng;
}

function tlsMaterial(values: Values, { nodeName, address, clock, rng }: NodeIdentity) {
  const own = servingFiles(values) ?? selfSigned({ name: nodeName, hosts: [nodeName, address], clock, rng });
  return { ...own, ...ofClients(values) };
}

function ofClients(values: Values): { readonly clientCA?: string } {
  const authority = values["client-ca-file"];
  return authority ? { clientCA: readFlagFile("client-ca-file", authority) } : {};
}
