// `import { startCluster } from "typernetes"`: a whole Kubernetes control plane with simulated nodes inside a test or a program.
// In memory, without root; without sockets unless asked. What runs are the very components of `t8s up`.
import {
  type Clock,
  childController,
  createLogger,
  formatRecord,
  type LogLevel,
  MetricRegistry,
  type Rng,
  silentLogger,
  sleep,
  systemClock,
  systemRng,
} from "../../base/index.ts";
import type { Client } from "../../client/index.ts";
import type { Transport, UserInfo } from "../../machinery/index.ts";
import { createMemoryStore, type Store } from "../../store/index.ts";
import { type ControlPlane, componentUsers, createControlPlane } from "../apiserver/control-plane.ts";
import { type ComponentBase, type ControllerSettings, runControllerManager, runScheduler } from "../components.ts";
import { runSimulatedNode } from "../simulated-node.ts";
import type { ListeningApi } from "./listen.ts";

export * from "../../api/index.ts";
export { type Clock, type Rng, seededRng, VirtualClock } from "../../base/index.ts";
export { type Client, createInformerFactory, type InformerFactory, type ResourceClient } from "../../client/index.ts";
export {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isNotFound,
  type KubeList,
  type KubeObject,
  type NewObject,
  StatusError,
  type Transport,
  type UserInfo,
} from "../../machinery/index.ts";

export interface StartClusterOptions {
  /** Simulated nodes: 1 when not given; 0 leaves pods pending. */
  readonly nodes?: number;
  /** As --controllers; ["*"] when not given. [] runs none. */
  readonly controllers?: readonly string[];
  /** False: nothing is bound to nodes. */
  readonly scheduler?: boolean;
  /** Listens with TLS on loopback: a port, or true for any free one. Then `kubeconfig` is there for kubectl and other clients. */
  readonly listen?: boolean | number;
  readonly featureGates?: Readonly<Record<string, boolean>>;
  readonly admission?: { readonly enable?: readonly string[]; readonly disable?: readonly string[] };
  readonly clock?: Clock;
  readonly rng?: Rng;
  /** Writes the components' log to stderr from this level on; silent when not given. */
  readonly log?: LogLevel;
}

export interface Cluster extends AsyncDisposable {
  /** As a cluster administrator. */
  readonly client: Client;
  /** As anybody: authorization answers as it would over the wire. */
  clientAs(user: UserInfo): Client;
  transport(user?: UserInfo): Transport;
  /** Text of a kubeconfig for real clients; only when listening. */
  readonly kubeconfig: string | undefined;
  /** `https://127.0.0.1:port`; only when listening. */
  readonly url: string | undefined;
  /** Resolves with the node's name when it is registered and takes pods. */
  addNode(name?: string): Promise<string>;
  /** Ends a node's kubelet, as a machine that is switched off; the Node object stays. */
  stopNode(name: string): Promise<void>;
  /** Repeats the check, after writes and each 5 ms of the cluster's clock, until it yields something. Rejects after `timeoutMs` (10 s). */
  waitFor<T>(
    check: () => Promise<T | undefined | false>,
    options?: { readonly timeoutMs?: number; readonly what?: string },
  ): Promise<T>;
  /** Ends everything; nothing is left that would keep the process alive. Idempotent. */
  stop(): Promise<void>;
}

/** Begins with the import of the package, so that the first cluster of a process need not wait for it. */
const components = loadComponents();
components.catch(() => {}); // startCluster says what went wrong

async function loadComponents() {
  systemRng.uint32(); // the platform's own random numbers take a while to come the first time
  const [{ controllers, chooseControllers }] = await Promise.all([
    import("../../controllers/index.ts"),
    import("../../scheduler/index.ts"),
    import("../../kubelet/index.ts"),
    import("../../runtime/fake/index.ts"),
  ]);
  await Promise.all(controllers.map((entry) => entry.load()));
  return { chooseControllers };
}

const serviceRange = "10.96.0.0/16";
const nodePodCidr = (index: number): string => `10.${244 + (index >> 8)}.${index & 255}.0/24`;

