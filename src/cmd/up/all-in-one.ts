// A whole cluster in one process: API server with its store, controllers, scheduler, and one node with kubelet, service proxy and DNS on
// a containerd of the cluster's own; or, where containers cannot run, simulated nodes.

import type { Node } from "../../api/index.ts";
import {
  errorText,
  type Logger,
  MetricRegistry,
  onAbort,
  systemClock,
  systemRng,
  timeoutSignal,
} from "../../base/index.ts";
import {
  containerdReady,
  type FurtherNode,
  firstFurtherNode,
  furtherNode,
  furtherNodeNumbers,
  makeNodeNetwork,
  nodeAddress,
  nodePodCidr,
  prepareImages,
  startContainerd,
} from "../../cluster/index.ts";
import { type ClusterPki, loadOrCreatePki, writeKubeconfig } from "../../cluster/pki/index.ts";
import { defaultRequestHeaders, featureGates } from "../../server/index.ts";
import {
  createExtensionDialer,
  createNodeStreaming,
  createTokenIssuer,
  type Listener,
  type NodeStreaming,
} from "../../server/node/index.ts";
import type { Store } from "../../store/index.ts";
import { openSqliteStore } from "../../store/sqlite/index.ts";
import { plainAuditor } from "../apiserver/audit.ts";
import { type ControlPlane, componentUsers, createControlPlane } from "../apiserver/control-plane.ts";
import { extensionAuthentication } from "../apiserver/extension-authentication.ts";
import { serveApi } from "../apiserver/serve-api.ts";
import { type ComponentBase, runControllerManager, runScheduler } from "../components.ts";
import { localVolumes, provisioningVolumes } from "../local-volumes.ts";
import type { AllInOneOptions } from "./all-in-one-options.ts";
import { type Adopted, keepRunning } from "./keep-running.ts";
import { isReadySince, whenNode } from "./node-watch.ts";
import { simulatedNetwork } from "./simulated-network.ts";
import { prepareSimulatedNodes, type SimulatedNodes } from "./simulated-nodes.ts";

export type { AllInOneOptions };

export interface AllInOne {
  readonly plane: ControlPlane;
  readonly address: string;
  /** Rejects when a part fails for good. */
  readonly failed: Promise<never>;
  /** Ends everything inside this process, in order; containers go on. */
  stop(): Promise<void>;
}

/** Events and Leases may lose their last second in a power cut, as they would lose their meaning. */
const relaxedPrefixes = ["/registry/events/", "/registry/leases/"];

export async function startAllInOne(options: AllInOneOptions): Promise<AllInOne> {
  const { layout, log, mode } = options;
  // First of all: it needs as long as everything that follows.
  const containerd = mode === "containers" ? (startContainerd(layout) ?? layout.containerd) : undefined;
  const address = await clusterAddress(options);
  const life = new AbortController();
  const simulated = mode === "simulated" ? prepareSimulatedNodes(options, life.signal) : undefined;
  const storeOpening = openSqliteStore({
    path: layout.databaseFile,
    clock: systemClock,
    log: log.child("store"),
    relaxedPrefixes,
  });
  const pki = openPki(options, address);
  const store = await storeOpening;
  const streaming = createNodeStreaming({
    cert: pki.apiServerKubeletClient.cert,
    key: pki.apiServerKubeletClient.key,
    ca: pki.ca.cert,
    rng: systemRng,
    log: log.child("streaming"),
  });
  const plane = await startPlane({ options, pki, store, address, streaming, simulated });
  const listener = await listen({ options, pki, plane, address, streaming });
  const tasks = createTasks(life.signal);
  startParts({ options, plane, pki, address, containerd, simulated, signal: life.signal, start: tasks.start });
  void announceNodes(plane, options, life.signal);
  return {
    plane,
    address,
    failed: tasks.failed,
    async stop() {
      life.abort(new Error("the cluster stops"));
      await ended(tasks.all, log);
      await listener.close();
      streaming.close();
      await plane.close();
      await store.close();
    },
  };
}

