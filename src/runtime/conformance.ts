// The runtime contract as a suite: cases that every runtime passes, the simulated one and real ones. A case makes what it needs and
// takes it away again.
import type {
  ContainerConfig,
  ContainerRuntime,
  ContainerState,
  ContainerStatus,
  PodSandboxConfig,
} from "./contract.ts";
import { RuntimeError } from "./contract.ts";

export interface ConformanceWorld {
  readonly runtime: ContainerRuntime;
  /** An image that is there and has a POSIX shell. */
  readonly image: string;
  readonly logDirectory: string;
  readonly cgroupParent: string;
  readLog(path: string): Promise<string>;
  /** Lets time pass until the check holds; rejects with the text when it never does. */
  until(check: () => Promise<boolean>, text: string): Promise<void>;
}

export interface ConformanceCase {
  readonly name: string;
  run(world: ConformanceWorld): Promise<void>;
}

function expect(holds: boolean, text: string): asserts holds {
  if (!holds) throw new Error(text);
}

function equal(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  expect(a === b, `${what}: ${a}, expected ${b}`);
}

async function failsWith(work: Promise<unknown>, code: string, what: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    expect(error instanceof RuntimeError, `${what}: threw ${String(error)}, expected a RuntimeError`);
    return equal(error.code, code, `${what}: code of ${JSON.stringify(error.message)}`);
  }
  throw new Error(`${what}: succeeded, expected ${code}`);
}

const namespaces = { network: "pod", pid: "container", ipc: "pod" } as const;

function conformanceSandbox(
  world: ConformanceWorld,
  uid: string,
  change: Partial<PodSandboxConfig> = {},
): PodSandboxConfig {
  return {
    ...{
      name: `pod-${uid}`,
      namespace: "conformance",
      uid,
      attempt: 0,
      hostname: `pod-${uid}`,
      logDirectory: `${world.logDirectory}/${uid}`,
    },
    ...{
      dns: { servers: ["192.0.2.53"], searches: ["example.org"], options: ["ndots:5"] },
      portMappings: [],
      annotations: {},
      sysctls: {},
    },
    labels: {
      "io.kubernetes.pod.uid": uid,
      "io.kubernetes.pod.name": `pod-${uid}`,
      "io.kubernetes.pod.namespace": "conformance",
    },
    cgroupParent: world.cgroupParent,
    security: {
      namespaces,
      privileged: false,
      supplementalGroups: [],
      readonlyRootfs: false,
      seccomp: { type: "RuntimeDefault" },
    },
    ...change,
  };
}

function conformanceContainer(
  world: ConformanceWorld,
  name: string,
  script: string,
  change: Partial<ContainerConfig> = {},
): ContainerConfig {
  return {
    ...{
      name,
      attempt: 0,
      image: { image: world.image, userSpecified: world.image },
      command: ["sh", "-c", script],
      args: [],
      workingDir: "",
    },
    ...{
      env: [],
      mounts: [],
      devices: [],
      annotations: {},
      logPath: `${name}/0.log`,
      stdin: false,
      stdinOnce: false,
      tty: false,
    },
    labels: { "io.kubernetes.container.name": name },
    resources: { cpuPeriod: 100_000, cpuQuota: 0, cpuShares: 2, memoryLimitBytes: 0, oomScoreAdj: 1000 },
    security: {
      ...{
        namespaces,
        privileged: false,
        supplementalGroups: [],
        readonlyRootfs: false,
        seccomp: { type: "Unconfined" },
      },
      ...{ addCapabilities: [], dropCapabilities: [], noNewPrivileges: false, maskedPaths: [], readonlyPaths: [] },
    },
    ...change,
  };
}

/** A running sandbox for the length of `use`. */
async function withSandbox(
  world: ConformanceWorld,
  uid: string,
  use: (id: string, config: PodSandboxConfig) => Promise<void>,
): Promise<void> {
  const config = conformanceSandbox(world, uid);
  const id = await world.runtime.runPodSandbox(config);
  try {
    await use(id, config);
  } finally {
    await world.runtime.stopPodSandbox(id);
    await world.runtime.removePodSandbox(id);
  }
}

async function start(
  world: ConformanceWorld,
  sandbox: { id: string; config: PodSandboxConfig },
  container: ContainerConfig,
): Promise<string> {
  const id = await world.runtime.createContainer(
    sandbox.id,
    { ...container, labels: { ...sandbox.config.labels, ...container.labels } },
    sandbox.config,
  );
  await world.runtime.startContainer(id);
  return id;
}

