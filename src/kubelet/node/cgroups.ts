// Cgroups by the files the kernel gives: one tree with cgroup v2, one for each controller with v1.
import { existsSync, readdirSync } from "node:fs";
import { access, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import type { CgroupSettings, CgroupUsage, HostCgroups } from "../host.ts";
import { sharesToWeight } from "../resources/qos.ts";
import { asHostError } from "./files.ts";

const absent = (error: unknown): boolean =>
  ["ENOENT", "ENODEV", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (absent(error)) return undefined;
    throw asHostError(error);
  }
}

/** Page sizes as the kernel's files name them: 2Mi → 2MB. */
const pageName = (size: string): string => size.replace(/i$/, "B");

/** Throws when no cgroup file system is mounted. */
export function createCgroups(root: string): HostCgroups {
  if (existsSync(`${root}/cgroup.controllers`)) return version2(root);
  const controllers = existsSync(root)
    ? readdirSync(root).filter((name) => existsSync(`${root}/${name}/cgroup.procs`))
    : [];
  if (controllers.length === 0)
    throw new Error(
      `no cgroup file system is mounted at ${root}: mount one (mount -t cgroup2 none ${root}) or turn cgroupsPerQos off`,
    );
  return version1(root, controllers);
}

function version2(root: string): HostCgroups {
  const wanted = ["cpu", "cpuset", "memory", "pids", "hugetlb", "io"];
  /** Every parent hands its controllers down. */
  const ensure = async (name: string): Promise<string> => {
    let at = root;
    for (const part of name.split("/").filter((each) => each !== "")) {
      const available = ((await textOf(`${at}/cgroup.controllers`)) ?? "").split(" ");
      const enabled = ((await textOf(`${at}/cgroup.subtree_control`)) ?? "").split(" ");
      const missing = wanted.filter((each) => available.includes(each) && !enabled.includes(each));
      if (missing.length > 0)
        await writeFile(`${at}/cgroup.subtree_control`, missing.map((each) => `+${each}`).join(" "));
      at = `${at}/${part}`;
      await mkdir(at, { recursive: true });
    }
    return at;
  };
  return {
    version: 2,
    async set(name, settings) {
      const path = await ensure(name);
      for (const [file, value] of values2(settings))
        if (await exists(`${path}/${file}`)) await writeFile(`${path}/${file}`, value);
    },
    remove: (name) => removeTree(`${root}${name}`),
    list: (name) => directories(`${root}${name}`),
    async usage(name) {
      const path = `${root}${name}`;
      const cpu = await textOf(`${path}/cpu.stat`);
      if (cpu === undefined) return undefined;
      const memory = Number((await textOf(`${path}/memory.current`)) ?? 0);
      const stat = (await textOf(`${path}/memory.stat`)) ?? "";
      return usageOf({
        cpuNanos: field(cpu, "usage_usec") * 1000,
        memory,
        inactive: field(stat, "inactive_file"),
        rss: field(stat, "anon"),
        processes: Number((await textOf(`${path}/pids.current`)) ?? 0),
      });
    },
  };
}

function values2(settings: CgroupSettings): [string, string][] {
  const values: [string, string][] = [];
  if (settings.cpuShares !== undefined) values.push(["cpu.weight", String(sharesToWeight(settings.cpuShares))]);
  if (settings.cpuQuota !== undefined)
    values.push(["cpu.max", `${settings.cpuQuota > 0 ? settings.cpuQuota : "max"} ${settings.cpuPeriod ?? 100_000}`]);
  if (settings.memoryLimitBytes !== undefined)
    values.push(["memory.max", settings.memoryLimitBytes > 0 ? String(settings.memoryLimitBytes) : "max"]);
  if (settings.pidsLimit !== undefined)
    values.push(["pids.max", settings.pidsLimit > 0 ? String(settings.pidsLimit) : "max"]);
  for (const [size, bytes] of Object.entries(settings.hugePages ?? {}))
    values.push([`hugetlb.${pageName(size)}.max`, String(bytes)]);
  return values;
}