const openPki = (options: AllInOneOptions, address: string): ClusterPki =>
  loadOrCreatePki({
    directory: options.layout.pkiDirectory,
    clock: systemClock,
    rng: systemRng,
    serviceIP: options.config.apiServiceIp,
    clusterDomain: options.config.clusterDomain,
    apiServerHosts: [address, options.config.nodeName],
    nodes: [{ name: options.config.nodeName, addresses: [address] }, ...furtherNodes(options).map(certifiedNode)],
  });

/** Opens the API to the world, writes the kubeconfig for it and says so. */
async function listen(
  parts: Omit<PlaneParts, "store" | "simulated"> & { readonly plane: ControlPlane },
): Promise<Listener> {
  const { options, pki, plane, address, streaming } = parts;
  const { layout, config, log } = options;
  const listener = await serveApi({
    plane,
    streaming,
    tls: {
      cert: pki.apiServer.cert,
      key: pki.apiServer.key,
      clientCA: pki.ca.cert,
      requestHeaderCA: pki.frontProxyCA.cert,
    },
    bindAddress: "0.0.0.0",
    port: config.ports.api,
    clock: systemClock,
    log: log.child("http"),
  }).catch((error: Error) => {
    throw new Error(`the API server failed: ${error.message}`, { cause: error });
  });
  writeKubeconfig(layout.kubeconfigFile, {
    clusterName: config.name === "default" ? "typernetes" : `typernetes-${config.name}`,
    userName: "admin",
    server: `https://127.0.0.1:${config.ports.api}`,
    ca: pki.ca.cert,
    client: pki.admin,
  });
  options.onStage("API server", `https://${address}:${config.ports.api}`);
  return listener;
}

type StartTask = (name: string, task: Promise<void>) => void;

interface Tasks {
  readonly start: StartTask;
  readonly all: ReadonlyMap<string, Promise<void>>;
  /** Rejects by the name of the first that fails before `signal` aborts. */
  readonly failed: Promise<never>;
}

function createTasks(signal: AbortSignal): Tasks {
  const all = new Map<string, Promise<void>>();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {}); // whoever awaits it is told; nobody has to
  const start: StartTask = (name, task) => {
    const told = task.catch((error: unknown) => {
      const message = errorText(error);
      if (!signal.aborted) reject(new Error(`${name} failed: ${message}`, { cause: error }));
    });
    all.set(name, told);
  };
  return { start, all, failed };
}

interface ClusterParts {
  readonly options: AllInOneOptions;
  readonly simulated: SimulatedNodes | undefined;
  readonly plane: ControlPlane;
  readonly pki: ClusterPki;
  readonly address: string;
  readonly containerd: ReturnType<typeof startContainerd> | Adopted;
  readonly signal: AbortSignal;
  readonly start: StartTask;
}

function startParts(parts: ClusterParts): void {
  const { options, plane, pki, address, containerd, signal, start, simulated } = parts;
  const { layout, config, log } = options;
  const gates = featureGates(options.featureGates ?? {});
  const base = (client: ComponentBase["client"]): ComponentBase => ({
    client,
    clock: systemClock,
    rng: systemRng,
    log,
    metrics: new MetricRegistry(),
    signal,
  });
  start(
    "the controllers",
    runControllerManager(base(plane.client(componentUsers.controllerManager, "kube-controller-manager/v1.36")), {
      rootCa: pki.ca.cert,
      signToken: (claims) => tokenIssuerOf(config, pki).sign(claims),
      ...(pki.ca.key ? { signing: { authorityOf: () => pki.ca, longestMs: 365 * 86_400_000 } } : {}),
      clusterCidr: options.mode === "simulated" ? networkOf(options).podCidr : config.podCidr,
      options: options.hostPathProvisioner === true ? provisioningVolumes : localVolumes,
      featureEnabled: (gate) => gates.enabled(gate),
      transportOf: (account) => plane.transport(serviceAccountUser(account)),
    }),
  );
  start("the scheduler", scheduleOnceThereIsANode(plane, base));
  if (containerd !== undefined)
    start(
      "containerd",
      keepRunning({
        name: "containerd",
        recordFile: layout.containerd.processFile,
        logFile: layout.containerd.logFile,
        start: () => startContainerd(layout),
        running: containerd,
        outlives: true,
        ...{ signal, clock: systemClock, log },
      }),
    );
  start("the node", startNodes({ options, plane, pki, address, base, start, simulated }));
}

