// A container runtime without containers, for simulated nodes and tests. It keeps the contract of ../contract.ts and passes
// ../conformance.ts; containers do what ./script.ts reads out of their command and annotations, on the given clock.
// Equal calls at equal times give equal answers: ids are counted, addresses are handed out in order.
import { BoundedQueue, type Clock, onAbort, share, sleep, type Timer } from "../../base/index.ts";
import type * as contract from "../contract.ts";
import { RuntimeError } from "../contract.ts";
import { type AddressPool, createAddressPool } from "./addresses.ts";
import { type Behaviour, behaviourOf, runScript } from "./script.ts";

export interface FakeRuntimeOptions {
  readonly clock: Clock;
  /** IPv4; 10.244.0.0/24 when not given, until updatePodCidr tells. */
  readonly podCidr?: string;
  /** Distinguishes the ids of several runtimes. */
  readonly name?: string;
  /** What is known of an image: there already (also when not given), to be had by pulling, or an error text of the pull. */
  readonly image?: (image: string) => "present" | "pullable" | { readonly error: string };
  /** Time a pull takes; 0 when not given. */
  readonly pullMs?: number;
  /** Where output of containers goes: CRI log lines to the container's log file. */
  readonly appendLog?: (path: string, line: string) => void;
  /** Answers execSync; without it `runScript` does. */
  readonly exec?: (
    container: contract.Container,
    command: readonly string[],
  ) => { readonly exitCode: number; readonly output: string };
}

export interface FakeRuntime extends contract.ContainerRuntime {
  /** Ends a running container as if its process had exited. */
  exit(containerId: string, exitCode: number, reason?: string): void;
}

interface Sandbox {
  readonly status: contract.PodSandboxStatus;
  readonly config: contract.PodSandboxConfig;
}

interface Running {
  status: contract.ContainerStatus;
  readonly config: contract.ContainerConfig;
  readonly sandbox: contract.PodSandboxConfig;
  readonly behaviour: Behaviour;
  timer?: Timer;
  readonly ended: (() => void)[];
}

const utf8 = new TextEncoder();
const missing = (what: string, id: string): RuntimeError =>
  new RuntimeError("NOT_FOUND", `an error occurred when try to find ${what} "${id}": not found`);

/** All mutable state of one fake runtime. */
interface World {
  readonly options: FakeRuntimeOptions;
  readonly clock: Clock;
  readonly sandboxes: Map<string, Sandbox>;
  readonly containers: Map<string, Running>;
  /** Ids by pod uid, so that one pod's listing does not walk the node's. */
  readonly podSandboxes: Map<string, Set<string>>;
  readonly podContainers: Map<string, Set<string>>;
  readonly pulled: Map<string, contract.Image>;
  readonly listeners: Set<BoundedQueue<RuntimeEvent>>;
  pool: AddressPool;
  count: number;
}
interface RuntimeEvent {
  readonly containerId: string;
  readonly sandboxId: string;
  readonly podUid: string;
}

export function createFakeRuntime(options: FakeRuntimeOptions): FakeRuntime {
  const world: World = {
    options,
    clock: options.clock,
    sandboxes: new Map(),
    containers: new Map(),
    podSandboxes: new Map(),
    podContainers: new Map(),
    pulled: new Map(),
    listeners: new Set(),
    pool: createAddressPool(options.podCidr ?? "10.244.0.0/24"),
    count: 0,
  };
  return {
    ...nodeCalls(world),
    ...sandboxCalls(world),
    ...containerCalls(world),
    ...processCalls(world),
    ...imageCalls(world),
    exit: (id, exitCode, reason) => finish(world, findContainer(world, id), exitCode, reason),
    events: (signal) => watch(world, signal),
    async close() {
      for (const container of world.containers.values()) container.timer?.cancel();
      for (const queue of world.listeners) queue.close();
    },
  };
}

async function* watch(world: World, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  const queue = new BoundedQueue<RuntimeEvent>(100_000);
  world.listeners.add(queue);
  const detach = onAbort(signal, () => queue.abort());
  try {
    yield* queue;
  } finally {
    detach();
    world.listeners.delete(queue);
  }
}

