// A whole cluster under a virtual clock and a seed: store, API server, controllers, scheduler and kubelets on simulated machines, each of
// the last four a process of its own behind a network that can fail. Everything that happens is a function of the seed.
import {
  type Clock,
  createLogger,
  formatRecord,
  type Logger,
  MetricRegistry,
  type Rng,
  seededRng,
  silentLogger,
  VirtualClock,
} from "../base/index.ts";
import { type Client, createClient, createInformerFactory } from "../client/index.ts";
import { controllers, runControllers } from "../controllers/index.ts";
import { createKubelet, createSimulatedHost } from "../kubelet/index.ts";
import type { UserInfo } from "../machinery/index.ts";
import { createFakeRuntime, type FakeRuntime } from "../runtime/fake/index.ts";
import { createScheduler } from "../scheduler/index.ts";
import { type ApiServer, bootstrapRbac, createApiServer, createAuthorizer } from "../server/index.ts";
import { createMemoryStore, type Store } from "../store/index.ts";
import { type Commit, createHistory, type History, listenTo } from "./history.ts";
import { createLink, type Link, type Reachable, type Weather } from "./network.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly nodes: number;
  /** As --controllers. */
  readonly controllers: readonly string[];
  /** Wall clocks of nodes are off by up to this many milliseconds. */
  readonly skewMs?: number;
  /** What every process's network is like when it starts; fair when not given. */
  readonly weather?: Partial<Weather>;
  readonly heard?: (commit: Commit) => void;
  /** Receives the trace. */
  readonly print?: (line: string) => void;
}

/** `apiserver`, `controllers`, `scheduler`, or a node's name. */
export type ProcessName = string;

export interface World extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly rng: Rng;
  readonly history: History;
  /** Processes that ended though nobody ended them. Always a bug. */
  readonly failures: readonly string[];
  /** As an administrator, over a network without faults; refused while the API server is down. */
  readonly client: Client;
  readonly nodes: readonly SimulatedNode[];
  /** Names of all processes but the API server. */
  readonly processes: readonly ProcessName[];
  /** Network of a process that runs. */
  link(name: ProcessName): Link | undefined;
  running(name: ProcessName): boolean;
  /** Ends a process as `kill -9` does. What it asked for may still happen. */
  crash(name: ProcessName): void;
  start(name: ProcessName): Promise<void>;
}

export interface SimulatedNode {
  readonly name: string;
  readonly runtime: FakeRuntime;
  readonly clock: Clock;
}

interface Process {
  readonly link: Link;
  readonly stop: AbortController;
}

const admin: UserInfo = { username: "sim-admin", groups: ["system:masters", "system:authenticated"] };
const component = (username: string): UserInfo => ({ username, groups: ["system:authenticated"] });

/** Loads what components load when they are first needed, so that no run waits for a file. Once for a process is enough. */
export async function loadComponents(): Promise<void> {
  await Promise.all(controllers.map((entry) => entry.load()));
}

export async function createWorld(options: WorldOptions): Promise<World> {
  const rng = seededRng(options.seed);
  const fork = (): Rng => seededRng(rng.uint32());
  const clock = new VirtualClock({ rng: fork() });
  const history = createHistory({ clock, ...(options.print ? { print: options.print } : {}) });
  const endless = createStillness(clock);
  const store = listenTo(createMemoryStore({ clock }), (commit) => {
    history.commit(commit);
    options.heard?.(commit);
    if (!endless()) return;
    failures.push(`${mostAtOnce} writes while no time went by: components answer each other without end`);
    for (const name of [...running.keys()]) crash(name);
  });
  const log = loggerOf(clock, options.print);
  const nodes = Array.from({ length: options.nodes }, (_, index) => createNode(index, { clock, rng, options }));
  const api = createApi({ store, clock, rng, log });
  const running = new Map<ProcessName, Process>();
  const failures: string[] = [];
  const bodies = processBodies({ clock, fork, nodes, options, log });
  const start = async (name: ProcessName): Promise<void> => {
    history.note(`start ${name}`);
    if (name === "apiserver") return api.start();
    if (running.has(name)) throw new Error(`${name} is running already`);
    const link = createLink({ clock, rng: fork(), server: api.reachable });
    Object.assign(link.weather, options.weather);
    const process: Process = { link, stop: new AbortController() };
    running.set(name, process);
    void supervise({ name, process, body: bodies(name) }).then((failure) => {
      if (failure !== undefined) failures.push(failure);
    });
  };
  const crash = (name: ProcessName): void => {
    history.note(`crash ${name}`);
    if (name === "apiserver") {
      api.crash();
      return;
    }
    const process = running.get(name);
    if (process === undefined) throw new Error(`${name} is not running`);
    running.delete(name);
    process.link.kill();
    process.stop.abort(new Error("killed"));
  };
  const processes = ["controllers", "scheduler", ...nodes.map((node) => node.name)];
  await start("apiserver");
  for (const name of processes) await start(name);
  const own = createLink({ clock, rng: fork(), server: api.reachable });
  return {
    ...{ clock, rng, history, failures, nodes, processes, start, crash },
    client: createClient(own.transport(admin), { userAgent: "sim" }),
    link: (name) => running.get(name)?.link,
    running: (name) => (name === "apiserver" ? api.reachable() !== undefined : running.has(name)),
    async [Symbol.asyncDispose]() {
      for (const name of [...running.keys()]) crash(name);
      own.kill();
      if (api.reachable() !== undefined) api.crash();
      await clock.advance(0);
      await store.close();
    },
  };
}