const networkOf = ({ config, nodeCount }: AllInOneOptions) => simulatedNetwork(config.podCidr, nodeCount);

/** Those with real containers. */
const furtherNodes = ({ config, mode, nodeCount }: AllInOneOptions): FurtherNode[] =>
  mode === "simulated"
    ? []
    : Array.from({ length: nodeCount - 1 }, (_, index) => furtherNode(config, index + firstFurtherNode));

const certifiedNode = ({ name, address }: FurtherNode) => ({ name, addresses: [address] });

/**
 * Where the cluster is reached. A machine without any network has the pods' gateway: pods would take 127.0.0.1 for themselves. It has no
 * route either, and without one the kernel refuses a cluster IP before the service proxy's rules see it.
 */
async function clusterAddress({ config, mode }: AllInOneOptions): Promise<string> {
  const address = nodeAddress();
  if (address !== "127.0.0.1" || mode === "simulated") return address;
  const { createBridge } = await import("../../network/node/index.ts");
  const podCidr = nodePodCidr(config.podCidr);
  return createBridge({ bridge: config.bridge, podCidr, mtu: 0, routes: [config.serviceCidr] });
}

/** What has not ended by then is named and left behind: the process ends anyway. */
const stopLimitMs = 10_000;

async function ended(tasks: ReadonlyMap<string, Promise<void>>, log: Logger): Promise<void> {
  const pending = new Set(tasks.keys());
  const all = Promise.all([...tasks].map(([name, task]) => task.then(() => pending.delete(name))));
  using limit = timeoutSignal(systemClock, stopLimitMs);
  await Promise.race([all, new Promise<void>((resolve) => onAbort(limit, resolve))]);
  if (pending.size > 0) log.warn("parts of the cluster did not end in time", { parts: [...pending].join(", ") });
}

const serviceAccountUser = (account: string) => ({
  username: `system:serviceaccount:kube-system:${account}`,
  groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
});

interface PlaneParts {
  readonly options: AllInOneOptions;
  readonly pki: ClusterPki;
  readonly store: Store;
  readonly address: string;
  readonly streaming: NodeStreaming;
  readonly simulated: SimulatedNodes | undefined;
}

async function startPlane({ options, pki, store, address, streaming, simulated }: PlaneParts): Promise<ControlPlane> {
  const { audit, config, log, setVerbosity } = options;
  const metrics = new MetricRegistry();
  const auditor = plainAuditor(audit?.file, audit?.path, { metrics, log });
  const plane = createControlPlane({
    store,
    clock: systemClock,
    rng: systemRng,
    log: log.child("apiserver"),
    metrics,
    ...(auditor ? { auditor } : {}),
    ...(options.featureGates ? { featureGates: options.featureGates } : {}),
    ...(options.runtimeConfig ? { runtimeConfig: options.runtimeConfig } : {}),
    ...(setVerbosity ? { setVerbosity: andThen(setVerbosity, simulated?.levelChanged) } : {}),
    advertise: { address, port: config.ports.api },
    authorizationModes: ["Node", "RBAC"],
    serviceClusterIPRange: config.serviceCidr,
    connect: streaming.connect,
    admission: { enable: ["NodeRestriction"], disable: [] },
    allowPrivileged: true,
    // They live and end with this process.
    componentProbes: { scheduler: async () => "ok", "controller-manager": async () => "ok" },
    aggregation: { dialer: createExtensionDialer(pki.frontProxyClient) },
    requestHeader: defaultRequestHeaders,
    extensionAuthentication: extensionAuthentication(
      { clientCA: pki.ca.cert, requestHeaderCA: pki.frontProxyCA.cert },
      defaultRequestHeaders,
    ),
    tokenIssuer: tokenIssuerOf(config, pki),
  });
  await plane.start();
  return plane;
}

