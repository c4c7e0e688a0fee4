// A container runtime, in the terms of CRI v1 (facts: proto/cri-v1.json). `conformance.ts` is this contract as a suite.
// Times are milliseconds since 1970; sizes are bytes.

export interface PodSandboxConfig {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly attempt: number;
  readonly hostname: string;
  readonly logDirectory: string;
  readonly dns: {
    readonly servers: readonly string[];
    readonly searches: readonly string[];
    readonly options: readonly string[];
  };
  readonly portMappings: readonly PortMapping[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly security: SandboxSecurity;
  readonly runtimeHandler?: string;
}

export interface PortMapping {
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIP: string;
}

export type NamespaceMode = "pod" | "container" | "node" | "target";

export interface NamespaceOptions {
  readonly network: NamespaceMode;
  readonly pid: NamespaceMode;
  readonly ipc: NamespaceMode;
  /** Container whose pid namespace is joined when pid is "target". */
  readonly targetId?: string;
}

export interface SandboxSecurity {
  readonly namespaces: NamespaceOptions;
  readonly privileged: boolean;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly supplementalGroups: readonly number[];
  /** Merge (also when absent) adds the groups of the image's user to supplementalGroups. */
  readonly supplementalGroupsPolicy?: "Merge" | "Strict";
  readonly readonlyRootfs: boolean;
  readonly seccomp: SecurityProfile;
  readonly seLinux?: SeLinuxOptions;
}

export interface SecurityProfile {
  readonly type: "RuntimeDefault" | "Unconfined" | "Localhost";
  readonly path?: string;
}
export interface SeLinuxOptions {
  readonly user: string;
  readonly role: string;
  readonly type: string;
  readonly level: string;
}

export type SandboxState = "ready" | "notReady";

export interface PodSandbox {
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly attempt: number;
  readonly state: SandboxState;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PodSandboxStatus extends PodSandbox {
  /** First is the pod IP; empty for host network. */
  readonly ips: readonly string[];
  readonly networkNamespacePath?: string;
}

export interface ContainerConfig {
  readonly name: string;
  readonly attempt: number;
  readonly image: { readonly image: string; readonly userSpecified: string };
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly {
    readonly hostPath: string;
    readonly containerPath: string;
    readonly permissions: string;
  }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Relative to the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: ContainerResources;
  readonly security: ContainerSecurity;
}

export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readonly: boolean;
  readonly recursiveReadOnly?: boolean;
  readonly seLinuxRelabel: boolean;
  readonly propagation: "private" | "hostToContainer" | "bidirectional";
  /** An image volume: what to mount instead of hostPath. */
  readonly image?: { readonly image: string; readonly subPath: string };
}

export interface ContainerResources {
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpuShares: number;
  readonly memoryLimitBytes: number;
  readonly oomScoreAdj: number;
  readonly cpusetCpus?: string;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limitBytes: number }[];
  /** cgroup v2 files and values. */
  readonly unified?: Readonly<Record<string, string>>;
}

export interface ContainerSecurity extends Omit<SandboxSecurity, "seccomp"> {
  readonly runAsUsername?: string;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly seccomp: SecurityProfile;
  readonly appArmor?: SecurityProfile;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

export type ContainerState = "created" | "running" | "exited" | "unknown";

export interface Container {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly imageRef: string;
  readonly state: ContainerState;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerStatus extends Container {
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, `ContainerCannotRun`, … */
  readonly reason: string;
  readonly message: string;
  readonly logPath: string;
  readonly mounts: readonly Mount[];
  /** Who the first process was started as, when the runtime tells. */
  readonly user?: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] };
  /** What the container's cgroup really has, when the runtime tells. */
  readonly resources?: ContainerResources;
}

export interface Image {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly sizeBytes: number;
  readonly pinned: boolean;
  /** User of the image's config, when numeric / when a name. */
  readonly uid?: number;
  readonly username?: string;
}

export interface ImageAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serverAddress?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface ContainerStats {
  readonly id: string;
  readonly name: string;
  readonly timestampMs: number;
  readonly cpuUsageCoreNanoSeconds: number;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryRssBytes: number;
  readonly writableLayerUsedBytes: number;
  readonly writableLayerInodes: number;
}