function announce(world: World, containerId: string, sandboxId: string, podUid: string): void {
  for (const queue of world.listeners)
    if (queue.push({ containerId, sandboxId, podUid }) === "full")
      queue.close(new RuntimeError("UNAVAILABLE", "too many events were not taken"));
}

const newId = (world: World): string => {
  const label = [...utf8.encode(world.options.name ?? "fake")]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  return (label.slice(0, 32) + (++world.count).toString(16).padStart(16, "0")).padStart(64, "0");
};

function findContainer(world: World, id: string): Running {
  const found = world.containers.get(id);
  if (found === undefined) throw missing("container", id);
  return found;
}

function addTo(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key);
  if (ids === undefined) index.set(key, new Set([id]));
  else ids.add(id);
}
function dropFrom(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key);
  ids?.delete(id);
  if (ids?.size === 0) index.delete(key);
}

function log(world: World, container: Running, text: string): void {
  if (text === "" || world.options.appendLog === undefined) return;
  const stamp = new Date(world.clock.now()).toISOString();
  for (const line of text.replace(/\n$/, "").split("\n"))
    world.options.appendLog(
      `${container.sandbox.logDirectory}/${container.config.logPath}`,
      `${stamp} stdout F ${line}\n`,
    );
}

function finish(world: World, container: Running, exitCode: number, reason?: string): void {
  if (container.status.state !== "running" && container.status.state !== "created") return;
  container.timer?.cancel();
  container.status = {
    ...container.status,
    state: "exited",
    exitCode,
    reason: reason ?? (exitCode === 0 ? "Completed" : "Error"),
    finishedAtMs: world.clock.now(),
  };
  for (const wake of container.ended.splice(0)) wake();
  announce(world, container.status.id, container.status.sandboxId, container.sandbox.uid);
}

function nodeCalls(world: World): contract.NodeCalls {
  return {
    info: async () => ({
      name: "fake",
      version: "1.0.0",
      ready: true,
      networkReady: true,
      problems: [],
      handlers: [{ name: "", recursiveReadOnlyMounts: true, userNamespaces: true }],
      supplementalGroupsPolicy: true,
      cgroupDriver: "cgroupfs",
    }),
    async updatePodCidr(cidr) {
      if (cidr !== "") world.pool = createAddressPool(cidr.split(",")[0]!);
    },
  };
}

function sandboxCalls(world: World): contract.SandboxCalls {
  const find = (id: string): Sandbox => {
    const found = world.sandboxes.get(id);
    if (found === undefined) throw missing("sandbox", id);
    return found;
  };
  const stop = (id: string): void => {
    const sandbox = world.sandboxes.get(id);
    if (sandbox === undefined || sandbox.status.state === "notReady") return;
    for (const containerId of [...(world.podContainers.get(sandbox.config.uid) ?? [])]) {
      const container = world.containers.get(containerId)!;
      if (container.status.sandboxId === id && container.status.state === "running") finish(world, container, 137);
    }
    for (const ip of sandbox.status.ips) world.pool.free(ip);
    world.sandboxes.set(id, { ...sandbox, status: { ...sandbox.status, state: "notReady", ips: [] } });
    announce(world, id, id, sandbox.config.uid);
  };
  return {
    async runPodSandbox(given) {
      const config = share(given); // most of it is the same in all pods of one template
      const id = newId(world);
      const ips = config.security.namespaces.network === "node" ? [] : [world.pool.take()];
      const { name, namespace, uid, attempt, labels, annotations } = config;
      const status = {
        id,
        name,
        namespace,
        uid,
        attempt,
        labels,
        annotations,
        ips,
        state: "ready" as const,
        createdAtMs: world.clock.now(),
      };
      world.sandboxes.set(id, { status, config });
      addTo(world.podSandboxes, uid, id);
      announce(world, id, id, uid);
      return id;
    },
    stopPodSandbox: async (id) => stop(id),
    async removePodSandbox(id) {
      const sandbox = world.sandboxes.get(id);
      if (sandbox === undefined) return;
      stop(id);
      for (const containerId of [...(world.podContainers.get(sandbox.config.uid) ?? [])])
        if (world.containers.get(containerId)!.status.sandboxId === id) removeContainer(world, containerId);
      world.sandboxes.delete(id);
      dropFrom(world.podSandboxes, sandbox.config.uid, id);
      announce(world, id, id, sandbox.config.uid);
    },
    podSandboxStatus: async (id) => find(id).status,
    async listPodSandboxes(filter = {}) {
      const ids = filter.podUid === undefined ? world.sandboxes.keys() : (world.podSandboxes.get(filter.podUid) ?? []);
      const all = [...ids].map((id) => world.sandboxes.get(id)!.status);
      return filter.state === undefined ? all : all.filter((each) => each.state === filter.state);
    },
  };
}