const andThen =
  <T>(first: (value: T) => void, next: (() => void) | undefined) =>
  (value: T): void => {
    first(value);
    next?.();
  };

const tokenIssuerOf = (config: AllInOneOptions["config"], pki: ClusterPki): ReturnType<typeof createTokenIssuer> =>
  createTokenIssuer({
    issuers: [`https://kubernetes.default.svc.${config.clusterDomain}`],
    signingKey: pki.serviceAccount.privateKey,
  });

interface NodeParts {
  readonly options: AllInOneOptions;
  readonly simulated: SimulatedNodes | undefined;
  readonly plane: ControlPlane;
  readonly pki: ClusterPki;
  readonly address: string;
  readonly base: (client: ComponentBase["client"]) => ComponentBase;
  readonly start: StartTask;
}

async function startNodes(parts: NodeParts): Promise<void> {
  const { options, plane, base, start, simulated } = parts;
  if (options.mode === "simulated") {
    simulated?.run({ plane, base, start });
    return;
  }
  const [{ startRealNode }] = await Promise.all([
    import("./real-node.ts"),
    containerdReady(options.layout, systemClock),
    prepareImages(options.layout, ["pause"]),
  ]);
  await startRealNode(parts);
  await startFurtherNodes(parts);
}

async function startFurtherNodes({ options, plane, pki, address, base, start }: NodeParts): Promise<void> {
  const { layout, config, log, nodeCount } = options;
  const surplus = furtherNodeNumbers(layout).filter((number) => number > nodeCount);
  const wanted = furtherNodes(options);
  if (surplus.length + wanted.length === 0) return;
  const { dropFurtherNode, runFurtherNode } = await import("./further-nodes.ts");
  const { signal } = base(plane.client(componentUsers.admin, "t8s"));
  const parts = { layout, config, plane, pki, address, log, signal };
  for (const number of surplus) await dropFurtherNode(parts, number);
  if (wanted.length > 0) await makeNodeNetwork(config);
  for (const { name, number } of wanted) start(`node ${name}`, runFurtherNode(parts, number));
}

/**
 * A pod that is tried while there is no node at all has failed by an error and is not tried again for a second, whatever
 * happens meanwhile; one that the new node's taint turns away is tried as soon as the taint goes. So the first attempt
 * waits for the first node, which is on its way.
 */
async function scheduleOnceThereIsANode(plane: ControlPlane, base: NodeParts["base"]): Promise<void> {
  const parts = base(plane.client(componentUsers.scheduler, "kube-scheduler/v1.36"));
  await Promise.all([import("../../scheduler/index.ts"), whenNode(plane, () => true, parts.signal)]);
  if (!parts.signal.aborted) await runScheduler(parts);
}

/** Tells when each node with real containers is ready, or the first simulated one. */
async function announceNodes(plane: ControlPlane, options: AllInOneOptions, signal: AbortSignal): Promise<void> {
  const startedMs = systemClock.now();
  const announce = async (fits: (node: Node) => boolean): Promise<void> => {
    const node = await whenNode(plane, (each) => fits(each) && isReadySince(each, startedMs), signal);
    if (node !== undefined) options.onStage("node ready", node.metadata.name);
  };
  if (options.mode === "simulated") return announce(() => true);
  const names = [options.config.nodeName, ...furtherNodes(options).map(({ name }) => name)];
  await Promise.all(names.map((name) => announce((node) => node.metadata.name === name)));
}
