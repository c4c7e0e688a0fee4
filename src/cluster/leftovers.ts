// Ends what a cluster made on the machine and that outlives its processes: mounts, cgroups, network namespaces, bridge.
// Everything is found by the cluster's own names and directories, so that nothing of anybody else is touched.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Clock, sleep } from "../base/index.ts";
import type { ClusterConfig } from "./config.ts";
import type { ClusterLayout } from "./layout.ts";
import { findProgram } from "./machine.ts";
import { hasNodeSpaces, removeNodeSpaces } from "./node-space.ts";

/** Mount points at or below a directory, deepest first. */
export function mountsBelow(directory: string): string[] {
  if (!existsSync("/proc/self/mountinfo")) return [];
  const plain = (text: string): string =>
    text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => plain(line.split(" ")[4] ?? ""))
    .filter((point) => point === directory || point.startsWith(`${directory}/`))
    .reverse();
}

export function unmountBelow(directory: string): void {
  for (const point of mountsBelow(directory))
    spawnSync(findProgram("umount") ?? "umount", ["-l", point], { stdio: "ignore" });
}

/** Directories of the cluster's cgroup in every hierarchy. */
function cgroupRoots(config: ClusterConfig): string[] {
  const base = "/sys/fs/cgroup";
  if (!existsSync(base)) return [];
  const hierarchies = existsSync(join(base, "cgroup.controllers"))
    ? [base]
    : readdirSync(base).map((name) => join(base, name));
  return hierarchies
    .filter((path) => lstatSync(path).isDirectory())
    .map((path) => join(path, config.cgroupRoot))
    .filter((path) => existsSync(path));
}

/** Pids of every process in the cluster's cgroups. */
function processesIn(root: string): number[] {
  const own = readFileSync(join(root, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  return [...own, ...childCgroups(root).flatMap(processesIn)];
}

const childCgroups = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(path, entry.name));

function removeCgroup(path: string): void {
  for (const child of childCgroups(path)) removeCgroup(child);
  try {
    rmdirSync(path);
  } catch (error) {
    // EBUSY: a process is still on its way out; the caller tries again.
    if ((error as NodeJS.ErrnoException).code !== "EBUSY" && (error as NodeJS.ErrnoException).code !== "ENOENT")
      throw error;
  }
}

/** Kills what is left in the cluster's cgroups and removes them. */
async function removeCgroups(config: ClusterConfig, clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + 10_000;
  for (let roots = cgroupRoots(config); roots.length > 0; roots = cgroupRoots(config)) {
    for (const root of roots) {
      for (const pid of new Set(processesIn(root))) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // it ended by itself in between
        }
      }
      removeCgroup(root);
    }
    if (clock.monotonic() > deadline)
      throw new Error(`cgroups ${roots.join(", ")} cannot be removed: a process in them does not end`);
    await sleep(clock, 20);
  }
}

function removeBridge(config: ClusterConfig): void {
  if (existsSync(`/sys/class/net/${config.bridge}`))
    spawnSync(findProgram("ip") ?? "ip", ["link", "delete", config.bridge], { stdio: "ignore" });
}

/** Whether anything of the cluster may still stand on the machine. */
export const hasLeftovers = (layout: ClusterLayout, config: ClusterConfig): boolean =>
  mountsBelow(layout.directory).length > 0 ||
  cgroupRoots(config).length > 0 ||
  hasNodeSpaces(config) ||
  existsSync(`/sys/class/net/${config.bridge}`);

/** What stands on the machine after the cluster's processes ended. Idempotent; also mends after a kill -9. */
export async function removeLeftovers(layout: ClusterLayout, config: ClusterConfig, clock: Clock): Promise<void> {
  await removeCgroups(config, clock);
  unmountBelow(layout.directory);
  await removeNodeSpaces(config);
  removeBridge(config);
}
