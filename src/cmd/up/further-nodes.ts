// The nodes beside the first: each is a place of its own on this machine (see cluster/node-space.ts) in which containerd, `t8s kubelet`
// and `t8s proxy` run as processes, with the node's own certificate, as a machine that joined. What a network plugin does on
// real machines is done here: the runtime's network configuration from spec.podCIDR, and the route to it.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Node, nodes } from "../../api/index.ts";
import { type Logger, onAbort, systemClock } from "../../base/index.ts";
import {
  type ClusterConfig,
  type ClusterLayout,
  containerdReady,
  type FurtherNode,
  type FurtherNodeLayout,
  furtherNode,
  furtherNodeLayout,
  inNode,
  makeNodeSpace,
  type ProgramLayout,
  prepareImages,
  provideImages,
  removeRecord,
  routePods,
  spawnDetached,
  startContainerd,
  unroutePods,
} from "../../cluster/index.ts";
import { type ClusterPki, type KeyPair, writeKubeconfig } from "../../cluster/pki/index.ts";
import { ignoreNotFound } from "../../machinery/index.ts";
import { type ControlPlane, componentUsers } from "../apiserver/control-plane.ts";
import { keepRunning } from "./keep-running.ts";
import { isReady, whenNode } from "./node-watch.ts";
import { teardownNode } from "./teardown.ts";