function removeContainer(world: World, id: string): void {
  const container = world.containers.get(id);
  if (container === undefined) return;
  finish(world, container, 137);
  world.containers.delete(id);
  dropFrom(world.podContainers, container.sandbox.uid, id);
  announce(world, id, container.status.sandboxId, container.sandbox.uid);
}

function startedOrThrow(world: World, container: Running): void {
  const { startError } = container.behaviour;
  if (startError !== undefined) {
    finish(world, container, 128, "StartError");
    container.status = { ...container.status, message: startError };
    throw new RuntimeError("UNKNOWN", startError);
  }
  container.status = { ...container.status, state: "running", startedAtMs: world.clock.now() };
  log(world, container, container.behaviour.output);
  const { runForMs } = container.behaviour;
  if (runForMs !== undefined)
    container.timer = world.clock.setTimeout(() => finish(world, container, container.behaviour.exitCode), runForMs, {
      background: true,
    });
  announce(world, container.status.id, container.status.sandboxId, container.sandbox.uid);
}

function containerCalls(world: World): contract.ContainerCalls {
  return {
    async createContainer(sandboxId, given, givenSandbox) {
      const config = share(given);
      const sandboxConfig = share(givenSandbox);
      const sandbox = world.sandboxes.get(sandboxId);
      if (sandbox === undefined) throw missing("sandbox", sandboxId);
      if (sandbox.status.state !== "ready")
        throw new RuntimeError("UNKNOWN", `sandbox container "${sandboxId}" is not running`);
      const id = newId(world);
      const status: contract.ContainerStatus = {
        ...{
          id,
          sandboxId,
          name: config.name,
          attempt: config.attempt,
          image: config.image.userSpecified,
          imageRef: config.image.image,
        },
        ...{
          state: "created",
          createdAtMs: world.clock.now(),
          labels: config.labels,
          annotations: config.annotations,
          startedAtMs: 0,
          finishedAtMs: 0,
        },
        ...{
          exitCode: 0,
          reason: "",
          message: "",
          logPath: `${sandboxConfig.logDirectory}/${config.logPath}`,
          mounts: config.mounts,
          resources: config.resources,
        },
      };
      const annotations = { ...sandboxConfig.annotations, ...config.annotations };
      const behaviour = share(behaviourOf({ ...config, annotations }));
      world.containers.set(id, { status, config, sandbox: sandboxConfig, behaviour, ended: [] });
      addTo(world.podContainers, sandboxConfig.uid, id);
      return id;
    },
    async startContainer(id) {
      const container = findContainer(world, id);
      if (container.status.state !== "created")
        throw new RuntimeError("FAILED_PRECONDITION", `container "${id}" is in ${container.status.state} state`);
      startedOrThrow(world, container);
    },
    async stopContainer(id, timeoutSeconds) {
      const container = world.containers.get(id);
      if (container === undefined || container.status.state !== "running") return;
      const { stopAfterMs, stopExitCode } = container.behaviour;
      if (stopAfterMs === 0 && timeoutSeconds > 0) return finish(world, container, stopExitCode);
      const timeoutMs = timeoutSeconds * 1000;
      const ended = new Promise<void>((resolve) => container.ended.push(resolve));
      container.timer?.cancel();
      container.timer = world.clock.setTimeout(
        () => finish(world, container, stopAfterMs < timeoutMs ? stopExitCode : 137),
        Math.min(stopAfterMs, timeoutMs),
        { background: true },
      );
      return ended;
    },
    removeContainer: async (id) => removeContainer(world, id),
    containerStatus: async (id) => findContainer(world, id).status,
    async listContainers(filter = {}) {
      const ids =
        filter.podUid === undefined ? world.containers.keys() : (world.podContainers.get(filter.podUid) ?? []);
      return [...ids]
        .map((id) => world.containers.get(id)!.status)
        .filter(
          (each) =>
            (filter.state === undefined || each.state === filter.state) &&
            (filter.sandboxId === undefined || each.sandboxId === filter.sandboxId),
        );
    },
    async updateContainerResources(id, resources) {
      const container = findContainer(world, id);
      container.status = { ...container.status, resources: { ...container.status.resources, ...resources } };
    },
    reopenContainerLog: async (id) => void findContainer(world, id),
  };
}

