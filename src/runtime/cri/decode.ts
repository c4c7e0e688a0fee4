// The CRI's messages into this project's terms. Decoded messages have every field, so the shapes below hold.
import type * as contract from "../contract.ts";
import { list, type Message, map, message, number, text } from "./message.ts";

const nanosToMs = (value: unknown): number => Math.trunc(number(value) / 1e6);
const wrapped = (value: unknown): number => number(message(value)["value"]);

export function decodeSandbox(from: Message): contract.PodSandbox {
  const metadata = message(from["metadata"]);
  return {
    id: text(from["id"]),
    name: text(metadata["name"]),
    namespace: text(metadata["namespace"]),
    uid: text(metadata["uid"]),
    attempt: number(metadata["attempt"]),
    state: from["state"] === "SANDBOX_READY" ? "ready" : "notReady",
    createdAtMs: nanosToMs(from["created_at"]),
    labels: map(from["labels"]),
    annotations: map(from["annotations"]),
  };
}

export function decodeSandboxStatus(from: Message, info: Record<string, string>): contract.PodSandboxStatus {
  const network = message(from["network"]);
  const ips = [text(network["ip"]), ...list(network["additional_ips"]).map((each) => text(each["ip"]))].filter(
    (ip) => ip !== "",
  );
  const path = networkNamespace(info["info"]);
  return { ...decodeSandbox(from), ips, ...(path === undefined ? {} : { networkNamespacePath: path }) };
}

/** containerd's verbose status holds the OCI spec. */
function networkNamespace(info: string | undefined): string | undefined {
  if (info === undefined || info === "") return undefined;
  const parsed = JSON.parse(info) as { runtimeSpec?: { linux?: { namespaces?: { type: string; path?: string }[] } } };
  return parsed.runtimeSpec?.linux?.namespaces?.find((each) => each.type === "network")?.path;
}

const states: Readonly<Record<string, contract.ContainerState>> = {
  CONTAINER_CREATED: "created",
  CONTAINER_RUNNING: "running",
  CONTAINER_EXITED: "exited",
};

export function decodeContainer(from: Message, sandboxId: string): contract.Container {
  const metadata = message(from["metadata"]);
  const image = message(from["image"]);
  return {
    id: text(from["id"]),
    sandboxId,
    name: text(metadata["name"]),
    attempt: number(metadata["attempt"]),
    image: text(image["user_specified_image"]) || text(image["image"]),
    imageRef: text(from["image_ref"]),
    state: states[text(from["state"])] ?? "unknown",
    createdAtMs: nanosToMs(from["created_at"]),
    labels: map(from["labels"]),
    annotations: map(from["annotations"]),
  };
}

const propagations: Readonly<Record<string, contract.Mount["propagation"]>> = {
  PROPAGATION_HOST_TO_CONTAINER: "hostToContainer",
  PROPAGATION_BIDIRECTIONAL: "bidirectional",
};

export function decodeContainerStatus(from: Message, sandboxId: string): contract.ContainerStatus {
  const user = message(message(from["user"])["linux"]);
  const resources = message(from["resources"])["linux"];
  return {
    ...decodeContainer(from, sandboxId),
    startedAtMs: nanosToMs(from["started_at"]),
    finishedAtMs: nanosToMs(from["finished_at"]),
    exitCode: number(from["exit_code"]),
    reason: text(from["reason"]),
    message: text(from["message"]),
    logPath: text(from["log_path"]),
    mounts: list(from["mounts"]).map((each) => ({
      containerPath: text(each["container_path"]),
      hostPath: text(each["host_path"]),
      readonly: each["readonly"] === true,
      seLinuxRelabel: each["selinux_relabel"] === true,
      propagation: propagations[text(each["propagation"])] ?? "private",
    })),
    ...(user["uid"] === undefined
      ? {}
      : {
          user: {
            uid: number(user["uid"]),
            gid: number(user["gid"]),
            supplementalGroups: ((user["supplemental_groups"] ?? []) as unknown[]).map(number),
          },
        }),
    ...(resources ? { resources: decodeResources(message(resources)) } : {}),
  };
}