/** Resolves when the API answers and the nodes are registered. */
export async function startCluster(options: StartClusterOptions = {}): Promise<Cluster> {
  const { chooseControllers } = await components;
  chooseControllers(options.controllers ?? ["*"]); // throws for a name that no controller has
  const clock = options.clock ?? systemClock;
  const rng = options.rng ?? systemRng;
  const log =
    options.log === undefined
      ? silentLogger
      : createLogger({
          clock,
          component: "",
          level: options.log,
          write: (record) => console.error(formatRecord(record)),
        });
  const store = createMemoryStore({ clock });
  const listening = options.listen === undefined || options.listen === false ? undefined : await import("./listen.ts");
  const identity = listening?.createIdentity({ clock, rng });
  const plane = createControlPlane({
    store,
    clock,
    rng,
    log: log.child("apiserver"),
    metrics: new MetricRegistry(),
    authorizationModes: ["Node", "RBAC"],
    serviceClusterIPRange: serviceRange,
    allowPrivileged: true,
    admission: { enable: options.admission?.enable ?? [], disable: options.admission?.disable ?? [] },
    featureGates: options.featureGates ?? {},
    ...(identity ? { tokenIssuer: identity.tokenIssuer } : {}),
  });
  await plane.start();
  const life = new AbortController();
  const signToken = identity?.tokenIssuer.sign;
  const running = startComponents({
    plane,
    options,
    ...(signToken ? { signToken } : {}),
    clock,
    rng,
    log,
    signal: life.signal,
  });
  running.catch(() => {}); // stop rejects with it
  const api =
    identity === undefined
      ? undefined
      : await listening!.listen({
          plane,
          identity,
          port: options.listen === true ? 0 : (options.listen as number),
          clock,
          rng,
          log,
        });
  const nodes = createNodes({ plane, clock, rng, log, signal: life.signal });
  const count = options.nodes ?? 1;
  await Promise.all(Array.from({ length: count }, () => nodes.add()));
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      life.abort(new Error("the cluster is stopped"));
      await Promise.all([running, nodes.ended()]);
      await api?.close();
      await plane.close();
      await store.close();
    })();
    return stopped;
  };
  return {
    ...handles({ plane, store, clock, api }),
    addNode: nodes.add,
    stopNode: nodes.stop,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Parts {
  readonly plane: ControlPlane;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: ReturnType<typeof createLogger>;
  readonly signal: AbortSignal;
}

const baseOf = ({ clock, rng, log, signal }: Omit<Parts, "plane">, client: Client): ComponentBase => ({
  client,
  clock,
  rng,
  log,
  signal,
  metrics: new MetricRegistry(),
});

function startComponents(
  parts: Parts & { readonly options: StartClusterOptions } & Pick<ControllerSettings, "signToken">,
): Promise<unknown> {
  const { plane, options, signToken } = parts;
  const controllers = options.controllers ?? ["*"];
  const settings = {
    names: controllers,
    ...(signToken ? { signToken } : {}),
    transportOf: (account: string) =>
      plane.transport({
        username: `system:serviceaccount:kube-system:${account}`,
        groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
      }),
  };
  return Promise.all([
    ...(controllers.length > 0
      ? [
          runControllerManager(
            baseOf(parts, plane.client(componentUsers.controllerManager, "kube-controller-manager/v1.36")),
            settings,
          ),
        ]
      : []),
    ...(options.scheduler === false
      ? []
      : [runScheduler(baseOf(parts, plane.client(componentUsers.scheduler, "kube-scheduler/v1.36")))]),
  ]);
}

function createNodes(parts: Parts) {
  const all = new Map<string, { readonly stop: AbortController; readonly running: Promise<void> }>();
  let made = 0;
  return {
    async add(name?: string): Promise<string> {
      const index = made++;
      const called = name ?? `node-${index}`;
      if (all.has(called)) throw new Error(`there is a node ${called} already`);
      const stop = childController(parts.signal);
      const { signal } = stop;
      const client = parts.plane.client(componentUsers.node(called), "kubelet/v1.36");
      const settings = { name: called, podCidr: nodePodCidr(index), address: `192.0.2.${(index % 254) + 1}` };
      const ready = Promise.withResolvers<void>();
      const running = runSimulatedNode(baseOf({ ...parts, signal }, client), settings, { ready: ready.resolve });
      all.set(called, { stop, running });
      await Promise.race([ready.promise, running]);
      return called;
    },
    async stop(name: string): Promise<void> {
      const node = all.get(name);
      if (node === undefined) throw new Error(`there is no node ${name}`);
      node.stop.abort(new Error("the node is switched off"));
      all.delete(name);
      await node.running;
    },
    ended: () => Promise.all([...all.values()].map((node) => node.running)),
  };
}

/** What a check asks may be nothing that is written in the cluster. */
const longestPauseMs = 5;

function handles(of: {
  readonly plane: ControlPlane;
  readonly store: Store;
  readonly clock: Clock;
  readonly api: ListeningApi | undefined;
}) {
  const { plane, store, clock, api } = of;
  const clientAs = (user: UserInfo): Client => plane.client(user, "typernetes");
  return {
    client: clientAs(componentUsers.admin),
    clientAs,
    transport: (user: UserInfo = componentUsers.admin): Transport => plane.transport(user),
    kubeconfig: api?.kubeconfig,
    url: api?.url,
    async waitFor<T>(
      check: () => Promise<T | undefined | false>,
      options: { timeoutMs?: number; what?: string } = {},
    ): Promise<T> {
      const { timeoutMs = 10_000, what = "what was awaited" } = options;
      const deadline = clock.monotonic() + timeoutMs;
      for (;;) {
        const revision = store.revision();
        const found = await check();
        if (found !== undefined && found !== false) return found;
        if (clock.monotonic() > deadline) throw new Error(`${what} did not come about in ${timeoutMs} ms`);
        for (let ms = 0; ms < longestPauseMs && (ms === 0 || store.revision() === revision); ms++)
          await sleep(clock, 1);
      }
    },
  };
}