function processCalls(world: World): contract.InsideCalls {
  const noStreams = async (): Promise<string> => {
    throw new RuntimeError("UNIMPLEMENTED", "the simulated runtime has no streaming server");
  };
  return {
    async execSync(id, command, timeoutSeconds) {
      const container = findContainer(world, id);
      if (container.status.state !== "running")
        throw new RuntimeError("FAILED_PRECONDITION", `container "${id}" is in ${container.status.state} state`);
      if (world.options.exec !== undefined) {
        const { exitCode, output } = world.options.exec(container.status, command);
        return { stdout: utf8.encode(output), stderr: new Uint8Array(), exitCode };
      }
      const { runForMs = 0, exitCode, output } = runScript(command);
      const limitMs = timeoutSeconds > 0 ? timeoutSeconds * 1000 : Number.POSITIVE_INFINITY;
      if (runForMs > 0) await sleep(world.clock, Math.min(runForMs, limitMs));
      if (runForMs > limitMs)
        throw new RuntimeError(
          "DEADLINE_EXCEEDED",
          `failed to exec in container: timeout ${timeoutSeconds}s exceeded: context deadline exceeded`,
        );
      return { stdout: utf8.encode(output), stderr: new Uint8Array(), exitCode };
    },
    exec: noStreams,
    attach: noStreams,
    portForward: noStreams,
    async listContainerStats() {
      const running = [...world.containers.values()].filter((each) => each.status.state === "running");
      const nowMs = world.clock.now();
      return running.map(({ status }) => ({
        ...{
          id: status.id,
          name: status.name,
          timestampMs: nowMs,
          cpuUsageCoreNanoSeconds: (nowMs - status.startedAtMs) * 1e6 * 0.01,
        },
        ...{
          memoryUsageBytes: 8_388_608,
          memoryWorkingSetBytes: 8_388_608,
          memoryRssBytes: 4_194_304,
          writableLayerUsedBytes: 4096,
          writableLayerInodes: 4,
        },
      }));
    },
  };
}

function imageCalls(world: World): contract.ImageCalls {
  const made = (image: string): contract.Image => {
    const known = world.pulled.get(image);
    if (known !== undefined) return known;
    const id = `sha256:${fingerprint(image)}`;
    const repository = image.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
    const fresh = { id, repoTags: [image], repoDigests: [`${repository}@${id}`], sizeBytes: 10_000_000, pinned: false };
    world.pulled.set(image, fresh);
    return fresh;
  };
  const about = (image: string): ReturnType<NonNullable<FakeRuntimeOptions["image"]>> =>
    world.options.image?.(image) ?? "present";
  return {
    listImages: async () => [...world.pulled.values()],
    imageStatus: async (image) =>
      world.pulled.get(image) ??
      [...world.pulled.values()].find((each) => each.id === image) ??
      (about(image) === "present" ? made(image) : undefined),
    async pullImage(image) {
      const known = about(image);
      if ((world.options.pullMs ?? 0) > 0) await sleep(world.clock, world.options.pullMs!);
      if (typeof known === "object") throw new RuntimeError("UNKNOWN", known.error);
      return made(image).id;
    },
    async removeImage(image) {
      for (const [name, each] of world.pulled) if (name === image || each.id === image) world.pulled.delete(name);
    },
    imageFsInfo: async () => ({
      mountpoint: "/var/lib/fake",
      usedBytes: world.pulled.size * 10_000_000,
      inodesUsed: world.pulled.size * 100,
    }),
  };
}

/** 64 hex digits that depend on the text alone. */
function fingerprint(text: string): string {
  let out = "";
  for (let round = 0; out.length < 64; round++) {
    let hash = 0x811c9dc5 ^ round;
    for (const byte of utf8.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
    out += (hash >>> 0).toString(16).padStart(8, "0");
  }
  return out;
}