const decodeResources = (from: Message): contract.ContainerResources => ({
  cpuPeriod: number(from["cpu_period"]),
  cpuQuota: number(from["cpu_quota"]),
  cpuShares: number(from["cpu_shares"]),
  memoryLimitBytes: number(from["memory_limit_in_bytes"]),
  oomScoreAdj: number(from["oom_score_adj"]),
  cpusetCpus: text(from["cpuset_cpus"]),
});

export function decodeImage(from: Message): contract.Image {
  const uid = from["uid"];
  const username = text(from["username"]);
  return {
    id: text(from["id"]),
    repoTags: (from["repo_tags"] ?? []) as string[],
    repoDigests: (from["repo_digests"] ?? []) as string[],
    sizeBytes: number(from["size"]),
    pinned: from["pinned"] === true,
    ...(uid ? { uid: wrapped(uid) } : {}),
    ...(username === "" ? {} : { username }),
  };
}

export function decodeStats(from: Message): contract.ContainerStats {
  const attributes = message(from["attributes"]);
  const [cpu, memory, disk] = [message(from["cpu"]), message(from["memory"]), message(from["writable_layer"])];
  return {
    id: text(attributes["id"]),
    name: text(message(attributes["metadata"])["name"]),
    timestampMs: nanosToMs(cpu["timestamp"]),
    cpuUsageCoreNanoSeconds: wrapped(cpu["usage_core_nano_seconds"]),
    memoryUsageBytes: wrapped(memory["usage_bytes"]),
    memoryWorkingSetBytes: wrapped(memory["working_set_bytes"]),
    memoryRssBytes: wrapped(memory["rss_bytes"]),
    writableLayerUsedBytes: wrapped(disk["used_bytes"]),
    writableLayerInodes: wrapped(disk["inodes_used"]),
  };
}

export interface InfoParts {
  readonly version: Message;
  readonly status: Message;
  /** Undefined when the runtime does not know the call. */
  readonly config: Message | undefined;
}

export function decodeInfo({ version, status, config }: InfoParts): contract.RuntimeInfo {
  const conditions = list(message(status["status"])["conditions"]);
  const holds = (type: string): boolean => conditions.find((each) => each["type"] === type)?.["status"] === true;
  const driver = config === undefined ? undefined : message(config["linux"])["cgroup_driver"];
  return {
    name: text(version["runtime_name"]),
    version: text(version["runtime_version"]),
    ready: holds("RuntimeReady"),
    networkReady: holds("NetworkReady"),
    problems: conditions
      .filter((each) => each["status"] !== true && (each["type"] === "RuntimeReady" || each["type"] === "NetworkReady"))
      .map((each) => ({
        condition: each["type"] as "RuntimeReady" | "NetworkReady",
        reason: text(each["reason"]),
        message: text(each["message"]),
      })),
    handlers: list(status["runtime_handlers"]).map((each) => ({
      name: text(each["name"]),
      recursiveReadOnlyMounts: message(each["features"])["recursive_read_only_mounts"] === true,
      userNamespaces: message(each["features"])["user_namespaces"] === true,
    })),
    supplementalGroupsPolicy: message(status["features"])["supplemental_groups_policy"] === true,
    cgroupDriver: driver === "SYSTEMD" ? "systemd" : driver === "CGROUPFS" ? "cgroupfs" : undefined,
  };
}

export const decodeFilesystem = (from: Message): { mountpoint: string; usedBytes: number; inodesUsed: number } => ({
  mountpoint: text(message(from["fs_id"])["mountpoint"]),
  usedBytes: wrapped(from["used_bytes"]),
  inodesUsed: wrapped(from["inodes_used"]),
});
