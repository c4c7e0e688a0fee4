// A containerd of the cluster's own: its configuration, its start (or adoption, when it outlived a crash) and its end.
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { type Clock, sleep } from "../base/index.ts";
import { containerdConfig } from "../runtime/cri/index.ts";
import { pauseImageName } from "./images.ts";
import type { NodeLayout } from "./layout.ts";
import { unmountBelow } from "./leftovers.ts";
import { bootId, findCniPlugins, findProgram } from "./machine.ts";
import { isAlive, processesWith, readRecord, removeRecord, spawnDetached, stopProcess } from "./processes.ts";

/**
 * Starts containerd, or finds the one that still runs. Returns at once: `containerdReady` waits for its socket. `within` are the words of
 * a command that runs what follows in a node's namespaces. Yields the new process, or undefined when there was one.
 */
export function startContainerd(layout: NodeLayout, within: readonly string[] = []): ChildProcess | undefined {
  if (isAlive(readRecord(layout.containerd.processFile))) return undefined;
  const program = findProgram("containerd");
  const plugins = findCniPlugins();
  if (program === undefined || plugins === undefined)
    throw new Error("containerd or the CNI plugins are not installed");
  for (const directory of [layout.containerd.root, layout.cni.configDirectory, layout.cni.stateDirectory])
    mkdirSync(directory, { recursive: true });
  // What containerd keeps of running tasks is void after a reboot.
  const boot = bootId();
  const known = existsSync(layout.containerd.bootFile) ? readFileSync(layout.containerd.bootFile, "utf8") : "";
  if (known !== boot) rmSync(layout.containerd.state, { recursive: true, force: true });
  mkdirSync(layout.containerd.state, { recursive: true });
  writeFileSync(layout.containerd.bootFile, boot);
  endHalfStarted(layout);
  rmSync(layout.containerd.socket, { force: true });
  writeFileSync(
    layout.containerd.configFile,
    containerdConfig({
      ...layout.containerd,
      ...{ cniPlugins: plugins, cniConfig: layout.cni.configDirectory, sandboxImage: pauseImageName },
    }),
  );
  const [command = program, ...args] = [...within, program];
  return spawnDetached({
    command,
    args: [...args, "--config", layout.containerd.configFile, "--log-level", "warn"],
    logFile: layout.containerd.logFile,
    recordFile: layout.containerd.processFile,
  });
}

/** Where runc keeps a directory for each container that it has made and not deleted; containerd's default. */
const runcStates = "/run/containerd/runc";

/**
 * Ends shims that have no container and never will: of a containerd that was killed in between, whose successor passes over them. What is being
 * made dies with its shim. Only while no containerd runs.
 */
export function endHalfStarted({ containerd: { state, socket } }: NodeLayout, states = runcStates): void {
  const tasks = join(state, "io.containerd.runtime.v2.task");
  for (const namespace of existsSync(tasks) ? readdirSync(tasks) : [])
    for (const id of readdirSync(join(tasks, namespace))) {
      const bundle = join(tasks, namespace, id);
      if (hasContainer(bundle, join(states, namespace), id)) continue;
      const shims = processesWith(["-id", id, "-address", socket]);
      // A container whose pod's shim has others too is left to containerd.
      if (shims.length === 0) continue;
      for (const pid of shims) kill(pid);
      unmountBelow(bundle);
      rmSync(bundle, { recursive: true, force: true });
    }
}

/** The number of the first process is written last, and stays when the container is deleted; the state goes with it. */
const hasContainer = (bundle: string, states: string, id: string): boolean =>
  existsSync(join(bundle, "init.pid")) && (!existsSync(states) || existsSync(join(states, id, "state.json")));

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it ended by itself
  }
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once("connect", () => {
      connection.destroy();
      resolve(true);
    });
    connection.once("error", () => resolve(false));
  });
}

/** Resolves when the socket takes connections. Fails with containerd's last words when it ended instead. */
export async function containerdReady(layout: NodeLayout, clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + 30_000;
  while (!(await answers(layout.containerd.socket))) {
    const words = (): string => readFileSync(layout.containerd.logFile, "utf8").trim().split("\n").slice(-3).join("\n");
    if (!isAlive(readRecord(layout.containerd.processFile)))
      throw new Error(`containerd ended at its start:\n${words()}`);
    if (clock.monotonic() > deadline)
      throw new Error(`containerd does not answer at ${layout.containerd.socket}:\n${words()}`);
    await sleep(clock, 10);
  }
}

/** For shims whose last task has just ended. */
const shimGraceMs = 1000;

/** Ends containerd, and shims that did not end with their last task: sandboxes must have been stopped before. */
export async function stopContainerd(layout: NodeLayout, clock: Clock): Promise<void> {
  const { processFile, socket } = layout.containerd;
  await stopProcess(readRecord(processFile), clock, 10_000);
  removeRecord(processFile);
  const deadline = clock.monotonic() + shimGraceMs;
  for (let shims = shimsOf(socket); shims.length > 0; shims = shimsOf(socket)) {
    if (clock.monotonic() > deadline) for (const pid of shims) kill(pid);
    await sleep(clock, 20);
  }
  if (existsSync(dirname(socket))) rmSync(socket, { force: true });
}

const shimsOf = (socket: string): number[] =>
  process.platform === "linux" ? processesWith(["-namespace", "-id", "-address", socket]) : [];
