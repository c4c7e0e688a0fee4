// A machine in memory, for simulated nodes and tests: files are a map, mounts and cgroups are noted, probes are answered by a function.
import type { Clock } from "../base/index.ts";
import type { CgroupSettings, FileStat, Host, HostFiles, MachineInfo, ProbeAnswer } from "./host.ts";
import { HostError } from "./host.ts";

export interface SimulatedHostOptions {
  readonly clock: Clock;
  readonly machine?: Partial<MachineInfo>;
  /** Answers network probes; success when not given. */
  readonly probe?: (target: { readonly kind: "http" | "tcp" | "grpc"; readonly target: string }) => ProbeAnswer;
  readonly files?: Readonly<Record<string, string>>;
}

export interface SimulatedHost extends Host {
  readonly mounted: ReadonlyMap<
    string,
    { readonly kind: "tmpfs" | "bind" | "device" | "network"; readonly source: string; readonly readonly: boolean }
  >;
  readonly cgroupSettings: ReadonlyMap<string, CgroupSettings>;
  appendFile(path: string, text: string): void;
}

type Entry = Omit<FileStat, "size"> & { content?: Uint8Array; target?: string };

const gibi = 1024 ** 3;

const defaultMachine: MachineInfo = {
  ...{
    hostname: "node",
    cpus: 8,
    memoryBytes: 32 * gibi,
    swapBytes: 0,
    machineId: "0".repeat(32),
    systemUuid: "00000000-0000-0000-0000-000000000000",
  },
  ...{
    bootId: "00000000-0000-0000-0000-000000000000",
    kernelVersion: "6.12.0",
    osImage: "Simulated Linux",
    operatingSystem: "linux",
    architecture: "amd64",
  },
  ...{ addresses: ["192.168.0.1"], hugePages: {} },
};

export function createSimulatedHost(options: SimulatedHostOptions): SimulatedHost {
  const machine = { ...defaultMachine, ...options.machine };
  const disk = createDisk(options);
  const mounted = new Map<
    string,
    { kind: "tmpfs" | "bind" | "device" | "network"; source: string; readonly: boolean }
  >();
  const cgroupSettings = new Map<string, CgroupSettings>();
  const probe = async (kind: "http" | "tcp" | "grpc", target: string): Promise<ProbeAnswer> =>
    options.probe?.({ kind, target }) ?? { result: "success", output: "" };
  const used = 4 * gibi;
  return {
    machine: async () => machine,
    files: disk.files,
    mounted,
    cgroupSettings,
    appendFile: disk.append,
    mounts: {
      tmpfs: async (path) => void mounted.set(path, { kind: "tmpfs", source: "tmpfs", readonly: false }),
      bind: async (source, target, { readonly }) => void mounted.set(target, { kind: "bind", source, readonly }),
      device: async (source, target, { readonly }) => void mounted.set(target, { kind: "device", source, readonly }),
      network: async (source, target, { options }) =>
        void mounted.set(target, { kind: "network", source, readonly: options.includes("ro") }),
      references: async (path) => [...mounted].filter(([, each]) => each.source === path).map(([target]) => target),
      unmount: async (path) => void mounted.delete(path),
      below: async (path) =>
        [...mounted.keys()]
          .filter((each) => each === path || each.startsWith(`${path}/`))
          .sort((a, b) => b.length - a.length),
    },
    cgroups: {
      version: 2,
      set: async (name, settings) => void cgroupSettings.set(name, { ...cgroupSettings.get(name), ...settings }),
      async remove(name) {
        for (const each of cgroupSettings.keys())
          if (each === name || each.startsWith(`${name}/`)) cgroupSettings.delete(each);
      },
      list: async (name) => [
        ...new Set(
          [...cgroupSettings.keys()]
            .filter((each) => each.startsWith(`${name}/`))
            .map((each) => each.slice(name.length + 1).split("/")[0]!),
        ),
      ],
      usage: async () => undefined,
    },
    probes: {
      http: ({ url }) => probe("http", url),
      tcp: ({ host, port }) => probe("tcp", `${host}:${port}`),
      grpc: ({ host, port, service }) => probe("grpc", `${host}:${port}/${service}`),
    },
    filesystem: async () => ({
      availableBytes: 96 * gibi,
      capacityBytes: 100 * gibi,
      usedBytes: used,
      inodes: 6_553_600,
      inodesFree: 6_500_000,
    }),
    memory: async () => ({
      usageBytes: used,
      workingSetBytes: used,
      rssBytes: used,
      availableBytes: machine.memoryBytes - used,
    }),
    processes: async () => ({ running: 200, max: 4_194_304 }),
    async compress(path) {
      await disk.files.rename(path, `${path}.gz`);
    },
  };
}

