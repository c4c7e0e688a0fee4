// What the machine has of clusters, as lines, and whether a test left any of it behind, also where others have clusters beside it.
//
// Names tell most of it: processes by the data directory in their command line, working directory or cgroup, cgroups and nft tables by the
// cluster's name, mounts by the directory that they are in. Links, network namespaces and other mounts count unless another cluster has
// them by its claim; only while there are others may one be there for a moment that nobody's name is on yet.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { defaultDataDirectory } from "../../src/cluster/index.ts";

/** Clusters that this process's tests made, by directory: `<data directory>/<name>`. */
const own = new Map<string, string>();

/** Flags that name a cluster. What it makes on the machine counts as the test's from now on. */
export function scopeOf(name: string, dataDirectory: string): string[] {
  own.set(join(dataDirectory, name), name);
  return ["--name", name, "--data-dir", dataDirectory];
}

export interface MachinePicture {
  /** Everything that clusters could have made. */
  readonly lines: readonly string[];
  /** Those of them that no other cluster of the machine has. */
  readonly counted: readonly string[];
  /** Other clusters were there. */
  readonly shared: boolean;
}

interface Stranger {
  readonly index: string;
  readonly name: string;
  readonly directory: string;
}

/** The clusters of others, by what they claim. */
function strangers(): Stranger[] {
  const claims = join(defaultDataDirectory(), ".claims");
  if (!existsSync(claims)) return [];
  // Its number says more of a cluster than its name, which is a claim of its own.
  const numbers = readdirSync(claims).filter((file) => /^\d+$/.test(file));
  return numbers.flatMap((index) => {
    const directory = readIfThere(join(claims, index));
    return directory === "" || own.has(directory) ? [] : [{ index, name: basename(directory), directory }];
  });
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    // Processes and claims come and go; a process without an own memory cannot be asked (ESRCH).
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

const outputLines = (command: string, ...args: string[]): string[] =>
  spawnSync(command, args, { encoding: "utf8" }).stdout.trim().split("\n").filter(Boolean);

interface Link {
  readonly ifname: string;
  readonly master?: string;
}

export function machinePicture(): MachinePicture {
  const others = strangers();
  const links = JSON.parse(spawnSync("ip", ["-j", "link", "show"], { encoding: "utf8" }).stdout) as Link[];
  const isBridgeOfOthers = (name: string | undefined): boolean =>
    others.some(({ index }) => new RegExp(`^t8s${index}(n\\d*)?$`).test(name ?? ""));
  const linksOfOthers = links.filter(({ ifname, master }) => isBridgeOfOthers(ifname) || isBridgeOfOthers(master));
  const spaces = outputLines("ip", "netns", "list").map((line) => line.split(" ")[0]!);
  const spacesOfOthers = new Set(
    spaces.filter((name) => others.some((other) => name.startsWith(`t8s-${other.name}-`))),
  );
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n");
  const points = mounts.map((line) => line.split(" ")[4]!);
  const isMountOfOthers = (point: string): boolean =>
    others.some(({ directory }) => point.startsWith(`${directory}/`)) ||
    (point.startsWith("/run/netns/") && spacesOfOthers.has(basename(point)));
  const tables = outputLines("nft", "list", "tables");
  const ours = [
    ...tables.filter((line) => !line.includes(" t8s-") || namesOwn(line)).map((line) => `nft ${line}`),
    ...outputLines("find", "/sys/fs/cgroup", "-type", "d", "-name", "t8s-*")
      .filter(namesOwn)
      .map((line) => `cgroup ${line}`),
    ...ownProcesses(),
  ];
  const counted = [
    ...links.filter((link) => !linksOfOthers.includes(link)).map(({ ifname }) => `link ${ifname}`),
    ...spaces.filter((name) => !spacesOfOthers.has(name)).map((name) => `netns ${name}`),
    ...points.filter((point) => !isMountOfOthers(point)).map((point) => `mount ${point}`),
    ...ours,
  ];
  const all = [
    ...links.map(({ ifname }) => `link ${ifname}`),
    ...spaces.map((name) => `netns ${name}`),
    ...points.map((point) => `mount ${point}`),
    ...ours,
  ];
  return { lines: all.sort(), counted: counted.sort(), shared: others.length > 0 };
}

/** Cgroups are `t8s-NAME`, tables `t8s-WHAT-NAME`. */
const namesOwn = (text: string): boolean => [...own.values()].some((name) => text.endsWith(`-${name}`));

/** Whatever runs for a cluster of the tests: its programs, and what is in its pods. */
function ownProcesses(): string[] {
  const [directories, names] = [[...own.keys()], [...own.values()]];
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      // A dead process that init has not reaped yet is nothing that runs.
      if (/^\S+ \(.*\) [ZX]/s.test(readIfThere(`/proc/${pid}/stat`))) return [];
      const command = readIfThere(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
      const cgroups = readIfThere(`/proc/${pid}/cgroup`).split(/[:/\n]/);
      const isOwn =
        directories.some((each) => `${command} ${workingDirectory(pid)}/`.includes(`${each}/`)) ||
        // `t8s up` itself has the two apart.
        directories.some((each) => command.includes(` --data-dir ${join(each, "..")}`)) ||
        names.some((name) => cgroups.includes(`t8s-${name}`));
      return isOwn ? [`process ${command}`] : [];
    });
}

function workingDirectory(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch (error) {
    // What the tests' own user started can be asked.
    if (["EACCES", "ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

/** For what is on its way between others' names. */
const strangersLimitMs = 10_000;

/** Fails with what came or went since the picture was taken. */
export async function assertUnchanged(before: MachinePicture, message = "something was left behind"): Promise<void> {
  const deadline = performance.now() + strangersLimitMs;
  /** What was there each time. */
  let stays: readonly string[] | undefined;
  for (;;) {
    const now = machinePicture();
    const shared = before.shared || now.shared;
    const added = now.counted.filter((line) => !before.lines.includes(line));
    const gone = before.counted.filter((line) => !now.lines.includes(line));
    if (added.length + gone.length === 0) return;
    const isNameless = [...added, ...gone].every((line) => /^(link|netns|mount) /.test(line) && !namesDirectory(line));
    const current = [...added.map((line) => `+ ${line}`), ...gone.map((line) => `- ${line}`)];
    stays = stays?.filter((line) => current.includes(line)) ?? current;
    if (stays.length === 0) return;
    if (!shared || !isNameless || performance.now() > deadline)
      assert.fail(`${message}\n${(isNameless ? stays : current).join("\n")}`);
    await delay(250);
  }
}

const namesDirectory = (line: string): boolean => [...own.keys()].some((directory) => line.includes(directory));

/** A cgroup that a test named, in every hierarchy, when nothing is in it any more. */
export function removeCgroup(name: string): void {
  const found = outputLines("find", "/sys/fs/cgroup", "-depth", "-type", "d", "-path", `*/${name}*`);
  for (const path of found.filter((each) => each.split("/").includes(name))) rmdirSync(path);
}