async function reaches(world: ConformanceWorld, id: string, state: ContainerState): Promise<ContainerStatus> {
  await world.until(
    async () => (await world.runtime.containerStatus(id)).state === state,
    `container ${id} never is ${state}`,
  );
  return world.runtime.containerStatus(id);
}

export const conformanceCases: readonly ConformanceCase[] = [
  {
    name: "says what it is and that it is ready",
    async run({ runtime }) {
      const info = await runtime.info();
      expect(info.name !== "" && info.version !== "", "name and version are empty");
      equal([info.ready, info.networkReady, info.problems], [true, true, []], "readiness");
    },
  },
  {
    name: "a sandbox has an address, labels and a life",
    async run(world) {
      const { runtime } = world;
      const config = conformanceSandbox(world, "sandbox-life");
      const id = await runtime.runPodSandbox(config);
      const status = await runtime.podSandboxStatus(id);
      equal(
        [status.state, status.name, status.namespace, status.uid, status.attempt],
        ["ready", config.name, config.namespace, config.uid, 0],
        "status",
      );
      expect(
        status.ips.length === 1 && status.createdAtMs > 0,
        `addresses ${JSON.stringify(status.ips)}, created at ${status.createdAtMs}`,
      );
      equal(
        (await runtime.listPodSandboxes({ podUid: config.uid })).map((each) => each.id),
        [id],
        "listed by uid",
      );
      equal(
        (await runtime.listPodSandboxes({ podUid: config.uid, state: "notReady" })).length,
        0,
        "listed as not ready",
      );
      await runtime.stopPodSandbox(id);
      await runtime.stopPodSandbox(id);
      equal((await runtime.podSandboxStatus(id)).state, "notReady", "state after stop");
      await runtime.removePodSandbox(id);
      await runtime.removePodSandbox(id);
      equal((await runtime.listPodSandboxes({ podUid: config.uid })).length, 0, "listed after removal");
      await failsWith(runtime.podSandboxStatus(id), "NOT_FOUND", "status after removal");
      await runtime.stopPodSandbox(id);
    },
  },
  {
    name: "two sandboxes have different addresses, one on the host's network has none",
    async run(world) {
      const { runtime } = world;
      await withSandbox(world, "net-a", async (a) => {
        await withSandbox(world, "net-b", async (b) => {
          const [first, second] = [await runtime.podSandboxStatus(a), await runtime.podSandboxStatus(b)];
          expect(first.ips[0] !== second.ips[0], `both have ${first.ips[0]}`);
        });
      });
      const base = conformanceSandbox(world, "net-host");
      const id = await runtime.runPodSandbox({
        ...base,
        hostname: "",
        security: { ...base.security, namespaces: { ...namespaces, network: "node" } },
      });
      equal((await runtime.podSandboxStatus(id)).ips, [], "addresses on the host's network");
      await runtime.stopPodSandbox(id);
      await runtime.removePodSandbox(id);
    },
  },
  {
    name: "a container is created, runs, is stopped and removed",
    run: (world) =>
      withSandbox(world, "container-life", async (sandboxId, config) => {
        const { runtime } = world;
        const wanted = conformanceContainer(world, "c", "sleep 600", {
          labels: { ...config.labels, "io.kubernetes.container.name": "c" },
          annotations: { note: "x" },
        });
        const id = await runtime.createContainer(sandboxId, wanted, config);
        const created = await runtime.containerStatus(id);
        equal(
          [created.state, created.name, created.sandboxId, created.annotations["note"]],
          ["created", "c", sandboxId, "x"],
          "after create",
        );
        await runtime.startContainer(id);
        const running = await runtime.containerStatus(id);
        expect(
          running.state === "running" && running.startedAtMs >= created.createdAtMs,
          `after start: ${JSON.stringify(running)}`,
        );
        equal(
          (await runtime.listContainers({ podUid: config.uid, state: "running" })).map((each) => each.id),
          [id],
          "listed",
        );
        await runtime.stopContainer(id, 1);
        const stopped = await reaches(world, id, "exited");
        expect(
          stopped.exitCode !== 0 && stopped.finishedAtMs >= stopped.startedAtMs,
          `after stop: ${JSON.stringify(stopped)}`,
        );
        await runtime.stopContainer(id, 1);
        await runtime.removeContainer(id);
        await runtime.removeContainer(id);
        await failsWith(runtime.containerStatus(id), "NOT_FOUND", "status after removal");
        await runtime.stopContainer(id, 1);
      }),
  },
  {
    name: "what ends by itself tells its exit code",
    run: (world) =>
      withSandbox(world, "exit-codes", async (id, config) => {
        for (const [script, code, reason] of [
          ["exit 0", 0, "Completed"],
          ["exit 3", 3, "Error"],
        ] as const) {
          const container = await start(world, { id, config }, conformanceContainer(world, `exit-${code}`, script));
          const status = await reaches(world, container, "exited");
          equal([status.exitCode, status.reason], [code, reason], script);
        }
      }),
  },
  {
    name: "output goes to the log file, a line with time, stream and tag",
    run: (world) =>
      withSandbox(world, "logs", async (id, config) => {
        const container = await start(
          world,
          { id, config },
          conformanceContainer(world, "c", "echo hello; echo world"),
        );
        const status = await reaches(world, container, "exited");
        equal(status.logPath, `${config.logDirectory}/c/0.log`, "path of the log");
        // containerd tells of the end when it has all output, and may still be writing the file.
        let lines: readonly string[] = [];
        await world.until(async () => {
          lines = (await world.readLog(status.logPath)).split("\n").slice(0, -1);
          return lines.length === 2;
        }, "the log never has two lines");
        const bodies = lines.map(
          (line) => /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) (stdout F .*)$/.exec(line)?.[1],
        );
        equal(bodies, ["stdout F hello", "stdout F world"], "lines");
      }),
  },
  {
    name: "a command in a running container answers with output and exit code, and is cut off after its time",
    run: (world) =>
      withSandbox(world, "exec", async (id, config) => {
        const container = await start(world, { id, config }, conformanceContainer(world, "c", "sleep 600"));
        const told = await world.runtime.execSync(container, ["sh", "-c", "echo out; exit 4"], 10);
        equal([new TextDecoder().decode(told.stdout), told.exitCode], ["out\n", 4], "answer");
        const slow = world.runtime.execSync(container, ["sh", "-c", "sleep 30"], 1);
        let ended = false;
        slow
          .catch(() => undefined)
          .finally(() => {
            ended = true;
          });
        await world.until(async () => ended, "the command is never cut off");
        await failsWith(slow, "DEADLINE_EXCEEDED", "a slow command");
      }),
  },
  {
    name: "the end of a sandbox is the end of its containers",
    run: (world) =>
      withSandbox(world, "sandbox-end", async (id, config) => {
        const container = await start(world, { id, config }, conformanceContainer(world, "c", "sleep 600"));
        await world.runtime.stopPodSandbox(id);
        equal((await reaches(world, container, "exited")).exitCode, 137, "exit code");
      }),
  },
  {
    name: "images are known by name or not at all",
    async run({ runtime, image }) {
      const known = await runtime.imageStatus(image);
      expect(
        known !== undefined && known.id !== "" && known.sizeBytes > 0,
        `status of ${image}: ${JSON.stringify(known)}`,
      );
      equal((await runtime.imageStatus(known.id))?.id, known.id, "by id");
      equal(await runtime.imageStatus("conformance.invalid/none:1"), undefined, "an unknown image");
      expect(
        (await runtime.listImages()).some((each) => each.id === known.id),
        "the image is not listed",
      );
      expect((await runtime.imageFsInfo()).mountpoint !== "", "the image file system has no name");
    },
  },
  {
    name: "limits of a running container can be changed",
    run: (world) =>
      withSandbox(world, "resize", async (id, config) => {
        const container = await start(world, { id, config }, conformanceContainer(world, "c", "sleep 600"));
        await world.runtime.updateContainerResources(container, {
          cpuPeriod: 100_000,
          cpuQuota: 50_000,
          cpuShares: 512,
          memoryLimitBytes: 67_108_864,
          oomScoreAdj: 1000,
        });
        await failsWith(
          world.runtime.updateContainerResources("0".repeat(64), {
            cpuPeriod: 0,
            cpuQuota: 0,
            cpuShares: 2,
            memoryLimitBytes: 0,
            oomScoreAdj: 0,
          }),
          "NOT_FOUND",
          "limits of nothing",
        );
      }),
  },
];
