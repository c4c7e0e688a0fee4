// Everything the kubelet does to its machine besides running containers. node/host.ts does it for real with node:*,
// host-sim.ts in memory. Paths are absolute and use `/`; modes are the low 12 bits. Times are milliseconds since 1970, sizes bytes.

export interface MachineInfo {
  readonly hostname: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly operatingSystem: string;
  /** As Go names it: amd64, arm64. */
  readonly architecture: string;
  readonly addresses: readonly string[];
  /** Page size (`2Mi`, `1Gi`) → total bytes. */
  readonly hugePages: Readonly<Record<string, number>>;
}

export interface FileStat {
  readonly type: "file" | "directory" | "symlink" | "socket" | "block" | "character" | "other";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly modifiedMs: number;
  readonly inode: number;
}

/** Calls reject with HostError. Parents of a written file must exist. */
export interface HostFiles {
  read(path: string): Promise<Uint8Array>;
  /** At most `limit` bytes from `offset`. */
  readAt(path: string, offset: number, limit: number): Promise<Uint8Array>;
  write(path: string, content: Uint8Array, mode: number): Promise<void>;
  /** With parents; an existing directory stays as it is. */
  makeDirectory(path: string, mode: number): Promise<void>;
  /** With everything below; never crosses into another mount. Absent is fine. */
  remove(path: string): Promise<void>;
  /** Names; rejects with notFound. */
  list(path: string): Promise<readonly string[]>;
  /** Follows symlinks; undefined when absent. */
  stat(path: string): Promise<FileStat | undefined>;
  linkStat(path: string): Promise<FileStat | undefined>;
  readLink(path: string): Promise<string>;
  symlink(target: string, path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  /** -1 keeps. Does not follow symlinks. */
  chown(path: string, uid: number, gid: number): Promise<void>;
  /** What everything at and below the path takes on its file system, each file once however many names it has. Absent: 0. */
  usedBytes(path: string): Promise<number>;
  /** The path with all symlinks resolved. */
  realPath(path: string): Promise<string>;
  /** Calls back when something below the directory may have changed, until the signal aborts. */
  watch(path: string, changed: () => void, signal: AbortSignal): void;
}

export interface HostMounts {
  tmpfs(path: string, options: { readonly sizeBytes?: number }): Promise<void>;
  /** `options` are words of mount(8). */
  bind(
    source: string,
    target: string,
    how: { readonly readonly: boolean; readonly options?: readonly string[] },
  ): Promise<void>;
  /** Mounts a block device. One that is empty gets a file system first, unless it is to be read only. */
  device(
    source: string,
    target: string,
    how: { readonly fsType: string; readonly readonly: boolean; readonly options: readonly string[] },
  ): Promise<void>;
  /** Mounts a file system that needs no device of this machine: `nfs`. */
  network(
    source: string,
    target: string,
    how: { readonly type: string; readonly options: readonly string[] },
  ): Promise<void>;
  /** Mount points that show the same directory, or device, as this path. */
  references(path: string): Promise<readonly string[]>;
  /** Not mounted is fine. */
  unmount(path: string): Promise<void>;
  /** Mount points at or below a path, deepest first. */
  below(path: string): Promise<readonly string[]>;
}

/** Settings of one cgroup; what is undefined stays. */
export interface CgroupSettings {
  readonly cpuShares?: number;
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly memoryLimitBytes?: number;
  readonly pidsLimit?: number;
  readonly hugePages?: Readonly<Record<string, number>>;
}

/** Names are paths below the cgroup root: `/kubepods/burstable/pod…`. */
export interface HostCgroups {
  readonly version: 1 | 2;
  set(name: string, settings: CgroupSettings): Promise<void>;
  /** With everything below, killing what still runs in it. Absent is fine. */
  remove(name: string): Promise<void>;
  /** Names directly below. */
  list(name: string): Promise<readonly string[]>;
  usage(name: string): Promise<CgroupUsage | undefined>;
}

export interface CgroupUsage {
  readonly cpuUsageCoreNanoSeconds: number;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryRssBytes: number;
  readonly processes: number;
}

export type ProbeAnswer =
  | { readonly result: "success"; readonly output: string }
  | { readonly result: "warning"; readonly output: string }
  | { readonly result: "failure"; readonly output: string }
  /** The probe itself could not be made. */
  | { readonly result: "unknown"; readonly error: string };

export interface HttpProbe {
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly timeoutMs: number;
}

/** Texts of failures are those of upstream's pkg/probe. */
export interface HostProbes {
  http(probe: HttpProbe): Promise<ProbeAnswer>;
  tcp(probe: { readonly host: string; readonly port: number; readonly timeoutMs: number }): Promise<ProbeAnswer>;
  grpc(probe: {
    readonly host: string;
    readonly port: number;
    readonly service: string;
    readonly timeoutMs: number;
  }): Promise<ProbeAnswer>;
}

export interface FilesystemUsage {
  readonly availableBytes: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

export interface Host {
  machine(): Promise<MachineInfo>;
  readonly files: HostFiles;
  readonly mounts: HostMounts;
  readonly cgroups: HostCgroups;
  readonly probes: HostProbes;
  filesystem(path: string): Promise<FilesystemUsage>;
  /** Memory of the whole machine. */
  memory(): Promise<{
    readonly usageBytes: number;
    readonly workingSetBytes: number;
    readonly rssBytes: number;
    readonly availableBytes: number;
  }>;
  processes(): Promise<{ readonly running: number; readonly max: number }>;
  /** Compresses a rotated log in place to `path + ".gz"`, removing the original. */
  compress(path: string): Promise<void>;
}

export class HostError extends Error {
  override readonly name = "HostError";
  readonly code: "notFound" | "exists" | "notDirectory" | "permission" | "other";
  constructor(code: HostError["code"], message: string) {
    super(message);
    this.code = code;
  }
}