function version1(root: string, controllers: readonly string[]): HostCgroups {
  /** A cpuset without CPUs takes no process: children start with what their parent has. */
  const ensure = async (name: string): Promise<void> => {
    for (const controller of controllers) {
      // The version 2 tree beside the others is the runtime's own affair.
      if (controller === "unified") continue;
      let at = `${root}/${controller}`;
      for (const part of name.split("/").filter((each) => each !== "")) {
        const parent = at;
        at = `${at}/${part}`;
        await mkdir(at, { recursive: true });
        if (controller !== "cpuset") continue;
        for (const file of ["cpuset.cpus", "cpuset.mems"]) {
          const own = await textOf(`${at}/${file}`);
          const inherited = await textOf(`${parent}/${file}`);
          if (own === "" && inherited) await writeFile(`${at}/${file}`, inherited);
        }
      }
    }
  };
  return {
    version: 1,
    async set(name, settings) {
      await ensure(name);
      for (const [controller, file, value] of values1(settings)) {
        const path = `${root}/${controller}${name}/${file}`;
        if (await exists(path)) await writeFile(path, value);
      }
    },
    async remove(name) {
      for (const controller of controllers) await removeTree(`${root}/${controller}${name}`);
    },
    list: (name) => directories(`${root}/${controllers.includes("memory") ? "memory" : controllers[0]!}${name}`),
    async usage(name) {
      const cpu = await textOf(`${root}/cpuacct${name}/cpuacct.usage`);
      const memory = await textOf(`${root}/memory${name}/memory.usage_in_bytes`);
      if (cpu === undefined && memory === undefined) return undefined;
      const stat = (await textOf(`${root}/memory${name}/memory.stat`)) ?? "";
      return usageOf({
        ...{
          cpuNanos: Number(cpu ?? 0),
          memory: Number(memory ?? 0),
          inactive: field(stat, "total_inactive_file"),
          rss: field(stat, "total_rss"),
        },
        processes: Number((await textOf(`${root}/pids${name}/pids.current`)) ?? 0),
      });
    },
  };
}

function values1(settings: CgroupSettings): [controller: string, file: string, value: string][] {
  const values: [string, string, string][] = [];
  if (settings.cpuShares !== undefined) values.push(["cpu", "cpu.shares", String(settings.cpuShares)]);
  if (settings.cpuPeriod !== undefined) values.push(["cpu", "cpu.cfs_period_us", String(settings.cpuPeriod)]);
  if (settings.cpuQuota !== undefined)
    values.push(["cpu", "cpu.cfs_quota_us", String(settings.cpuQuota > 0 ? settings.cpuQuota : -1)]);
  if (settings.memoryLimitBytes !== undefined)
    values.push([
      "memory",
      "memory.limit_in_bytes",
      String(settings.memoryLimitBytes > 0 ? settings.memoryLimitBytes : -1),
    ]);
  if (settings.pidsLimit !== undefined)
    values.push(["pids", "pids.max", settings.pidsLimit > 0 ? String(settings.pidsLimit) : "max"]);
  for (const [size, bytes] of Object.entries(settings.hugePages ?? {}))
    values.push(["hugetlb", `hugetlb.${pageName(size)}.limit_in_bytes`, String(bytes)]);
  return values;
}

const field = (text: string, name: string): number => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? 0);

const usageOf = (raw: {
  cpuNanos: number;
  memory: number;
  inactive: number;
  rss: number;
  processes: number;
}): CgroupUsage => ({
  cpuUsageCoreNanoSeconds: raw.cpuNanos,
  memoryUsageBytes: raw.memory,
  memoryWorkingSetBytes: Math.max(0, raw.memory - raw.inactive),
  memoryRssBytes: raw.rss,
  processes: raw.processes,
});

async function directories(path: string): Promise<string[]> {
  try {
    return (await readdir(path, { withFileTypes: true })).filter((each) => each.isDirectory()).map((each) => each.name);
  } catch (error) {
    if (absent(error)) return [];
    throw asHostError(error);
  }
}

const killRounds = 20;

async function removeTree(path: string): Promise<void> {
  for (const name of await directories(path)) await removeTree(`${path}/${name}`);
  for (let round = 0; ; round++) {
    try {
      return await rmdir(path);
    } catch (error) {
      if (absent(error)) return;
      if ((error as NodeJS.ErrnoException).code !== "EBUSY" || round === killRounds) throw asHostError(error);
      // A process of a PID namespace outside of ours reads as 0, which to kill would be this very process group.
      for (const pid of ((await textOf(`${path}/cgroup.procs`)) ?? "").split("\n").map(Number)) if (pid > 0) kill(pid);
      // The kernel takes a moment to let go of what was killed.
      await readdir(path).catch(() => []);
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