export interface FurtherNodeParts {
  readonly layout: ClusterLayout;
  readonly config: ClusterConfig;
  readonly plane: ControlPlane;
  readonly pki: ClusterPki;
  /** Where the API server is reached. */
  readonly address: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

interface Running extends FurtherNodeParts {
  readonly node: FurtherNode;
  readonly places: FurtherNodeLayout;
}

/** The node's, which is alone in its namespace. */
const kubeletPort = 10250;

/** Resolves after the signal aborted and the node's programs ended; its containerd and its containers go on. */
export async function runFurtherNode(parts: FurtherNodeParts, number: number): Promise<void> {
  const { config, layout, plane, signal, log } = parts;
  const node = furtherNode(config, number);
  const places = furtherNodeLayout(layout, number);
  const running: Running = { ...parts, node, places };
  for (const directory of [places.directory, places.kubeletDirectory, places.podLogDirectory])
    mkdirSync(directory, { recursive: true });
  await makeNodeSpace(config, node);
  const containerd = keepRunning({
    name: `containerd of node ${node.name}`,
    recordFile: places.containerd.processFile,
    logFile: places.containerd.logFile,
    start: () => startContainerd(places, inNode(node)),
    // Started or taken over before anybody asks whether it answers: one that is not there yet is told from one that ended.
    running: startContainerd(places, inNode(node)) ?? places.containerd,
    outlives: true,
    ...{ signal, log, clock: systemClock },
  });
  const rest = async (): Promise<void> => {
    await prepareImages(places, ["pause"]);
    await containerdReady(places, systemClock);
    await provideImages(places, ["pause"]);
    // The first range of pod addresses is the first node's, by its bridge.
    await whenNode(plane, (each) => each.metadata.name === config.nodeName && hasRange(each), signal);
    if (signal.aborted) return;
    await Promise.all([runKubelet(running), runNetwork(running), provideBusybox(running)]);
  };
  await Promise.all([containerd, rest()]);
}

const hasRange = (node: Node): boolean => node.spec?.podCIDR !== undefined;

/** Not needed by the node itself, but by whoever tries it without a registry. */
async function provideBusybox({ plane, node, places, log, signal }: Running): Promise<void> {
  const found = await whenNode(plane, (each) => each.metadata.name === node.name && isReady(each), signal);
  if (found === undefined) return;
  await provideImages(places, ["busybox"]).catch((error: unknown) =>
    log.warn("the busybox image cannot be provided", { node: node.name, error }),
  );
}

function runKubelet(running: Running): Promise<void> {
  const { node, places, config, layout, pki } = running;
  const own = pki.nodes.get(node.name);
  if (own === undefined) throw new Error(`no certificate for node ${node.name}`);
  const certificate = (name: string): string => join(layout.pkiDirectory, name);
  return keepProgram(running, "kubelet", {
    places: places.kubelet,
    client: own.client,
    flags: [
      `--hostname-override=${node.name}`,
      `--node-ip=${node.address}`,
      `--container-runtime-endpoint=unix://${places.containerd.socket}`,
      `--root-dir=${places.kubeletDirectory}`,
      `--pod-logs-dir=${places.podLogDirectory}`,
      `--cgroup-root=${node.cgroupRoot}`,
      `--cluster-dns=${config.dnsIp}`,
      `--cluster-domain=${config.clusterDomain}`,
      `--client-ca-file=${certificate("ca.crt")}`,
      `--tls-cert-file=${certificate(`nodes/${node.name}-serving.crt`)}`,
      `--tls-private-key-file=${certificate(`nodes/${node.name}-serving.key`)}`,
      `--port=${kubeletPort}`,
      `--host-port-rules=${config.name}`,
    ],
  });
}

/** Follows the node's range of pod addresses: its bridge and rules, the route to it, and then the service proxy. */
async function runNetwork(running: Running): Promise<void> {
  const { plane, node, signal, places, config, pki } = running;
  let proxy: Promise<void> | undefined;
  const connectPods = async (podCidr: string, before: string | undefined): Promise<void> => {
    const { setUpPodNetwork } = await import("../../network/node/index.ts");
    const { bridgeFiltered } = await setUpPodNetwork({
      cluster: config.name,
      bridge: config.bridge,
      podCidr,
      clusterCidr: config.podCidr,
      stateDirectory: places.cni.stateDirectory,
      configDirectory: places.cni.configDirectory,
      mtu: 0,
      namespacePath: node.namespacePath,
    });
    if (before !== undefined) await unroutePods(before);
    await routePods(node, podCidr);
    proxy ??= keepProgram(running, "proxy", {
      places: places.proxy,
      client: pki.kubeProxy,
      flags: [
        `--hostname-override=${node.name}`,
        `--bind-address=${node.address}`,
        `--cluster-cidr=${config.podCidr}`,
        `--rules-name=${config.name}`,
        ...(bridgeFiltered ? [] : ["--masquerade-all"]),
      ],
    });
  };
  await new Promise<void>((resolve, reject) => {
    let inForce: string | undefined;
    let last = Promise.resolve();
    const unsubscribe = plane.reader.subscribe(nodes, {
      upsert: (each) => {
        const podCidr = each.spec?.podCIDR;
        if (each.metadata.name !== node.name || podCidr === undefined || podCidr === inForce) return;
        const before = inForce;
        inForce = podCidr;
        last = last.then(() => connectPods(podCidr, before));
        // The proxy's end too: nobody else waits for it before the signal aborts.
        last.then(() => proxy).catch(reject);
      },
      remove: () => {},
    });
    onAbort(signal, () => {
      unsubscribe();
      last.then(resolve, reject);
    });
  });
  await proxy;
}

interface Program {
  readonly places: ProgramLayout;
  readonly client: KeyPair;
  readonly flags: readonly string[];
}

function keepProgram(running: Running, command: "kubelet" | "proxy", program: Program): Promise<void> {
  const { node, config, pki, address, signal, log } = running;
  const { places, client, flags } = program;
  writeKubeconfig(places.kubeconfigFile, {
    clusterName: config.name,
    userName: command,
    server: `https://${address}:${config.ports.api}`,
    ca: pki.ca.cert,
    client,
  });
  const [enter = "", ...words] = inNode(node);
  return keepRunning({
    name: `the ${command} of node ${node.name}`,
    recordFile: places.processFile,
    logFile: places.logFile,
    start: () =>
      spawnDetached({
        command: enter,
        args: [
          ...[...words, process.execPath, ...process.execArgv, process.argv[1]!],
          ...[command, `--kubeconfig=${places.kubeconfigFile}`, ...flags],
        ],
        logFile: places.logFile,
        recordFile: places.processFile,
      }),
    ...{ signal, log, clock: systemClock },
  }).finally(() => removeRecord(places.processFile));
}

/** Forgets a node that the cluster shall not have any more: what runs there, its Node object, its data. */
export async function dropFurtherNode(parts: FurtherNodeParts, number: number): Promise<void> {
  const { config, layout, plane, log } = parts;
  const places = furtherNodeLayout(layout, number);
  const node = furtherNode(config, number);
  await teardownNode({ layout: places, node, log });
  const client = plane.client(componentUsers.admin, "t8s");
  await client.of(nodes).delete({ name: node.name }).catch(ignoreNotFound);
  rmSync(places.directory, { recursive: true, force: true });
}