export interface ExecResult {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
}

export interface ExecRequest {
  readonly containerId: string;
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface RuntimeInfo {
  readonly name: string;
  readonly version: string;
  readonly ready: boolean;
  readonly networkReady: boolean;
  /** Reason and message of what is not ready. */
  readonly problems: readonly {
    readonly condition: "RuntimeReady" | "NetworkReady";
    readonly reason: string;
    readonly message: string;
  }[];
  readonly handlers: readonly {
    readonly name: string;
    readonly recursiveReadOnlyMounts: boolean;
    readonly userNamespaces: boolean;
  }[];
  readonly supplementalGroupsPolicy: boolean;
  readonly cgroupDriver: "cgroupfs" | "systemd" | undefined;
}

/** Thrown by every call; `code` is the gRPC status name. NotFound on remove and stop is success. */
export class RuntimeError extends Error {
  override readonly name = "RuntimeError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface NodeCalls {
  info(): Promise<RuntimeInfo>;
  /** Tells the runtime the node's pod CIDR; some need it to make their CNI configuration. */
  updatePodCidr(cidr: string): Promise<void>;
}

export interface SandboxCalls {
  runPodSandbox(config: PodSandboxConfig): Promise<string>;
  /** Kills its containers and takes its network down. Idempotent. */
  stopPodSandbox(id: string): Promise<void>;
  removePodSandbox(id: string): Promise<void>;
  podSandboxStatus(id: string): Promise<PodSandboxStatus>;
  listPodSandboxes(filter?: {
    readonly state?: SandboxState;
    readonly podUid?: string;
  }): Promise<readonly PodSandbox[]>;
}

export interface ContainerCalls {
  createContainer(sandboxId: string, config: ContainerConfig, sandbox: PodSandboxConfig): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** SIGTERM (or the image's stop signal), after `timeoutSeconds` SIGKILL. Resolves when it is dead. */
  stopContainer(id: string, timeoutSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  containerStatus(id: string): Promise<ContainerStatus>;
  listContainers(filter?: {
    readonly sandboxId?: string;
    readonly state?: ContainerState;
    readonly podUid?: string;
  }): Promise<readonly Container[]>;
  updateContainerResources(id: string, resources: ContainerResources): Promise<void>;
  /** Closes and reopens the log file after rotation. */
  reopenContainerLog(id: string): Promise<void>;
}

/** What is done, or measured, inside of running containers. */
export interface InsideCalls {
  execSync(containerId: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>;
  /** URLs of the runtime's streaming server, good for one connection. */
  exec(request: ExecRequest): Promise<string>;
  attach(request: Omit<ExecRequest, "command">): Promise<string>;
  portForward(sandboxId: string, ports: readonly number[]): Promise<string>;
  listContainerStats(): Promise<readonly ContainerStats[]>;
}

export interface ImageCalls {
  listImages(): Promise<readonly Image[]>;
  imageStatus(image: string): Promise<Image | undefined>;
  /** Resolves to the image reference to run. */
  pullImage(image: string, auth: ImageAuth | undefined, sandbox: PodSandboxConfig): Promise<string>;
  removeImage(image: string): Promise<void>;
  imageFsInfo(): Promise<{ readonly mountpoint: string; readonly usedBytes: number; readonly inodesUsed: number }>;
}

/** What upstream's CRI is for the kubelet, by the things that are called about. */
export interface ContainerRuntime extends NodeCalls, SandboxCalls, ContainerCalls, InsideCalls, ImageCalls {
  /**
   * Changes of containers and sandboxes as they happen; undefined, or RuntimeError UNIMPLEMENTED, when the runtime cannot tell (the
   * kubelet then relists). `podUid` and `sandboxId` are empty when the runtime does not say whose container it is, and then the
   * lists may show the change some milliseconds later: `now` is what they will show, where the runtime says it.
   */
  events?(signal: AbortSignal): AsyncIterable<{
    readonly containerId: string;
    readonly sandboxId: string;
    readonly podUid: string;
    readonly now?: "started" | "ended" | "removed";
  }>;
  close(): Promise<void>;
}