function createDisk({ clock, files: initial }: SimulatedHostOptions): {
  files: HostFiles;
  append: (path: string, text: string) => void;
} {
  const entries = new Map<string, Entry>();
  const watchers = new Set<{ path: string; changed: () => void }>();
  let inode = 1;
  const make = (type: Entry["type"], mode: number): Entry => ({
    type,
    mode,
    uid: 0,
    gid: 0,
    modifiedMs: clock.now(),
    inode: inode++,
  });
  const touched = (path: string): void => {
    for (const watcher of watchers) if (path.startsWith(watcher.path)) watcher.changed();
  };
  const makeDirectory = (path: string, mode: number): void => {
    let at = "";
    for (const part of path.split("/").filter((each) => each !== "")) {
      at += `/${part}`;
      if (!entries.has(at)) entries.set(at, make("directory", mode));
    }
  };
  /** The path with the symlinks of all its parts followed. */
  const resolve = (path: string, depth = 0): string => {
    if (depth > 40) throw new HostError("other", `${path}: too many levels of symbolic links`);
    let at = "";
    const parts = path.split("/").filter((each) => each !== "" && each !== ".");
    for (let index = 0; index < parts.length; index++) {
      if (parts[index] === "..") {
        at = at.slice(0, Math.max(0, at.lastIndexOf("/")));
        continue;
      }
      const next = `${at}/${parts[index]}`;
      const target = entries.get(next)?.target;
      if (target !== undefined)
        return resolve(
          [target.startsWith("/") ? target : `${at}/${target}`, ...parts.slice(index + 1)].join("/"),
          depth + 1,
        );
      at = next;
    }
    return at === "" ? "/" : at;
  };
  /** The path with the symlinks of its parents followed. */
  const locate = (path: string): string => {
    const slash = path.lastIndexOf("/");
    const parent = resolve(path.slice(0, slash));
    return parent === "/" ? `/${path.slice(slash + 1)}` : `${parent}/${path.slice(slash + 1)}`;
  };
  const find = (path: string): Entry => {
    const entry = entries.get(path);
    if (entry === undefined) throw new HostError("notFound", `${path}: no such file or directory`);
    return entry;
  };
  const statOf = (entry: Entry | undefined): FileStat | undefined =>
    entry === undefined
      ? undefined
      : {
          type: entry.type,
          mode: entry.mode,
          uid: entry.uid,
          gid: entry.gid,
          size: entry.content?.length ?? 0,
          modifiedMs: entry.modifiedMs,
          inode: entry.inode,
        };
  const write = (path: string, content: Uint8Array, mode: number): void => {
    const real = resolve(path);
    find(real.slice(0, real.lastIndexOf("/")) || "/");
    entries.set(real, { ...(entries.get(real) ?? make("file", mode)), content, modifiedMs: clock.now() });
    touched(real);
  };
  entries.set("/", make("directory", 0o755));
  for (const [path, text] of Object.entries({
    "/etc/resolv.conf": "",
    "/etc/hosts": "127.0.0.1\tlocalhost\n",
    ...initial,
  })) {
    makeDirectory(path.slice(0, path.lastIndexOf("/")), 0o755);
    write(path, new TextEncoder().encode(text), 0o644);
  }
  const files: HostFiles = {
    read: async (path) => find(resolve(path)).content ?? new Uint8Array(),
    readAt: async (path, offset, limit) =>
      (find(resolve(path)).content ?? new Uint8Array()).slice(offset, offset + limit),
    write: async (path, content, mode) => write(path, content, mode),
    makeDirectory: async (path, mode) => makeDirectory(path, mode),
    async remove(path) {
      const real = locate(path);
      for (const each of entries.keys()) if (each === real || each.startsWith(`${real}/`)) entries.delete(each);
      touched(real);
    },
    async list(path) {
      const real = resolve(path);
      find(real);
      const prefix = real === "/" ? "/" : `${real}/`;
      return [...entries.keys()]
        .filter((each) => each !== "/" && each.startsWith(prefix) && !each.slice(prefix.length).includes("/"))
        .map((each) => each.slice(prefix.length));
    },
    async usedBytes(path) {
      const real = resolve(path);
      return [...entries]
        .filter(([each]) => each === real || each.startsWith(`${real}/`))
        .reduce((sum, [, { content }]) => sum + (content?.length ?? 0), 0);
    },
    stat: async (path) => statOf(entries.get(resolve(path))),
    linkStat: async (path) => statOf(entries.get(locate(path))),
    readLink: async (path) => find(locate(path)).target ?? "",
    async symlink(target, path) {
      const real = locate(path);
      if (entries.has(real)) throw new HostError("exists", `${path}: file exists`);
      entries.set(real, { ...make("symlink", 0o777), target });
      touched(real);
    },
    async rename(from, to) {
      const [source, target] = [locate(from), locate(to)];
      find(source);
      for (const each of [...entries.keys()])
        if (each === target || each.startsWith(`${target}/`)) entries.delete(each);
      for (const [path, entry] of [...entries])
        if (path === source || path.startsWith(`${source}/`)) {
          entries.delete(path);
          entries.set(target + path.slice(source.length), entry);
        }
      touched(target);
    },
    chmod: async (path, mode) => void entries.set(resolve(path), { ...find(resolve(path)), mode }),
    chown: async (path, uid, gid) => {
      const entry = find(locate(path));
      entries.set(locate(path), { ...entry, uid: uid < 0 ? entry.uid : uid, gid: gid < 0 ? entry.gid : gid });
    },
    realPath: async (path) => {
      find(resolve(path));
      return resolve(path);
    },
    watch(path, changed, signal) {
      const watcher = { path, changed };
      watchers.add(watcher);
      signal.addEventListener("abort", () => watchers.delete(watcher), { once: true });
    },
  };
  const append = (path: string, text: string): void => {
    makeDirectory(path.slice(0, path.lastIndexOf("/")), 0o755);
    const before = entries.get(resolve(path))?.content ?? new Uint8Array();
    const more = new TextEncoder().encode(text);
    const content = new Uint8Array(before.length + more.length);
    content.set(before);
    content.set(more, before.length);
    write(path, content, 0o640);
  };
  return { files, append };
}