const mostAtOnce = 3_000;

/** Counts calls; true for the one that is too many for one instant. */
function createStillness(clock: Clock): () => boolean {
  let atMs = -1;
  let count = 0;
  return () => {
    const nowMs = clock.monotonic();
    count = nowMs === atMs ? count + 1 : 1;
    atMs = nowMs;
    return count === mostAtOnce;
  };
}

const loggerOf = (clock: Clock, print: WorldOptions["print"]): Logger =>
  print === undefined
    ? silentLogger
    : createLogger({ clock, component: "", level: "debug", write: (record) => print(formatRecord(record)) });

function createNode(
  index: number,
  { clock, rng, options }: { clock: VirtualClock; rng: Rng; options: WorldOptions },
): SimulatedNode {
  const name = `node-${index}`;
  const skewMs = options.skewMs === undefined ? 0 : Math.round((rng.next() * 2 - 1) * options.skewMs);
  const own: Clock = {
    now: () => clock.now() + skewMs,
    monotonic: () => clock.monotonic(),
    setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs),
  };
  return { name, clock: own, runtime: createFakeRuntime({ clock: own, name, podCidr: `10.244.${index}.0/24` }) };
}

interface Api {
  readonly reachable: () => Reachable | undefined;
  start(): Promise<void>;
  crash(): void;
}

/** The API server's process. A new one knows nothing but what the store tells. */
function createApi(of: { store: Store; clock: Clock; rng: Rng; log: Logger }): Api {
  let current: (Reachable & { readonly server: ApiServer; readonly end: AbortController }) | undefined;
  let starting = 0;
  return {
    reachable: () => current,
    async start() {
      const attempt = ++starting;
      const server = createApiServer({
        store: of.store,
        clock: of.clock,
        rng: seededRng(of.rng.uint32()),
        log: of.log,
        metrics: new MetricRegistry(),
        authenticator: () => ({ authenticate: async () => undefined, authenticateToken: async () => undefined }),
        authorizer: (reader) => createAuthorizer(["Node", "RBAC"], reader),
        bootstrap: bootstrapRbac,
        serviceClusterIPRange: "10.96.0.0/16",
        advertise: { address: "192.0.2.1", port: 6443 },
      });
      await server.start();
      // Killed while it started.
      if (attempt !== starting) return void (await server.close());
      const end = new AbortController();
      current = { server, end, handle: server.handle, gone: end.signal };
    },
    crash() {
      starting++;
      const ended = current;
      current = undefined;
      ended?.end.abort(new Error("connection reset by peer"));
      void ended?.server.close();
    },
  };
}

interface ProcessContext {
  readonly link: Link;
  readonly signal: AbortSignal;
}
type ProcessBody = (context: ProcessContext) => Promise<void>;

function processBodies(of: {
  clock: Clock;
  fork: () => Rng;
  nodes: readonly SimulatedNode[];
  options: WorldOptions;
  log: Logger;
}): (name: ProcessName) => ProcessBody {
  const { clock, fork, nodes, options } = of;
  const common = () => ({ rng: fork(), log: of.log, metrics: new MetricRegistry() });
  const runControllerManager: ProcessBody = ({ link, signal }) =>
    runControllers({
      ...common(),
      ...{ clock, signal, names: options.controllers },
      client: createClient(link.transport(component("system:kube-controller-manager")), {
        userAgent: "kube-controller-manager",
      }),
      transportOf: (account) =>
        link.transport({
          username: `system:serviceaccount:kube-system:${account}`,
          groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
        }),
      options: { rootCa: "CERTIFICATE" },
    });
  const runScheduler: ProcessBody = async ({ link, signal }) => {
    const base = common();
    const client = createClient(link.transport(component("system:kube-scheduler")), { userAgent: "kube-scheduler" });
    const informers = createInformerFactory({ ...base, client, clock, signal });
    const scheduler = createScheduler({ ...base, client, informers, clock });
    informers.start();
    await scheduler.run(signal);
  };
  const runKubelet =
    (node: SimulatedNode, index: number): ProcessBody =>
    ({ link, signal }) => {
      const user = { username: `system:node:${node.name}`, groups: ["system:nodes", "system:authenticated"] };
      const address = `192.0.2.${index + 10}`;
      return createKubelet({
        ...common(),
        ...{ nodeName: node.name, runtime: node.runtime, clock: node.clock },
        client: createClient(link.transport(user), { userAgent: "kubelet" }),
        host: createSimulatedHost({ clock: node.clock, machine: { hostname: node.name, addresses: [address] } }),
        config: {
          podCidr: `10.244.${index}.0/24`,
          nodeIps: [address],
          // None is asked, but pods without one make kubelets complain.
          clusterDns: ["10.96.0.10"],
          materializePods: false,
        },
      }).run(signal);
    };
  return (name) => {
    if (name === "controllers") return runControllerManager;
    if (name === "scheduler") return runScheduler;
    const index = nodes.findIndex((node) => node.name === name);
    if (index < 0) throw new Error(`there is no process ${name}`);
    return runKubelet(nodes[index]!, index);
  };
}

/** Runs until it is stopped. Returns what went wrong when it ends before. */
async function supervise(of: { name: ProcessName; process: Process; body: ProcessBody }): Promise<string | undefined> {
  const { signal } = of.process.stop;
  try {
    await of.body({ link: of.process.link, signal });
    return signal.aborted ? undefined : `${of.name} ended by itself`;
  } catch (error) {
    return signal.aborted ? undefined : `${of.name} failed: ${(error as Error).stack ?? String(error)}`;
  }
}
