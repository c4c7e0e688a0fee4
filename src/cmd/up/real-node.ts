// The node with real containers: pod network, runtime, kubelet, service proxy and DNS of this machine.
import { mkdirSync } from "node:fs";

import { onAbort, systemClock, systemRng } from "../../base/index.ts";
import { createInformerFactory } from "../../client/index.ts";
import { authorizeDns, dnsUser, nodeNetwork, nodePodCidr, provideImages, publishDns } from "../../cluster/index.ts";
import type { ClusterPki } from "../../cluster/pki/index.ts";
import { createKubelet } from "../../kubelet/index.ts";
import { createNodeHost, measuredRuntime, serveKubelet } from "../../kubelet/node/index.ts";
import { createDnsView, createProxy } from "../../network/index.ts";
import {
  createNftBackend,
  defaultConntrackLimits,
  serveDns,
  setConntrackLimits,
  setUpPodNetwork,
  upstreamsOf,
} from "../../network/node/index.ts";
import { connectCri } from "../../runtime/cri/index.ts";
import { type ControlPlane, componentUsers } from "../apiserver/control-plane.ts";
import type { ComponentBase } from "../components.ts";
import { portError } from "../health.ts";
import { runHostPorts } from "../kubelet/host-ports.ts";
import { registerComponentMetrics } from "../process-metrics.ts";
import type { AllInOneOptions } from "./all-in-one-options.ts";
import { isReady, whenNode } from "./node-watch.ts";

export interface RealNodeParts {
  readonly options: AllInOneOptions;
  readonly plane: ControlPlane;
  readonly pki: ClusterPki;
  readonly address: string;
  readonly base: (client: ComponentBase["client"]) => ComponentBase;
  readonly start: (name: string, task: Promise<void>) => void;
}

/** Resolves when everything is on its way; what fails later fails the task that `start` was given. */
export async function startRealNode(parts: RealNodeParts): Promise<void> {
  const { options, plane, base, start } = parts;
  const { config, layout } = options;
  const administrator = plane.client(componentUsers.admin, "t8s");
  // The cluster's own: also a failed part ends it, not only the person at the keyboard.
  const { signal } = base(administrator);
  const [network] = await Promise.all([
    setUpPodNetwork({
      cluster: config.name,
      bridge: config.bridge,
      podCidr: nodePodCidr(config.podCidr),
      clusterCidr: config.podCidr,
      stateDirectory: layout.cni.stateDirectory,
      configDirectory: layout.cni.configDirectory,
      mtu: 0,
      ...(options.nodeCount > 1 ? { nodes: nodeNetwork(config) } : {}),
    }),
    provideImages(layout, ["pause"]),
  ]);
  // Not needed by the node itself, but by whoever tries it without a registry: it comes behind the start.
  start(
    "the busybox image",
    whenNode(plane, isReady, signal)
      .then((node) => (node === undefined ? undefined : provideImages(layout, ["busybox"])))
      .catch((error: unknown) => options.log.warn("the busybox image cannot be provided", { error })),
  );
  start("the kubelet", runKubelet(parts));
  start("the service proxy", runProxy(parts, network.bridgeFiltered));
  start(
    "host ports",
    runHostPorts(base(plane.client(componentUsers.node(config.nodeName), "kubelet/v1.36")), {
      nodeName: config.nodeName,
      rulesName: config.name,
      masqueradeFrom: network.bridgeFiltered ? undefined : config.podCidr,
    }),
  );
  start("DNS", runDns({ ...parts, client: administrator }));
}

async function runKubelet({ options, plane, pki, address, base }: RealNodeParts): Promise<void> {
  const { config, layout, log } = options;
  const client = plane.client(componentUsers.node(config.nodeName), "kubelet/v1.36");
  const parts = base(client);
  for (const directory of [layout.kubeletDirectory, `${layout.podLogDirectory}/containers`])
    mkdirSync(directory, { recursive: true });
  const runtime = await connectCri({ socket: layout.containerd.socket, clock: systemClock, log: log.child("cri") });
  const host = createNodeHost({ clock: systemClock, log: log.child("host") });
  registerComponentMetrics(parts.metrics, systemClock);
  const kubelet = createKubelet({
    ...parts,
    nodeName: config.nodeName,
    runtime: measuredRuntime(runtime, parts),
    host,
    config: {
      clusterDns: [config.dnsIp],
      clusterDomain: config.clusterDomain,
      rootDirectory: layout.kubeletDirectory,
      podLogsDirectory: layout.podLogDirectory,
      containerLogsDirectory: `${layout.podLogDirectory}/containers`,
      nodeIps: [address],
      podCidr: nodePodCidr(config.podCidr),
      port: config.ports.kubelet,
      cgroupRoot: config.cgroupRoot,
    },
  });
  const serving = pki.nodes.get(config.nodeName);
  if (serving === undefined) throw new Error(`no certificate for node ${config.nodeName}`);
  const server = await serveKubelet({
    kubelet,
    tls: { cert: serving.serving.cert, key: serving.serving.key, clientCA: pki.ca.cert },
    bindAddress: "0.0.0.0",
    port: config.ports.kubelet,
    client,
    clock: systemClock,
    log: log.child("kubelet"),
  }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(portError(error, `0.0.0.0:${config.ports.kubelet}`), { cause: error });
  });
  try {
    await kubelet.run(parts.signal);
  } finally {
    await server.close();
    await runtime.close();
  }
}

async function runProxy({ options, plane, address, base }: RealNodeParts, bridgeFiltered: boolean): Promise<void> {
  const { config } = options;
  const { clock, rng, metrics, signal, client, log } = base(plane.client(componentUsers.proxy, "kube-proxy/v1.36"));
  const informers = createInformerFactory({ client, clock, rng, log, signal });
  const backend = createNftBackend({
    cluster: config.name,
    clusterCidrs: [config.podCidr],
    masqueradeAll: !bridgeFiltered,
    log: log.child("proxy"),
  });
  const proxy = createProxy({
    informers,
    backend,
    nodeName: config.nodeName,
    // Localhost too, which upstream's nftables mode does not offer: an address that works on every machine.
    nodeAddresses: [address, "127.0.0.1"],
    clock,
    log: log.child("proxy"),
    metrics,
  });
  informers.start();
  // How much the machine tracks stays its own affair.
  await setConntrackLimits({ ...defaultConntrackLimits, maxPerCore: 0 }, log);
  await proxy.run(signal);
}

async function runDns(parts: RealNodeParts & { readonly client: ComponentBase["client"] }): Promise<void> {
  const { options, plane, address, base } = parts;
  const { config } = options;
  const { clock, rng, signal, client, log } = base(plane.client(dnsUser, "t8s-dns"));
  const informers = createInformerFactory({ client, clock, rng, log, signal });
  const view = createDnsView(informers);
  await authorizeDns(parts.client);
  informers.start();
  const server = await serveDns({
    view,
    clusterDomain: config.clusterDomain,
    upstreams: upstreamsOf("/etc/resolv.conf", ["127.0.0.1", "::1", address]),
    addresses: [address],
    port: config.ports.dns,
    clock: systemClock,
    rng: systemRng,
    log: log.child("dns"),
  });
  try {
    await publishDns(parts.client, { dnsIp: config.dnsIp, address, port: server.port });
    // Another part may have failed meanwhile.
    await new Promise<void>((resolve) => onAbort(signal, resolve));
  } finally {
    await server.close();
  }
}
